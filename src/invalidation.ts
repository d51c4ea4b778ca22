import type { Core } from './core.ts'
import { listOf } from './redis/index.ts'
import { tracedOperation } from './trace.ts'
import type { View } from './view.ts'
import { clearAll, drop, expireEverywhere, invalidateTags, removeEverywhere } from './write/index.ts'

/**
 * The half of `HybridCache` that invalidates what the other half stores.
 *
 * Once one of these has resolved, no call that begins later in this isolate returns as fresh what was there before, from either
 * tier, nor the result of a load that began before (after `expire` and `expireByTag` what was there may still be returned as a stale
 * value); other isolates follow with their first read from Redis once `coherence.interval` has passed, or else when their `localTtl` ends.
 * Each rejects if L2 could not be reached, and may have taken effect all the same; what L1 held is gone in any case. Each may be retried.
 */
export class Invalidation {
  readonly #core: Core
  readonly #view: View

  /** @internal */
  constructor(core: Core, view: View) {
    this.#core = core
    this.#view = view
  }

  /**
   * Removes one key or many from both tiers. Cost: 1/4 for one key; for many one request, of three
   * commands per five hundred keys and one per key.
   *
   * @example
   * ```ts
   * import { createHybridCache } from 'hybrid-cache'
   *
   * const cache = createHybridCache()
   * await cache.remove(['user:1', 'user:1:name'])
   * ```
   */
  async remove(keys: string | readonly string[]): Promise<void> {
    await tracedOperation(this.#core.trace, 'remove', async () =>
      removeEverywhere(this.#core, this.#view, listOf(keys)),
    )
  }

  /**
   * Makes one key or many stale in both tiers: the next call loads them again, and returns the old value only if that fails or takes
   * too long, and if it is usable (see `StaleOptions`). The factory has it as `ctx.stale`. Cost: 1/6 for one key, 1/5 where there is
   * nothing; for many one request, of four commands per five hundred keys and one per key, two for a key that has an entry.
   *
   * @example
   * ```ts
   * import { createHybridCache } from 'hybrid-cache'
   *
   * const cache = createHybridCache({ staleIfError: '1h' })
   * await cache.expire('prices')
   * ```
   */
  async expire(keys: string | readonly string[]): Promise<void> {
    await tracedOperation(this.#core.trace, 'expire', async () =>
      expireEverywhere(this.#core, this.#view, listOf(keys)),
    )
  }

  /**
   * Removes whatever was stored with one of these tags, in this namespace, without searching for it. At most 32 tags per call.
   * Cost: 1/4 for one tag, however many entries have it. A `TypeError` with `coherence: 'off'`.
   *
   * @example
   * ```ts
   * import { createHybridCache } from 'hybrid-cache'
   *
   * const cache = createHybridCache()
   * await cache.set('user:1', { name: 'Ada' }, { tags: ['team:7'] })
   * await cache.removeByTag('team:7')
   * ```
   */
  async removeByTag(tags: string | readonly string[]): Promise<void> {
    await tracedOperation(this.#core.trace, 'removeByTag', () =>
      invalidateTags(this.#core, this.#view, { tags, kind: 't' }),
    )
  }

  /** Makes whatever was stored with one of these tags stale: see `expire`, `removeByTag`. At most 32 tags per call. Cost: 1/4 for one. */
  async expireByTag(tags: string | readonly string[]): Promise<void> {
    await tracedOperation(this.#core.trace, 'expireByTag', () =>
      invalidateTags(this.#core, this.#view, { tags, kind: 'x' }),
    )
  }

  /**
   * Removes everything in this namespace; called on the cache itself, in all its namespaces too. Entries stay in Redis until they
   * expire, but are no longer used. Counters, lists and the keys of scripts are not touched. Cost: 1/4. A `TypeError` with
   * `coherence: 'off'`.
   *
   * @example
   * ```ts
   * import { createHybridCache } from 'hybrid-cache'
   *
   * const cache = createHybridCache()
   * await cache.namespace('tenant-7').clear()
   * ```
   */
  async clear(): Promise<void> {
    await tracedOperation(this.#core.trace, 'clear', () => clearAll(this.#core, this.#view))
  }

  /** Removes one key or many from L1 of this isolate only; L2 and other isolates keep them. Cost: 0/0. */
  removeLocal(keys: string | readonly string[]): void {
    drop(
      this.#core,
      listOf(keys).map((key) => this.#view.place(key)),
    )
  }
}
