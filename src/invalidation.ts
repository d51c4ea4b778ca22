import type { Core } from './core.ts'
import { listOf } from './redis/index.ts'
import { tracedOperation } from './trace.ts'
import type { View } from './view.ts'
import { clearAll, drop, expireEverywhere, invalidateTags, removeEverywhere } from './write/index.ts'

/**
 * What takes values away: the half of `HybridCache` that ends what the other half stores.
 *
 * Once one of these has resolved, no call that begins later in this isolate is given what was there before, from either tier,
 * nor what a load that began before makes of it; other isolates follow with their first read from Redis (or conditional write)
 * that is due after `coherence.interval`, and without one when their `localTtl` ends. Each rejects where L2 could not be
 * reached, and may then have been done all the same; what L1 held is gone in any case. Each may be sent twice.
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
   * commands for every five hundred and one a key.
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
   * Ends the freshness of one key or many in both tiers: they are loaded anew when they are next asked for, and what they held
   * is used only where that fails (`staleIfError`, also when it was stored), and by the factory (`ctx.stale`). Cost: 1/6 for one key.
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
   * Removes whatever was stored with one of these tags, in this namespace, without looking for it: 1/4 for one tag, however
   * many entries have it. 32 tags a call at most. A `TypeError` with `coherence: 'off'`.
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

  /** Ends the freshness of whatever was stored with one of these tags: see `expire`. 32 tags a call at most. Cost: 1/4 for one tag. */
  async expireByTag(tags: string | readonly string[]): Promise<void> {
    await tracedOperation(this.#core.trace, 'expireByTag', () =>
      invalidateTags(this.#core, this.#view, { tags, kind: 'x' }),
    )
  }

  /**
   * Removes everything of this namespace; from the cache itself, of all its namespaces too. What Redis holds stays there until
   * it ends, and is believed no more. Counters, lists and what scripts keep are not touched. Cost: 1/4. A `TypeError` with
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
