import type { HybridCache } from '../cache.ts'
import { type Duration, longestTimer, toMilliseconds } from '../duration.ts'
import type { CacheOptions } from '../options.ts'
import { redisPartsOfEither } from '../parts.ts'
import { assertSegment, type RedisSource } from '../redis/index.ts'
import { assertOptions, oneOf, wholeNumber } from '../validate.ts'
import type { OnError } from './check.ts'
import { Denials } from './denials.ts'
import { notAPolicy, type PolicySource, RateLimiter } from './limiter.ts'
import { LocalCounts } from './local.ts'
import { RateLimitPolicy } from './policy.ts'

interface Settings {
  /** How much may pass, and when: one policy for all, or a function of the identifier. */
  readonly policy: PolicySource
  /**
   * What the counts are kept under, if the policy has no name of its own. Default: made of the policy's algorithm and
   * numbers; `'dynamic'` if the policy is a function. Give one if limits may change, or if two limiters have the same
   * numbers.
   */
  readonly name?: string | undefined
  /**
   * What becomes of a check if Redis fails. `'open'`: it passes. `'closed'`: it is denied. `'local'`: this isolate counts by
   * itself, so that each isolate lets the whole limit through. Default `'open'`.
   */
  readonly onError?: OnError | undefined
  /** How long a check waits for Redis; never longer than the `l2.timeout` of its `cache`. Default 500 ms. */
  readonly timeout?: Duration | undefined
  /** How many identifiers this isolate remembers: for denials, and for the counts of `'local'`. Default 1,000 each. */
  readonly maxEntries?: number | undefined
}

/** In the Redis of a cache: under its prefix and namespace, with its events, its circuit breaker and its `waitUntil`. */
interface OfCache extends Settings {
  /** The cache, or a namespace or a bound view of it. */
  readonly cache: HybridCache<true>
  /** Not beside `cache`. */
  readonly redis?: undefined
}

type OwnOptions = Pick<CacheOptions, 'keyPrefix' | 'breaker' | 'clock' | 'waitUntil' | 'on'>

/** In a Redis of its own. */
interface OfRedis extends Settings, OwnOptions {
  /** As in `createHybridCache`. */
  readonly redis: RedisSource
  /** Not beside `redis`. */
  readonly cache?: undefined
}

/** Options of {@link createRateLimiter}: a `cache` or a `redis`, and a `policy`. */
export type RateLimiterOptions = OfCache | OfRedis

/**
 * Creates a rate limiter. Sends nothing and starts no timer, so that it may be called at module scope. Throws a `TypeError`
 * for invalid options.
 *
 * @example
 * ```ts
 * import { fromEnv } from 'hybrid-cache'
 * import { createRateLimiter, slidingWindow } from 'hybrid-cache/rate-limit'
 *
 * const logins = createRateLimiter({
 *   redis: fromEnv(),
 *   policy: slidingWindow({ limit: 5, window: '15m', name: 'login' }),
 *   onError: 'local',
 * })
 * const { success } = await logins.limit('ann@example.com')
 * console.log(success)
 * ```
 */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  assertOptions(options, 'createRateLimiter')
  const { policy, name, onError = 'open', timeout = 500, maxEntries = 1000 } = options
  if (typeof policy !== 'function' && !(policy instanceof RateLimitPolicy)) throw notAPolicy()
  if (name !== undefined) assertSegment(name, 'the name of a limiter')
  wholeNumber(maxEntries, 'maxEntries')
  const wait = Math.min(toMilliseconds(timeout, 'timeout'), longestTimer)
  // By name: what else a cache may be given is none of a limiter's.
  const { redis, keyPrefix, breaker, clock: source, waitUntil, on } = options as OfRedis
  const cacheOptions = { redis, keyPrefix, breaker, clock: source, waitUntil, on, l2: { timeout: wait } }
  const parts = redisPartsOfEither(options.cache, cacheOptions, 'createRateLimiter')
  const { clock } = parts.core.settings
  const limits = {
    parts,
    onError: oneOf(onError, ['open', 'closed', 'local'], 'onError'),
    timeout: wait,
    denials: new Denials(clock, maxEntries),
    local: new LocalCounts(clock, maxEntries),
  }
  const own = typeof policy === 'function' ? (name ?? 'dynamic') : (policy.name ?? name ?? policy.key)
  return new RateLimiter(limits, own, policy)
}
