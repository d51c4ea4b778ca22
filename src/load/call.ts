import type { Core } from '../core.ts'
import type { Latch } from '../latch.ts'
import { staleOf } from '../lifetime.ts'
import type { LocalEntry } from '../memory/index.ts'
import type { EntryOptions } from '../options.ts'
import { isRequestBound } from '../runtime.ts'
import { type LoadSettings, resolveLoad, type StaleSettings, staleWindow } from '../tolerance.ts'
import type { Note } from '../trace.ts'
import type { Place, View } from '../view.ts'
import { checkLifetime } from '../write/index.ts'
import type { Batch } from './batch.ts'
import type { Factory } from './factory.ts'
import type { Copy } from './flight.ts'
import { flightId } from './flights.ts'

/** One call for a value that may have to be loaded. */
export interface LoadCall {
  readonly view: View
  readonly key: string
  readonly place: Place
  readonly factory: Factory<unknown, unknown>
  readonly options: EntryOptions
  readonly loading: LoadSettings
  readonly stale: StaleSettings
  readonly operation: 'getOrCreate' | 'getOrCreateMany'
  /** Records the outcome of the call on its span. */
  readonly note?: Note
  /** The batch that this call belongs to, if its factory is for many keys. */
  readonly batch?: Batch
  /** Opens when the call has a flight to wait for, or has ended. Only if a schema checks what L1 has before. */
  readonly begun?: Latch
}

/** Throws a `TypeError` for invalid options. */
export function toCall<T, S>(
  core: Core,
  view: View,
  {
    key,
    factory,
    options,
    note,
  }: { key: string; factory: Factory<T, S>; options: EntryOptions; note?: Note },
): LoadCall {
  checkLifetime(core, options) // invalid options throw before anything is sent
  return {
    view,
    key,
    place: view.place(key),
    factory: factory as Factory<unknown, unknown>,
    options,
    loading: resolveLoad(options, core.settings.load),
    stale: staleOf(options, core.settings),
    operation: 'getOrCreate',
    ...(note && { note }),
  }
}

/** When a copy expires; if a call expired it early, when it would have. */
type Ending = Pick<Copy, 'end' | 'staleUntil' | 'expired'> & Partial<Pick<LocalEntry, 'idle' | 'idleUntil'>>

/** Whether a copy may be returned at `now` to a call that accepts `window` milliseconds past its expiry. */
export function isUsable<C extends Ending>(copy: C | undefined, window: number, now: number): copy is C {
  if (copy === undefined || window <= 0) return false
  const { idle = 0, idleUntil = 0 } = copy
  if (idle > 0 && now >= idleUntil) return false // what slides has no stale window
  if (copy.expired && copy.staleUntil <= copy.end) return false // nor has a copy that was stored without one
  return now < Math.min(copy.end + window, copy.staleUntil)
}

/** The same at once, although nothing has failed: never if a call expired it early. */
export function isUsableAtOnce<C extends Ending>(copy: C | undefined, swr: number, now: number): copy is C {
  return copy?.expired === false && isUsable(copy, swr, now)
}

/** Why a stale copy may be served without waiting: the origin failed a moment ago, or `swr` allows it. */
export function servesStale(
  { flights, settings }: Core,
  { place, stale }: LoadCall,
  copy: Ending | undefined,
): 'error' | 'swr' | undefined {
  const now = settings.clock.now()
  if (flights.isResting(place.localKey)) return isUsable(copy, staleWindow(stale), now) ? 'error' : undefined
  return isUsableAtOnce(copy, stale.swr, now) ? 'swr' : undefined
}

/** The id of a call's flight: a call without L2 has flights of its own. */
export function flightOf({ place, options }: LoadCall): string {
  return flightId(place.localKey, options.l2 === false)
}

/** Whether work may outlive the call that began it. */
export function canGoOn(view: View): boolean {
  return !view.stays && (view.hasWaitUntil || !isRequestBound())
}
