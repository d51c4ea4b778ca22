/**
 * For Vercel, Edge and Node, and for Next.js wherever it runs.
 *
 * @module
 */
import type { HybridCache } from '../cache.ts'
import { ambientWaitUntil } from '../runtime.ts'
import type { RequestContext } from '../view.ts'

/**
 * Creates a cache on the first request of a function instance, and keeps it for all later ones. Nothing is created while a module
 * loads: `next build` loads the modules of all routes, where the variables of the database need not be set. If `create` throws,
 * the next request tries again.
 *
 * The `waitUntil` of each request is found automatically. If there is a better one, such as the event of a Next.js proxy, pass
 * that: the cache is then bound to it. Sends nothing.
 *
 * @example
 * ```ts
 * import { createHybridCache, fromEnv } from 'hybrid-cache'
 * import { perInstance } from 'hybrid-cache/vercel'
 *
 * const cacheOf = perInstance(() => createHybridCache({ redis: fromEnv() }))
 *
 * export async function GET(): Promise<Response> {
 *   return Response.json(await cacheOf().getOrCreate('time', () => new Date().toISOString(), { ttl: '10s', swr: '1m' }))
 * }
 * ```
 */
export function perInstance<HasRedis extends boolean = boolean>(
  create: () => HybridCache<HasRedis>,
): (ctx?: RequestContext) => HybridCache<HasRedis> {
  if (typeof create !== 'function') throw new TypeError('perInstance takes a function that creates a cache')
  let cache: HybridCache<HasRedis> | undefined
  return (ctx) => {
    cache ??= create()
    return ctx === undefined ? cache : cache.bind(ctx)
  }
}

/**
 * Keeps the current request alive until `work` has settled, as `waitUntil` of `@vercel/functions` does, for your own background
 * work. `false` if the platform offers no way: on a server of your own the work goes on all the same; in doubt await it. Its
 * rejections are yours to handle. The cache finds the same `waitUntil` automatically. Sends nothing.
 *
 * @example
 * ```ts
 * import { waitUntil } from 'hybrid-cache/vercel'
 *
 * const noted = fetch('https://example.com/visits', { method: 'POST' }).catch(() => undefined)
 * if (!waitUntil(noted)) await noted
 * ```
 */
export function waitUntil(work: Promise<unknown>): boolean {
  const keepAlive = ambientWaitUntil()
  keepAlive?.(work)
  return keepAlive !== undefined
}
