// What a look at L2 has found, and what follows from it for the load.
import type { Core } from '../core.ts'
import { endsOf, headOf } from '../entry/index.ts'
import { Latch } from '../latch.ts'
import { deadlineOf, examine, factsOf, type Found, keepCopy, type Read, welcome } from '../read/index.ts'
import { canGoOn, isUsableAtOnce, type LoadCall } from './call.ts'
import type { Flight } from './flight.ts'

/** How a load reads L2. */
export interface Looking {
  readonly call: LoadCall
  /** Only an entry stored after this counts as a hit; for a forced load none does. */
  readonly after: number
  /** Whether no caller waits for the value. */
  readonly background: boolean
}

/** Takes the entry in bytes: settles the flight with it if it is a hit, else remembers it as the one to be replaced. */
export async function settleOrRemember(
  core: Core,
  flight: Flight,
  { call, after, read, trusted }: Looking & { read: Read; trusted: boolean },
  bytes: string | null,
): Promise<boolean> {
  const found = await examine(core, read, trusted ? bytes : null)
  flight.answered ||= trusted // an untrusted reply counts as no answer
  if (found?.fresh === true && found.opened.header.created > after) {
    welcome(core, read, found)
    const held = core.local.hold(found.value, found.opened.encoded)
    const facts = factsOf(found.opened.header, call.view)
    flight.stamp = facts.stamp
    flight.tags = facts.tags
    flight.found = { left: found.left, facts }
    flight.settle({ kind: 'value', own: found.value, held, found: true })
    return true
  }
  if (!flight.missed) core.counters.l2.misses++
  flight.missed = true
  flight.previous = undefined
  if (found !== undefined) remember(core, flight, read, found)
  return false
}

function remember(core: Core, flight: Flight, read: Read, found: Found): void {
  if (core.redis?.clock.known !== true) {
    // When it expired is unknown, as an isolate's clock may be hours off. What L1 has is as good as before.
    flight.answered = false
    return
  }
  const { header, encoded } = found.opened
  const { expired } = found
  const now = core.settings.clock.now()
  const offset = now - core.redis.clock.now()
  const { end, staleUntil } = endsOf(header, offset)
  const { value, encoded: text } = core.local.hold(found.value, encoded)
  flight.previous = { value, encoded: text, end, staleUntil, expired, facts: factsOf(header, read.view) }
  if (!found.fresh) keepCopy(core, read, found)
}

/**
 * Whether the callers take the stale value that L2 had: what goes on is a refresh, and one is enough for the fleet. Decided before
 * `looked` opens, so that a factory for many keys makes the others without it.
 */
export function becomeRefresh(core: Core, flight: Flight, call: LoadCall): boolean {
  if (call.options.forceRefresh === true || call.loading.stampede === 'off' || !canGoOn(call.view))
    return false
  if (core.flights.isLeftAlone(call.place.localKey)) return false
  if (!isUsableAtOnce(flight.previous, call.stale.swr, core.settings.clock.now())) return false
  flight.leased = new Latch()
  call.batch?.expect(call.key, flight, true)
  return true
}

/** For `seen`, if what is under a key is unknown: nothing that is stored begins like this. */
export const unknown = '?'

/** Ends a request that no caller waits for any more. A caller without a signal does not leave. */
export function signalOf(flight: Flight, { call }: Looking): AbortSignal | undefined {
  return call.options.signal === undefined ? undefined : flight.signal
}

/** An empty string differs from none: Redis has the key. */
export function headIn(bytes: string | null): string {
  return bytes === null ? '' : headOf(bytes) || unknown
}

export function readOf(core: Core, { mark }: Flight, { place, view, options, operation }: LoadCall): Read {
  return { place, view, options, mark, operation, deadline: deadlineOf(core) }
}
