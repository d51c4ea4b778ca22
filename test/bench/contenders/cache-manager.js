// @ts-check
import { loadPeer } from '../../peers/load.js'

/** @import { Contender, Isolate } from '../../../scripts/race/types.d.ts' */

const hour = 3_600_000

/** @param {unknown[]} stores @param {() => Promise<unknown>} [close] @returns {Promise<Isolate>} */
async function isolate(stores, close) {
  const { createCache } = await loadPeer('cache-manager')
  const cache = createCache({ stores, ttl: hour })
  return {
    read: (key, load) => cache.wrap(key, load),
    remove: (key) => cache.del(key),
    readMany: (keys) => cache.mget(keys),
    ...(close && { close }),
  }
}

/** Memory as the docs have it, "high performance in-memory cache with LRU and TTL". */
async function memory() {
  const { Keyv } = await loadPeer('keyv')
  const { CacheableMemory } = await loadPeer('cacheable')
  return new Keyv({ store: new CacheableMemory({ ttl: hour, lruSize: 5000 }) })
}

/**
 * Two stores: "layer 1 and layer 2 caching" of its README.
 *
 * @type {Contender}
 */
export const cacheManager = {
  name: 'cache-manager',
  alone: async () => isolate([await memory()]),
  async shared({ redisUrl, name }) {
    const { default: KeyvRedis, Keyv } = await loadPeer('@keyv/redis')
    const redis = new KeyvRedis(redisUrl, { namespace: name })
    const store = new Keyv({ store: redis, namespace: name, useKeyPrefix: false })
    return isolate([await memory(), store], () => redis.disconnect())
  },
}
