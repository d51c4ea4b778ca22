import type { CacheOptions, HybridCache } from '../../../src/index.ts'
import {
  createRateLimiter,
  fixedWindow,
  type OnError,
  type RateLimiter,
  type RateLimiterOptions,
  type RateLimitPolicy,
} from '../../../src/rate-limit/index.ts'
import { World } from '../../support/world.ts'

export const script = 'CheckRateLimits'
export const perMinute: RateLimitPolicy = fixedWindow({ limit: 5, window: '1m' })

/** A limiter in front of a fake Redis, on a clock that a test moves. */
export class LimiterWorld extends World {
  readonly errors: unknown[] = []

  cache(options: CacheOptions = {}): HybridCache<true> {
    const cache = this.isolate(options) as HybridCache<true>
    cache.on('error', (event) => this.errors.push({ operation: event.operation, code: event.error.code }))
    return cache
  }

  limiter(
    options: Partial<RateLimiterOptions> & { onError?: OnError } = {},
    cache: HybridCache<true> = this.cache(),
  ): RateLimiter {
    return createRateLimiter({ cache, policy: perMinute, ...options } as RateLimiterOptions)
  }

  /** Lets Redis answer every check so: whether it passes, and after how many milliseconds it would and all is forgotten. */
  answer(state: -1 | 0 | 1, wait = 0, reset = 60_000, used = 1): void {
    const now = this.redis.now() * 1000
    this.redis.replies.set(script, [now, state, now + wait * 1000, now + reset * 1000, used, 0])
  }

  /** How many checks Redis was asked since the last time. */
  asked(): number {
    return this.redis
      .take()
      .flat()
      .filter((name) => name === script).length
  }
}
