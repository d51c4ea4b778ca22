import type { HybridCache } from '../../cache.ts'
import type { Core } from '../../core.ts'
import {
  canGoOn,
  isUsable,
  joinable,
  type LoadCall,
  mayRefresh,
  servesStale,
  staleReason,
  toCall,
} from '../../load/index.ts'
import type { EntryOptions } from '../../options.ts'
import { partsOf } from '../../parts.ts'
import { assertKey } from '../../redis/index.ts'
import type { BreakerState } from '../../stats.ts'
import { staleWindow } from '../../tolerance.ts'
import { type ExaminedLocal, examineLocal } from './local.ts'
import { examineRemote, type Remote } from './remote.ts'
import type { Examined, TierState } from './state.ts'

/**
 * What `getOrCreate` would do. `l1`, `l2`: return what that tier has. `stale`: return a stale value. `join`: wait for a load
 * of this isolate. `wait`: wait for one of another. `load`: run the factory.
 */
export type Course = 'l1' | 'l2' | 'stale' | 'join' | 'wait' | 'load'

/** What a read of a key would do now, and why. Never the value. */
export interface Explanation {
  /** Where `get` would find its value. */
  readonly get: 'l1' | 'l2' | 'nothing'
  /** What `getOrCreate` would do. */
  readonly getOrCreate: Course
  /** Whether the value would be refreshed in the background. */
  readonly refreshes: boolean
  /** Whether `getOrCreate` would have a stale value if its factory failed. */
  readonly survivesFailure: boolean
  /** The same in a sentence or two. */
  readonly why: string
  /** What L1 has under the key. */
  readonly l1: TierState
  /** What Redis has there. */
  readonly l2: TierState
  /** Whether the factory is not called for a while, because it has just failed. */
  readonly resting: boolean
  /** The state of this isolate's circuit breaker; `off` without one. */
  readonly breaker: BreakerState | 'off'
}

/**
 * Says what a read of a key would do now, and why, without doing it: nothing is loaded, counted as a use, copied to L1, extended
 * or learned. The options are those that the read would be given. Cost: one request of three commands, four with
 * `stampede: 'global'`, and a second one of one command if the versions of the entry's tags are not known; none while the
 * breaker is open. Rejects with a `TypeError` for what the read would reject, and with the reason of the signal; a failing Redis
 * is part of the result, and counts for the breaker. A schema is not run.
 *
 * @example
 * ```ts
 * import { createHybridCache } from 'hybrid-cache'
 * import { explain } from 'hybrid-cache/admin'
 *
 * const cache = createHybridCache()
 * const { getOrCreate, why } = await explain(cache, 'rates', { swr: '1m' })
 * console.log(getOrCreate, why)
 * ```
 */
export async function explain(
  cache: HybridCache,
  key: string,
  options: EntryOptions = {},
): Promise<Explanation> {
  const { core, view } = partsOf(cache, 'explain')
  assertKey(key)
  const call = toCall(core, view, { key, factory: () => undefined, options })
  options.signal?.throwIfAborted()
  const l1: ExaminedLocal = options.l1 === false ? { state: { state: 'off' } } : examineLocal(core, call)
  const l2 = await examineRemote(core, call)
  const plan = planOf(core, call, { l1, l2 })
  return {
    get: l1.state.state === 'fresh' ? 'l1' : l2.state.state === 'fresh' ? 'l2' : 'nothing',
    getOrCreate: plan.course,
    refreshes: plan.refreshes ?? false,
    survivesFailure: survives(core, call, { l1, l2 }),
    why: `${plan.why} L1: ${inWords(l1.state)}. L2: ${inWords(l2.state)}.`,
    l1: l1.state,
    l2: l2.state,
    resting: core.flights.isResting(call.place.localKey),
    breaker: core.counters.l2.breaker,
  }
}

interface Tiers {
  readonly l1: ExaminedLocal
  readonly l2: Remote
}

interface Plan {
  readonly course: Course
  readonly why: string
  readonly refreshes?: boolean
}

/** The order of `load/load.ts`, without doing any of it. */
function planOf(core: Core, call: LoadCall, { l1, l2 }: Tiers): Plan {
  if (call.options.forceRefresh === true) return { course: 'load', why: 'forceRefresh asks for a new value.' }
  if (l1.state.state === 'fresh') return { course: 'l1', why: 'L1 has a fresh copy.' }
  const reason = staleReason(core, call, l1.copy)
  if (reason === 'swr')
    return {
      course: 'stale',
      refreshes: mayRefresh(core, call),
      why: 'L1 has a stale value that swr allows.',
    }
  if (reason === 'error') return { course: 'stale', why: 'The origin has just failed and is left alone.' }
  const { stampede } = call.loading
  if (stampede !== 'off' && joinable(core, call) !== undefined)
    return { course: 'join', why: 'A load of this key is in flight in this isolate.' }
  if (l2.state.state === 'fresh') return { course: 'l2', why: 'L2 has a fresh value.' }
  return withoutValue(core, call, { l1, l2 })
}

function withoutValue(core: Core, call: LoadCall, tiers: Tiers): Plan {
  const copy = lastResort(tiers)
  const reason = servesStale(core, call, copy)
  if (reason === 'error') return { course: 'stale', why: 'The origin has just failed and is left alone.' }
  if (reason === 'swr' && canGoOn(call.view))
    return {
      course: 'stale',
      refreshes: mayRefresh(core, call),
      why: 'There is a stale value, which swr allows.',
    }
  if (!tiers.l2.leased) return { course: 'load', why: 'No tier has a usable value.' }
  return {
    course: survives(core, call, tiers) && copy?.expired === false && canGoOn(call.view) ? 'stale' : 'wait',
    why: 'Another isolate is making the value.',
  }
}

function survives(core: Core, call: LoadCall, tiers: Tiers): boolean {
  return isUsable(lastResort(tiers), staleWindow(call.stale), core.settings.clock.now())
}

/** L2's copy if it answered: if it has none, that of L1 is of something that was removed. */
function lastResort({ l1, l2 }: Tiers): Examined['copy'] {
  return l2.answered ? l2.copy : l1.copy
}

function inWords({ state, reason }: TierState): string {
  return reason === undefined ? state : `${state} (${reason})`
}
