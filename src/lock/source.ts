import type { HybridCache } from '../cache.ts'
import { createHybridCache } from '../create.ts'
import type { CacheOptions } from '../options.ts'
import { type RedisParts, redisPartsOf } from '../parts.ts'
import type { RedisSource } from '../redis/index.ts'

/** Locks in the Redis of a cache: with its prefix, its namespace, its deadlines, breaker, listeners and `waitUntil`. */
export interface LocksOfCache {
  readonly cache: HybridCache<true>
  readonly redis?: undefined
}

/** Locks in a Redis of their own, where there is no cache. Options mean what they mean to `createHybridCache`. */
export interface LocksOfRedis extends Pick<
  CacheOptions,
  'keyPrefix' | 'l2' | 'breaker' | 'clock' | 'waitUntil' | 'on'
> {
  readonly redis: RedisSource
  readonly cache?: undefined
}

/** Throws a `TypeError` unless there is exactly one way to Redis. */
export function partsOf(options: LocksOfCache | LocksOfRedis): RedisParts {
  if ((options?.cache === undefined) === (options?.redis === undefined))
    throw new TypeError('createLocks takes { cache }, one that has a `redis`, or { redis }')
  const cache = options.redis === undefined ? options.cache : createHybridCache(options)
  return redisPartsOf(cache, 'createLocks')
}
