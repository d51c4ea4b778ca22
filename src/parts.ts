import { HybridCache } from './cache.ts'
import type { Core } from './core.ts'
import { createHybridCache } from './create.ts'
import type { CacheOptions } from './options.ts'
import type { RedisSource, RedisTier } from './redis/index.ts'
import type { Executor } from './scripts/index.ts'
import type { View } from './view.ts'

/** What functions on top of a cache with Redis work with. */
export interface RedisParts {
  readonly core: Core
  readonly view: View
  readonly redis: RedisTier
  readonly executor: Executor
}

/** Throws a `TypeError` for what is no cache; `caller` is the function that it was given to. */
export function partsOf(cache: HybridCache, caller: string): { core: Core; view: View } {
  if (cache instanceof HybridCache) return HybridCache.partsOf(cache)
  throw new TypeError(`${caller} takes a cache, one that createHybridCache of this package made`)
}

/** The same, and a `TypeError` for a cache without Redis. */
export function redisPartsOf(cache: HybridCache<true>, caller: string): RedisParts {
  const { core, view } = partsOf(cache, caller)
  const { redis, executor } = core
  if (redis === undefined || executor === undefined) {
    throw new TypeError(`${caller} needs Redis, and this cache has none: give createHybridCache a \`redis\``)
  }
  return { core, view, redis, executor }
}

/** Those of `cache`, or of a cache with the `own` options and its `redis`; a `TypeError` unless one of the two is given. */
export function redisPartsOfEither(
  cache: HybridCache<true> | undefined,
  own: CacheOptions,
  caller: string,
): RedisParts {
  const { redis } = own
  if (cache !== undefined && redis === undefined) return redisPartsOf(cache, caller)
  if (cache === undefined && redis !== undefined)
    return redisPartsOf(createHybridCache(own as CacheOptions & { redis: RedisSource }), caller)
  throw new TypeError(`${caller} takes either { cache }, one that has a \`redis\`, or { redis }`)
}
