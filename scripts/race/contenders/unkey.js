// @ts-check
import { Redis } from '@upstash/redis'
import { loadPeer } from '../../../test/peers/load.js'

/** @import { Contender, Isolate } from '../types.d.ts' */

const hour = 3_600_000

/** What goes on behind its calls, such as the writes to Redis that its store does not wait for. */
class Background {
  /** @type {Promise<unknown>[]} */
  #all = []

  /** @template T @param {Promise<T>} work */
  waitUntil = (work) => {
    this.#all.push(work)
    return work
  }

  async end() {
    while (this.#all.length > 0) await Promise.all(this.#all.splice(0))
  }
}

/** @param {Background} background @param {(stores: any) => unknown[]} tiers @returns {Promise<Isolate>} */
async function isolate(background, tiers) {
  const { createCache, Namespace } = await loadPeer('@unkey/cache')
  const stores = await loadPeer('@unkey/cache/stores')
  const memory = new stores.MemoryStore({ persistentMap: new Map() })
  const cache = createCache({
    page: new Namespace(background, { stores: [memory, ...tiers(stores)], fresh: hour, stale: hour }),
  })
  return {
    async read(key, load) {
      const { val, err } = await cache.page.swr(key, load)
      if (err) throw err
      await background.end()
      return val
    },
    async remove(key) {
      await cache.page.remove(key)
      await background.end()
    },
  }
}

/**
 * Memory in front of its store for Upstash, through the same local server as hybrid-cache.
 *
 * @type {Contender}
 */
export const unkey = {
  name: '@unkey/cache',
  alone: () => isolate(new Background(), () => []),
  shared({ rest, name, client }) {
    const redis = new Redis({ ...rest, ...client })
    const background = new Background()
    const { waitUntil } = background
    const watched = {
      get: (/** @type {string} */ key) => redis.get(`${name}:${key}`),
      set: (/** @type {string} */ key, /** @type {unknown} */ value, /** @type {any} */ options) =>
        waitUntil(redis.set(`${name}:${key}`, value, options)),
      del: (/** @type {string[]} */ ...keys) => waitUntil(redis.del(...keys.map((key) => `${name}:${key}`))),
    }
    return isolate(background, ({ UpstashRedisStore }) => [new UpstashRedisStore({ redis: watched })])
  },
}
