// @ts-check
import { loadPeer } from '../../../test/peers/load.js'

/** @import { Contender, Isolate } from '../types.d.ts' */

/** @param {{ tags: boolean, secondary?: unknown, namespace?: string, sync?: object }} options @param {() => Promise<unknown>} [leave] @returns {Promise<Isolate>} */
async function isolate(options, leave) {
  const { Cacheable } = await loadPeer('cacheable')
  const cache = new Cacheable({ ttl: '1h', ...options })
  return {
    ...(options.tags && tagsOf(cache)),
    read: (key, load) => cache.getOrSet(key, load),
    remove: (key) => cache.delete(key),
    readMany: (keys) => cache.getMany(keys),
    async close() {
      await cache.disconnect()
      await leave?.()
    },
  }
}

/** Its `getOrSet` takes no tags; its docs store tagged values with `set`. @param {any} cache @returns {Partial<Isolate>} */
function tagsOf(cache) {
  return {
    async readTagged(key, load, tag) {
      const found = await cache.get(key)
      if (found !== undefined) return found
      const made = await load()
      await cache.set(key, made, { tags: [tag] })
      return made
    },
    removeByTag: (tag) => cache.tags.invalidateTag(tag),
  }
}

/**
 * Redis as the secondary store, and `sync` over the same Redis, which carries values to isolates that did not ask for them. With tags
 * every read asks Redis for their versions.
 *
 * @param {{ tags: boolean, sync: boolean }} features @returns {Contender}
 */
export const cacheableWith = ({ tags, sync }) => ({
  name: 'cacheable',
  tells: true,
  alone: () => isolate({ tags }),
  async shared({ redisUrl, name }) {
    const { createKeyv } = await loadPeer('@keyv/redis')
    const tiers = { tags, secondary: createKeyv(redisUrl), namespace: name }
    if (!sync) return isolate(tiers)
    const { RedisMessageProvider } = await loadPeer('@qified/redis')
    const provider = new RedisMessageProvider({ uri: redisUrl })
    return isolate({ ...tiers, sync: { qified: provider } }, () => provider.disconnect())
  },
})
