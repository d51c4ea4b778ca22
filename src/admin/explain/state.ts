import type { CacheErrorCode } from '../../errors.ts'
import type { DiscardReason } from '../../events.ts'

/** What is the matter with what a tier has. */
export type StateReason =
  /** Its life is over. */
  | 'ended'
  /** L1 may not answer from it any more, though it lives: its `localTtl` is over, or L1 was not checked for `maxStaleness`. */
  | 'localTtl'
  | 'maxStaleness'
  /** It was removed or expired by its key, by one of its tags, or with everything. */
  | 'key'
  | 'tag'
  | 'clear'
  /** The database has no versions, being new or flushed: nothing in it is believed. */
  | 'unversioned'
  | DiscardReason
  | CacheErrorCode

/**
 * What one tier has under a key. Durations are milliseconds.
 *
 * `fresh`: a read gives it. `stale`: of use where stale values are. `expired`: the same, but only where nothing better can be had.
 * `removed`: it is there and does not count. `absent`: nothing is there. `unusable`: bytes that are no entry of this key.
 * `unknown`: a version of one of its tags has to be asked for. `unreachable`: Redis gave no answer, or was not asked, the breaker
 * being open. `off`: the tier is not used.
 */
export interface TierState {
  readonly state:
    | 'fresh'
    | 'stale'
    | 'expired'
    | 'removed'
    | 'absent'
    | 'unusable'
    | 'unknown'
    | 'unreachable'
    | 'off'
  readonly reason?: StateReason
  /** Since it was stored, or copied to L1. */
  readonly age?: number
  /** Until it ends; below zero since it has. */
  readonly freshFor?: number
  /** Until a stale value is of no use any more. */
  readonly staleFor?: number
  /** How long its factory took. */
  readonly took?: number
  readonly bytes?: number
  readonly tags?: readonly string[]
}

/** A state, and the instants that a load goes by, on the isolate's clock. */
export interface Examined {
  readonly state: TierState
  readonly copy?: { readonly end: number; readonly staleUntil: number; readonly expired: boolean }
}
