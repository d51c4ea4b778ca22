// @ts-check
import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'
import { createHybridCache } from 'hybrid-cache'
import { createRateLimiter, fixedWindow, gcra, slidingWindow, tokenBucket } from 'hybrid-cache/rate-limit'

/**
 * A limiter of either library, made anew as an isolate makes it.
 * @typedef {{ limit(id: string): Promise<{ success: boolean }> }} Limiter
 * @typedef {(limit: number, window: number) => () => Limiter} Make `window` in milliseconds
 * @typedef {{ name: string, peer: string, ours: Make, theirs: Make }} Row
 */

/** How many a bucket lets through at once, of a limit. @param {number} limit */
export const burstOf = (limit) => Math.max(1, limit / 10)

/** @param {{ url: string, token: string }} server @returns {Row[]} */
export function rowsFor(server) {
  const cache = createHybridCache({ redis: server, l2: { timeout: '10s' }, breaker: 'off' })
  const redis = new Redis(server)
  /** @param {(limit: number, window: number) => import('hybrid-cache/rate-limit').RateLimitPolicy} policy @returns {Make} */
  const ours = (policy) => (limit, window) => {
    const made = policy(limit, window)
    return () => createRateLimiter({ cache, policy: made, timeout: '10s' })
  }
  /** @param {string} prefix @param {(limit: number, window: number) => ReturnType<typeof Ratelimit.fixedWindow>} algorithm @returns {Make} */
  const theirs = (prefix, algorithm) => (limit, window) => () =>
    new Ratelimit({ redis, prefix: `${prefix}${limit}`, limiter: algorithm(limit, window) })
  // The same flow, in steps as small as the peer takes: its bucket does not fill evenly.
  const peerBucket = theirs('bucket', (limit, window) => {
    const step = Math.max(1, window / limit)
    return Ratelimit.tokenBucket(Math.floor((limit * step) / window), `${step} ms`, burstOf(limit))
  })
  return [
    {
      name: '`gcra`',
      peer: 'tokenBucket',
      ours: ours((limit, window) => gcra({ limit, period: window, burst: burstOf(limit) })),
      theirs: peerBucket,
    },
    {
      name: '`tokenBucket`',
      peer: 'tokenBucket',
      ours: ours((limit, window) =>
        tokenBucket({ capacity: burstOf(limit), refillRate: limit, interval: window }),
      ),
      theirs: peerBucket,
    },
    {
      name: '`slidingWindow`',
      peer: 'slidingWindow',
      ours: ours((limit, window) => slidingWindow({ limit, window })),
      theirs: theirs('sliding', (limit, window) => Ratelimit.slidingWindow(limit, `${window} ms`)),
    },
    {
      name: '`fixedWindow`',
      peer: 'fixedWindow',
      ours: ours((limit, window) => fixedWindow({ limit, window })),
      theirs: theirs('fixed', (limit, window) => Ratelimit.fixedWindow(limit, `${window} ms`)),
    },
  ]
}
