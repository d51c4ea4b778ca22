// @ts-check
import { loadPeer } from '../../../test/peers/load.js'

/** @import { Contender, Isolate } from '../types.d.ts' */

/** @param {object} [options] @param {() => Promise<unknown>} [leave] @returns {Promise<Isolate>} */
async function isolate(options, leave) {
  const { Cacheable } = await loadPeer('cacheable')
  const cache = new Cacheable({ ttl: '1h', tags: true, ...options })
  return {
    read: (key, load) => cache.getOrSet(key, load),
    remove: (key) => cache.delete(key),
    // Its `getOrSet` takes no tags; its docs store tagged values with `set`.
    async readTagged(key, load, tag) {
      const found = await cache.get(key)
      if (found !== undefined) return found
      const made = await load()
      await cache.set(key, made, { tags: [tag] })
      return made
    },
    removeByTag: (tag) => cache.tags.invalidateTag(tag),
    async close() {
      await cache.disconnect()
      await leave?.()
    },
  }
}

/**
 * Redis as the secondary store, and `sync` over the same Redis.
 *
 * @type {Contender}
 */
export const cacheable = {
  name: 'cacheable',
  tells: true,
  alone: () => isolate(),
  async shared({ redisUrl, name }) {
    const { createKeyv } = await loadPeer('@keyv/redis')
    const { RedisMessageProvider } = await loadPeer('@qified/redis')
    const provider = new RedisMessageProvider({ uri: redisUrl })
    return isolate({ secondary: createKeyv(redisUrl), namespace: name, sync: { qified: provider } }, () =>
      provider.disconnect(),
    )
  },
}
