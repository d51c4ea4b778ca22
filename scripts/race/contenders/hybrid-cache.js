// @ts-check
import { createHybridCache } from 'hybrid-cache'

/** @import { CacheOptions } from 'hybrid-cache' */
/** @import { Contender, Isolate } from '../types.d.ts' */

/** @param {CacheOptions} options @returns {Isolate} */
export function isolate(options) {
  const cache = createHybridCache({ ttl: '1h', localTtl: '1h', ...options })
  return {
    read: (key, load) => cache.getOrCreate(key, load),
    remove: (key) => cache.remove(key),
    readMany: (keys) => cache.getMany(keys),
    readTagged: (key, load, tag) => cache.getOrCreate(key, load, { tags: [tag] }),
    removeByTag: (tag) => cache.removeByTag(tag),
  }
}

/** @type {Contender} */
export const hybridCache = {
  name: 'hybrid-cache',
  alone: () => isolate({}),
  // A reply that the race holds back, on a machine that is busy, is late and not lost.
  shared: ({ rest, name }) => isolate({ redis: rest, keyPrefix: name, l2: { timeout: '10s' } }),
}
