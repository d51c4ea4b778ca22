import { createRateLimiter, gcra, type RateLimiter } from 'hybrid-cache/rate-limit'
import { cacheOf } from './cache'

const perMinute = Number(process.env['REQUESTS_PER_MINUTE'] ?? 60)

let limiter: RateLimiter | undefined

/**
 * So many requests a minute from each address, a third of them at once; over all instances, by the clock of Redis. Who was denied is
 * told so from memory until it is time. Where Redis fails requests pass: an outage must not become one of the app.
 */
export function limiterOf(): RateLimiter {
  limiter ??= createRateLimiter({
    cache: cacheOf(),
    policy: gcra({ limit: perMinute, period: '1m', burst: Math.ceil(perMinute / 3), name: 'api' }),
    onError: 'open',
  })
  return limiter
}
