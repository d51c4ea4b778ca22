/**
 * For Cloudflare Workers, where the bindings arrive with the request.
 *
 * @module
 */
import type { HybridCache } from '../cache.ts'
import type { RequestContext } from '../view.ts'

/**
 * Creates a cache on the first request of an isolate, keeps it for all later ones, and gives each request its own bound view
 * of it. `create` runs once, with the `env` of that first request; if it throws, the next request tries again. Sends nothing.
 *
 * @example
 * ```ts
 * import { createHybridCache, fromEnv } from 'hybrid-cache'
 * import { perIsolate } from 'hybrid-cache/cloudflare'
 *
 * interface Env {
 *   UPSTASH_REDIS_REST_URL: string
 *   UPSTASH_REDIS_REST_TOKEN: string
 * }
 *
 * const cacheOf = perIsolate((env: Env) => createHybridCache({ redis: fromEnv(env) }))
 *
 * export default {
 *   async fetch(request: Request, env: Env, ctx: { waitUntil(work: Promise<unknown>): void }): Promise<Response> {
 *     const cache = cacheOf(env, ctx)
 *     return Response.json(await cache.getOrCreate('time', () => new Date().toISOString(), { ttl: '10s' }))
 *   },
 * }
 * ```
 */
export function perIsolate<Env, HasRedis extends boolean = boolean>(
  create: (env: Env) => HybridCache<HasRedis>,
): (env: Env, ctx: RequestContext) => HybridCache<HasRedis> {
  if (typeof create !== 'function') throw new TypeError('perIsolate takes a function that creates a cache')
  let cache: HybridCache<HasRedis> | undefined
  return (env, ctx) => {
    cache ??= create(env)
    return cache.bind(ctx)
  }
}
