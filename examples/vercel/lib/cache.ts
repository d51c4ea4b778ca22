import { createHybridCache, fromEnv } from 'hybrid-cache'
import { perInstance } from 'hybrid-cache/vercel'

/**
 * Made on the first request of an instance and kept: `next build` loads this file, too, where there are no variables yet. What goes
 * on behind a response is kept alive by the `waitUntil` of its request, which is found by itself.
 */
export const cacheOf = perInstance(() =>
  createHybridCache({
    redis: fromEnv(), // UPSTASH_REDIS_REST_URL and _TOKEN, or KV_REST_API_URL and _TOKEN
    keyPrefix: process.env['CACHE_PREFIX'] ?? 'rates',
    coherence: { interval: '2s' }, // how often an instance asks what others have removed, at most
    on: { error: ({ operation, error }) => console.warn(`cache: ${operation} failed, ${error.code}`) },
  }),
)
