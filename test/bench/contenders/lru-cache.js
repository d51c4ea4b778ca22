// @ts-check
import { loadPeer } from '../../peers/load.js'

/** @import { Contender } from '../../../scripts/race/types.d.ts' */

/** Memory only, by its `fetch`, which makes what is not there. */
export const lruCache = {
  name: 'lru-cache',
  /** @type {Contender['alone']} */
  async alone(source) {
    const { LRUCache } = await loadPeer('lru-cache')
    const cache = new LRUCache({ max: 1000, ttl: 3_600_000, fetchMethod: source })
    return { read: (key) => cache.fetch(key), remove: async (key) => cache.delete(key) }
  },
}
