import type { LockRelease } from './claim.ts'

/**
 * Releases it, for `await using`; a failure goes to the `error` listeners of the cache only. Typed where the compiler knows
 * `Symbol.asyncDispose`, so that whoever does without needs no `lib` for it.
 */
export type LockDisposal = SymbolConstructor extends { readonly asyncDispose: infer Key extends symbol }
  ? { readonly [Each in Key]: () => Promise<void> }
  : object

/** A lock that was granted. */
export interface Lock extends LockDisposal {
  /**
   * The number of this holder, higher than that of every holder before: an integer, the server's time in microseconds unless
   * its clock was set back. Hand it to whatever the lock protects, which has to refuse a lower one than it has seen.
   */
  readonly fence: number
  /**
   * Aborts when the lock is lost or about to be: a tenth of the lease, one second at most, before the lease ends, counted from
   * before it was asked for; or when an extension or release finds it gone. The reason is a `CacheError` `LOCK_LOST`. It does
   * not abort because the lock was released.
   */
  readonly signal: AbortSignal
  /** For how many milliseconds it is certainly held, unless it is extended; 0 after that, and once it was released. */
  readonly remaining: number
  /**
   * Begins the lease anew, for another `ttl`; `false`, without a request, where the signal has aborted or the lock was
   * released, and `false` where it was gone, which aborts the signal. Rejects with a `CacheError` where Redis fails: the lease
   * then goes on until its end. May be called at any time, whether or not it is extended by itself. Cost: 1/3, 1/2 where it was gone.
   */
  extend(): Promise<boolean>
  /**
   * Gives the lock back, so that others need not wait for the end of the lease, and says what it was. Never releases another's
   * lock. Called again it says the same, without a request; where it rejected with a `CacheError`, it tries again, and without
   * that the lease ends by itself. Cost: 1/3; 1/2 where somebody else has it.
   */
  release(): Promise<LockRelease>
}
