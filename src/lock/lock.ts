import type { LockRelease } from './claim.ts'

/**
 * Releases it, for `await using`; a failure goes to the `error` listeners of the cache only. Typed only if the compiler knows
 * `Symbol.asyncDispose`, so that other code needs no `lib` for it.
 */
export type LockDisposal = SymbolConstructor extends { readonly asyncDispose: infer Key extends symbol }
  ? { readonly [Each in Key]: () => Promise<void> }
  : object

/** A lock that was granted. */
export interface Lock extends LockDisposal {
  /**
   * The fencing token of this holder, higher than that of every holder before: an integer, the server's time in microseconds unless
   * its clock was set back. Pass it to what the lock protects, which must reject a token lower than it has seen.
   */
  readonly fence: number
  /**
   * Aborts when the lock is lost or about to be: a tenth of the lease, one second at most, before the lease expires, counted from
   * before it was asked for; or when an extension or release finds it gone. The reason is a `CacheError` `LOCK_LOST`. Releasing
   * the lock does not abort it.
   */
  readonly signal: AbortSignal
  /** For how many milliseconds it is certainly held, if it is not extended; 0 after that, and once it was released. */
  readonly remaining: number
  /**
   * Renews the lease, for another `ttl`; `false`, without a request, if the signal has aborted or the lock was
   * released, and `false` if it was gone, which aborts the signal. Rejects with a `CacheError` if Redis fails: the lease
   * then runs until it expires. May be called at any time, with `autoExtend` too. Cost: 1/3; 1/2 if it was gone.
   */
  extend(): Promise<boolean>
  /**
   * Releases the lock, so that others need not wait for the lease to expire, and resolves to the state that it was in. Never
   * releases another's lock. Called again it resolves to the same, without a request; after a rejection with a `CacheError` it tries
   * again; if it never succeeds, the lease expires by itself. Cost: 1/3; 1/2 if another has it.
   */
  release(): Promise<LockRelease>
}
