// @ts-check
import { asyncCacheDedupe } from '../../../scripts/race/contenders/async-cache-dedupe.js'
import { bentocache } from '../../../scripts/race/contenders/bentocache.js'
import { cacheableWith } from '../../../scripts/race/contenders/cacheable.js'
import { cachified } from '../../../scripts/race/contenders/cachified.js'
import { layeredLoader } from '../../../scripts/race/contenders/layered-loader.js'
import { unkey } from '../../../scripts/race/contenders/unkey.js'
import { cacheManager } from './cache-manager.js'
import { hybridCache, hybridCacheGlobal, hybridCacheOverTcp, hybridCacheSharing } from './hybrid-cache.js'
import { lruCache } from './lru-cache.js'
import { upstashRedis } from './upstash-redis.js'

export { hybridCache, hybridCacheGlobal }

// Tags would cost it a command a read, and its bus would have an isolate find in memory what it is to read from Redis.
const cacheable = cacheableWith({ tags: false, sync: false })

// Ours first, for it is what the others are compared with.

/** Those with a memory. */
export const inMemory = [
  hybridCache,
  hybridCacheSharing,
  asyncCacheDedupe,
  bentocache,
  cacheManager,
  cacheable,
  cachified,
  layeredLoader,
  lruCache,
  unkey,
]

/** Those that reach Redis over HTTP, from wherever there is `fetch`. */
export const overHttp = [hybridCache, upstashRedis, unkey]

/** Those that keep a connection to Redis, which takes a server. */
export const overTcp = [
  hybridCacheOverTcp,
  asyncCacheDedupe,
  bentocache,
  cacheManager,
  cacheable,
  cachified,
  layeredLoader,
]
