import type { HybridCache } from '../cache.ts'
import type { CacheOptions } from '../options.ts'
import type { RedisSource } from '../redis/index.ts'

/** Locks in the Redis of a cache: with its prefix, its namespace, its deadlines, breaker, listeners and `waitUntil`. */
export interface LocksOfCache {
  /** The cache, or a namespace or a bound view of it. */
  readonly cache: HybridCache<true>
  /** Not beside `cache`. */
  readonly redis?: undefined
}

/** Locks in a Redis of their own, where there is no cache. Options mean what they mean to `createHybridCache`. */
export interface LocksOfRedis extends Pick<
  CacheOptions,
  'keyPrefix' | 'l2' | 'breaker' | 'clock' | 'waitUntil' | 'on'
> {
  /** As in `createHybridCache`. */
  readonly redis: RedisSource
  /** Not beside `redis`. */
  readonly cache?: undefined
}
