// @ts-check
import { loadPeer } from '../../../test/peers/load.js'

/** @import { Contender, Isolate, Load, Source } from '../types.d.ts' */

const hour = 3600

/**
 * @param {{ type: string, options: object }} storage @param {Source | undefined} source
 * @param {() => unknown} [close] @returns {Promise<Isolate>}
 */
async function isolate(storage, source, close) {
  const { createCache } = await loadPeer('async-cache-dedupe')
  /** @type {Map<string, Load>} */
  const loads = new Map()
  const cache = createCache({ ttl: hour, storage })
  /** @typedef {{ key: string, tag?: string }} Asked */
  cache.define(
    'page',
    {
      serialize: (/** @type {Asked} */ { key }) => key,
      references: (/** @type {Asked} */ { tag }) => (tag === undefined ? null : [tag]),
    },
    (/** @type {Asked} */ { key }) => (source === undefined ? loads.get(key)?.() : source(key)),
  )
  /** @param {Asked} asked @param {Load} load */
  const ask = (asked, load) => {
    if (source === undefined) loads.set(asked.key, load)
    return cache.page(asked)
  }
  return {
    read: (key, load) => ask({ key }, load),
    remove: (key) => cache.clear('page', { key }),
    readTagged: (key, load, tag) => ask({ key, tag }, load),
    removeByTag: (tag) => cache.invalidateAll(tag),
    ...(close && { close }),
  }
}

/**
 * One tier at a time; its references are what others call tags.
 *
 * @type {Contender}
 */
export const asyncCacheDedupe = {
  name: 'async-cache-dedupe',
  alone: (source) => isolate({ type: 'memory', options: { invalidation: true } }, source),
  async shared({ redisPort, source }) {
    const { Redis } = await loadPeer('ioredis')
    const client = new Redis(redisPort, '127.0.0.1')
    const options = { client, invalidation: { referencesTTL: hour } }
    return isolate({ type: 'redis', options }, source, () => client.disconnect())
  },
}
