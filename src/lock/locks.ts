import { CacheError } from '../errors.ts'
import { report } from '../report.ts'
import { type RedisParts, redisPartsOfEither } from '../parts.ts'
import { assertKey } from '../redis/index.ts'
import { assertOptions } from '../validate.ts'
import { acquireLock } from './acquire.ts'
import type { Lock } from './lock.ts'
import { type LockOptions, resolveLock } from './options.ts'
import type { LocksOfCache, LocksOfRedis } from './source.ts'

/** What work under a lock is given. */
export interface LockContext {
  /** Aborts when the lock is lost or about to be, and when the caller's own signal does. Stop then, and write nothing more. */
  readonly signal: AbortSignal
  /** The fencing token of this holder: pass it to what the lock protects. */
  readonly fence: number
  /** The lock itself: how long it is still held, and to extend or release it by hand. */
  readonly lock: Lock
}

/** Locks in one Redis. Made by {@link createLocks}. */
export interface Locks {
  /**
   * The lock of that name, or `undefined` if another still has it when `wait` has passed. Release it, or let
   * `await using` do so (TypeScript: `"lib": ["ESNext.Disposable"]`). Rejects with a `CacheError` at once if Redis fails,
   * and with the reason of `signal`; what may have been granted all the same is released in the background. Bad input is a
   * `TypeError`.
   *
   * Cost: 1/5 for a free lock, 1/3 for each attempt that finds it taken: the second after 25 to 50 ms, then at intervals that
   * double up to `poll`, so about 6 attempts in the first second, and one or two a second from then on.
   *
   * @example
   * ```ts
   * import { createHybridCache, fromEnv } from 'hybrid-cache'
   * import { createLocks } from 'hybrid-cache/lock'
   *
   * const locks = createLocks({ cache: createHybridCache({ redis: fromEnv() }) })
   * await using lock = await locks.acquire('report:2026-01', { ttl: '30s' })
   * if (lock === undefined) console.log('somebody else is at it')
   * else console.log('mine until it is released, as holder', lock.fence)
   * ```
   */
  acquire(name: string, options?: LockOptions): Promise<Lock | undefined>
  /**
   * Runs `work` while it holds the lock of that name, and returns its result. The lease is extended while the work goes on, and
   * the lock is released when it ends, however it ends. What the work throws is rethrown unchanged.
   *
   * Rejects with `LOCK_TIMEOUT` if others hold the lock for all of `wait`, else as `acquire` does; the work has not
   * run then. If the lock is lost meanwhile, `signal` aborts with `LOCK_LOST`, and the work decides: its result is the
   * result, as only it knows what it has done. A failed release is an `error` event; the lease then expires by itself.
   *
   * Cost: 2/8 if the lock is free: 1/5 and 1/3; 1/3 for each extension, and for each attempt that finds it taken.
   *
   * @example
   * ```ts
   * import { createHybridCache, fromEnv } from 'hybrid-cache'
   * import { createLocks } from 'hybrid-cache/lock'
   *
   * declare const ledger: { post(entry: object, options: { fence: number; signal: AbortSignal }): Promise<void> }
   *
   * const locks = createLocks({ cache: createHybridCache({ redis: fromEnv() }) })
   * await locks.withLock('account:42', { ttl: '10s', wait: '3s' }, async ({ signal, fence }) => {
   *   await ledger.post({ account: 42, amount: 5 }, { fence, signal })
   * })
   * ```
   */
  withLock<T>(name: string, options: LockOptions, work: (context: LockContext) => T | Promise<T>): Promise<T>
}

/**
 * Locks that many processes share: each name has one holder at a time, for as long as its lease lasts by the server's clock.
 * Creating them sends nothing. What they can promise and what not, and how to use the fencing token: `docs/locks.md`.
 *
 * Takes `{ cache }`, a cache with a `redis`, a namespace or a bound view of one (on Workers, so that background work is
 * kept alive); or `{ redis }`, the database itself. A memory-only cache is a `TypeError`, and does not compile.
 *
 * @example
 * ```ts
 * import { fromEnv } from 'hybrid-cache'
 * import { createLocks } from 'hybrid-cache/lock'
 *
 * const locks = createLocks({ redis: fromEnv(), keyPrefix: 'shop' })
 * const sent = await locks.withLock('newsletter', { ttl: '1m', wait: false }, ({ signal }) =>
 *   fetch('https://example.com/send', { method: 'POST', signal }),
 * )
 * console.log(sent.status)
 * ```
 */
export function createLocks(options: LocksOfCache | LocksOfRedis): Locks {
  assertOptions(options, 'createLocks')
  const parts = redisPartsOfEither(options.cache, options, 'createLocks')
  return {
    async acquire(name, given = {}) {
      assertKey(name)
      return acquireLock(parts, name, resolveLock(given, { waits: false, extends: false }))
    },
    async withLock(name, given, work) {
      assertKey(name)
      if (typeof work !== 'function')
        throw new TypeError('withLock takes a function, which runs under the lock')
      return underLock(parts, name, given, work)
    },
  }
}

async function underLock<T>(
  parts: RedisParts,
  name: string,
  options: LockOptions,
  work: (context: LockContext) => T | Promise<T>,
): Promise<T> {
  const settings = resolveLock(options, { waits: true, extends: true })
  const lock = await acquireLock(parts, name, settings)
  if (lock === undefined) throw report(parts.core, 'lock', timedOut(settings.wait))
  const joined = join(lock.signal, settings.signal)
  try {
    return await work({ signal: joined.signal, fence: lock.fence, lock })
  } finally {
    joined.end()
    await lock.settle()
  }
}

/** A signal that aborts when one of two does. */
function join(
  first: AbortSignal,
  second: AbortSignal | undefined,
): { readonly signal: AbortSignal; end(): void } {
  if (second === undefined) return { signal: first, end: () => undefined }
  const controller = new AbortController()
  const signals = [first, second]
  const abort = (): void => {
    controller.abort((signals.find(({ aborted }) => aborted) as AbortSignal).reason)
  }
  for (const signal of signals) signal.addEventListener('abort', abort)
  if (first.aborted || second.aborted) abort()
  return {
    signal: controller.signal,
    end() {
      for (const signal of signals) signal.removeEventListener('abort', abort)
    },
  }
}

function timedOut(wait: number): CacheError {
  return new CacheError('LOCK_TIMEOUT', `the lock was not free within ${wait} ms (wait)`, {
    retryable: true,
  })
}
