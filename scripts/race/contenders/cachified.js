// @ts-check
import { loadPeer } from '../../../test/peers/load.js'

/** @import { Contender, Isolate } from '../types.d.ts' */

/** @param {any} cache @param {() => unknown} [close] @returns {Promise<Isolate>} */
async function isolate(cache, close) {
  const { cachified } = await loadPeer('@epic-web/cachified')
  return {
    read: (key, getFreshValue) => cachified({ key, cache, getFreshValue, ttl: 3_600_000 }),
    // "In case we need to fully purge the value, we delete the key directly from our cache."
    remove: async (key) => cache.delete(key),
    ...(close && { close }),
  }
}

/**
 * One tier at a time, and no tags: in memory the adapter to lru-cache that its README shows, in Redis the one it names.
 *
 * @type {Contender}
 */
export const cachified = {
  name: '@epic-web/cachified',
  async alone() {
    const { LRUCache } = await loadPeer('lru-cache')
    const { totalTtl } = await loadPeer('@epic-web/cachified')
    const lru = new LRUCache({ max: 1000 })
    return isolate({
      set: (/** @type {string} */ key, /** @type {any} */ value) =>
        lru.set(key, value, { ttl: totalTtl(value?.metadata), start: value?.metadata?.createdTime }),
      get: (/** @type {string} */ key) => lru.get(key),
      delete: (/** @type {string} */ key) => lru.delete(key),
    })
  },
  async shared({ redisUrl }) {
    const { createClient } = await loadPeer('redis')
    const { redisCacheAdapter } = await loadPeer('cachified-redis-adapter')
    const client = createClient({ url: redisUrl })
    await client.connect()
    return isolate(redisCacheAdapter(client), () => client.destroy())
  },
}
