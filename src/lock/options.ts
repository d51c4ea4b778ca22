import { type Duration, longestTimer, toMilliseconds } from '../duration.ts'
import { assertOptions } from '../validate.ts'

/** Options of a lock. */
export interface LockOptions {
  /**
   * How long the lease lasts from when it was granted or extended: after that others may take the lock, whatever its holder
   * does. Several times the deadline of a request (`l2.timeout`) is good; 24 days at most. Default 10 s.
   */
  readonly ttl?: Duration | undefined
  /**
   * For how long to try again while another has the lock; no attempt begins later. `false`: one attempt. Default: one
   * attempt for `acquire`, and `ttl` for `withLock`, which outlasts a holder that has died.
   */
  readonly wait?: Duration | false | undefined
  /** The longest pause between two attempts. Shorter ones find a free lock sooner, and cost more. Default 1 s. */
  readonly poll?: Duration | undefined
  /**
   * Extends the lease each time a third of it has passed, until the lock is released or `maxHold` is reached, for as long as
   * the request lives (on Workers its timers end with it). With `acquire` release it whatever happens, or let `await using` do so.
   * Default `true` for `withLock`, `false` for `acquire`.
   */
  readonly autoExtend?: boolean | undefined
  /**
   * The longest that `autoExtend` holds a lock, so that hanging work does not keep it for ever. Default 15 min, or `ttl` if that is
   * longer.
   */
  readonly maxHold?: Duration | undefined
  /** Ends the waiting: the call then rejects with the signal's reason. For `withLock` it aborts the signal of the work too. */
  readonly signal?: AbortSignal | undefined
}

/** The same, complete, in milliseconds. */
export interface LockSettings {
  readonly ttl: number
  readonly wait: number
  readonly poll: number
  readonly autoExtend: boolean
  readonly maxHold: number
  readonly signal: AbortSignal | undefined
}

const defaultMaxHold = 900_000

/** Throws a `TypeError` that names the invalid option. */
export function resolveLock(
  options: LockOptions,
  { waits, extends: extending }: { waits: boolean; extends: boolean },
): LockSettings {
  assertOptions(options, 'a lock')
  const ttl = toMilliseconds(options.ttl ?? '10s', 'ttl')
  if (ttl > longestTimer) throw new TypeError('ttl must be 24 days at most: extend the lock instead')
  const { wait = waits ? ttl : false, autoExtend = extending, signal } = options
  if (typeof autoExtend !== 'boolean') throw new TypeError('autoExtend must be true or false')
  const maxHold =
    options.maxHold === undefined ? Math.max(defaultMaxHold, ttl) : toMilliseconds(options.maxHold, 'maxHold')
  if (maxHold < ttl) throw new TypeError('maxHold must not be shorter than ttl')
  return {
    ttl,
    wait: wait === false ? 0 : toMilliseconds(wait, 'wait'),
    poll: toMilliseconds(options.poll ?? '1s', 'poll'),
    autoExtend,
    maxHold,
    signal,
  }
}
