import type { CacheErrorCode } from '../../errors.ts'
import type { DiscardReason } from '../../events.ts'

/** Why what a tier has is not fresh, or not usable. */
export type StateReason =
  /** It has expired by itself. */
  | 'ended'
  /** L1 may not serve it any more, though it lives: its `localTtl` has passed, or L1 was not checked within `maxStaleness`. */
  | 'localTtl'
  | 'maxStaleness'
  /** It was removed or expired by its key, by one of its tags, or with everything. */
  | 'key'
  | 'tag'
  | 'clear'
  /** The database has no versions, as it is new or was flushed: nothing in it is trusted. */
  | 'unversioned'
  | DiscardReason
  | CacheErrorCode

/**
 * What one tier has under a key. Durations are milliseconds.
 *
 * `fresh`: a read returns it. `stale`: usable by calls that accept stale values. `expired`: the same, but never at once (`swr`).
 * `removed`: it is there, but was invalidated. `absent`: nothing is there. `unusable`: bytes that are no entry of this key.
 * `unknown`: a version of one of its tags has to be asked for. `unreachable`: Redis gave no answer, or was not asked, as the
 * breaker is open. `off`: the tier is not used.
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
  /** Why it is not fresh, or not usable; not every state has one. */
  readonly reason?: StateReason
  /** Since it was stored, or copied to L1. */
  readonly age?: number
  /** Until it expires; below zero once it has. */
  readonly freshFor?: number
  /** Until it is not usable as a stale value any more. */
  readonly staleFor?: number
  /** How long its factory took. */
  readonly took?: number
  /** Its size: in L1 the estimate that the budget counts, in L2 the characters that Redis holds. */
  readonly bytes?: number
  /** The tags that it was stored with. */
  readonly tags?: readonly string[]
}

/** A state, and the instants that a load decides by, on the isolate's clock. */
export interface Examined {
  readonly state: TierState
  readonly copy?: { readonly end: number; readonly staleUntil: number; readonly expired: boolean }
}
