import { HybridCache } from './cache.ts'
import type { Core } from './core.ts'
import type { RedisTier } from './redis/index.ts'
import type { Executor } from './scripts/index.ts'
import type { View } from './view.ts'

/** What functions on top of a cache with Redis work with. */
export interface RedisParts {
  readonly core: Core
  readonly view: View
  readonly redis: RedisTier
  readonly executor: Executor
}

/** Throws a `TypeError` for a cache without Redis; `caller` is the function that it was given to. */
export function redisPartsOf(cache: HybridCache<true>, caller: string): RedisParts {
  if (!(cache instanceof HybridCache)) {
    throw new TypeError(`${caller} takes the cache first, one that createHybridCache of this package made`)
  }
  const { core, view } = HybridCache.partsOf(cache)
  const { redis, executor } = core
  if (redis === undefined || executor === undefined) {
    throw new TypeError(
      `${caller} works in Redis, and this cache has none: give createHybridCache a \`redis\``,
    )
  }
  return { core, view, redis, executor }
}
