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

/** One call for a value that may have to be made. */
export interface LoadCall {
  readonly view: View
  readonly key: string
  readonly place: Place
  readonly factory: Factory<unknown, unknown>
  readonly options: EntryOptions
  readonly loading: LoadSettings
  readonly stale: StaleSettings
  readonly operation: 'getOrCreate' | 'getOrCreateMany'
  /** Says what the call came to, for who follows it. */
  readonly note?: Note
  /** Whose factory this call's is part of. */
  readonly batch?: Batch
  /** Opens when the call has a flight to wait for, or has ended. Only where a schema looks at what L1 has before. */
  readonly begun?: Latch
}

/** Throws a `TypeError` for options that cannot be right. */
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
  checkLifetime(core, options) // what is wrong with the options is said before anything is sent
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

/** When a copy ends; where it was expired before its time, when it would have ended. */
type Ending = Pick<Copy, 'end' | 'staleUntil' | 'expired'> & Partial<Pick<LocalEntry, 'idle' | 'idleUntil'>>

/** Whether a copy may be given away at `now` to whoever puts up with `window` milliseconds past its end. */
export function isUsable<C extends Ending>(copy: C | undefined, window: number, now: number): copy is C {
  if (copy === undefined || window <= 0) return false
  const { idle = 0, idleUntil = 0 } = copy
  if (idle > 0 && now >= idleUntil) return false // what slides has no stale window
  if (copy.expired && copy.staleUntil <= copy.end) return false // nor has what was stored without one
  return now < Math.min(copy.end + window, copy.staleUntil)
}

/** The same at once, without anything being wrong: never where it was expired before its time. */
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

/** What the flights of a call are known by: one that leaves L2 out is another matter. */
export function flightOf({ place, options }: LoadCall): string {
  return flightId(place.localKey, options.l2 === false)
}

/** Whether work may outlive the call that it was begun for. */
export function canGoOn(view: View): boolean {
  return !view.stays && (view.hasWaitUntil || !isRequestBound())
}
