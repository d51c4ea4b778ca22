/**
 * Invalidations by other isolates at once, where a connection can be held (Deno, Bun, Node): the option `coherence.push`. They only
 * arrive sooner than by polling; nothing depends on it.
 *
 * @module
 */
import type { PushChannel } from '../coherence/index.ts'
import { subscriberOf } from '../redis/index.ts'
import { News } from './news.ts'

/** Options of {@link push}. */
export interface PushOptions {
  /**
   * Whether to hold a connection, to learn of others' writes. `false` where that is not possible or not worth it, such as in a
   * function that is frozen between requests: its own writes are published all the same. Cloudflare Workers and Vercel Edge, where
   * a connection ends with its request, never hold one. Default `true`.
   */
  readonly listen?: boolean | undefined
}

/**
 * The value for `coherence.push`. Each write, conditional write and invalidation then also publishes what it changed, and every
 * cache that holds a connection receives it at once: copies in L1 are dropped, the event `invalidate` is emitted. A message never
 * counts as known, so that one that is lost, late, duplicated or forged does no harm: what did not arrive is learned by polling the
 * change log, as without push. All users of a prefix must have it: other writes are found in the log only, and look as if the
 * connection were dead, which is then replaced, with an event `error`.
 *
 * The connection is opened with the first request to Redis, reopened whenever it ends (after half a second, up to a minute),
 * and keeps the process alive until `cache.close()`. `stats().push` shows it. Needs `{ url, token }`, `fromIoredis()`,
 * `fromNodeRedis()` or a `Transport` with `subscribe`: anything else is a `TypeError`, unless `listen` is `false`.
 *
 * Cost: one more command for each write (`setMany`: one per value; `remove` and `expire` of many keys: one per five hundred; of
 * many tags: one), one request and command for each connection, and one command with the next read that goes to Redis after each
 * connection, and after invalidations of tags or of everything. Those of keys cost nothing.
 *
 * @example
 * ```ts
 * import { createHybridCache, fromEnv } from 'hybrid-cache'
 * import { push } from 'hybrid-cache/push'
 *
 * const cache = createHybridCache({ redis: fromEnv(), coherence: { interval: '30s', push: push() } })
 * cache.on('invalidate', ({ kind }) => console.log('another isolate changed something:', kind))
 * await cache.close()
 * ```
 */
export function push({ listen = true }: PushOptions = {}): PushChannel {
  if (typeof listen !== 'boolean') throw new TypeError('push: listen must be true or false')
  return { attach: (host) => new News(host, listen ? subscriberOf(host.source) : undefined) }
}
