// @ts-check
import { loadPeer } from '../../../test/peers/load.js'

/** @import { Contender, Isolate, Load, Source } from '../types.d.ts' */

const memory = { ttlInMsecs: 3_600_000 }

/**
 * @param {{ one?: object, many?: object }} parts @param {Source | undefined} given
 * @param {() => unknown} [close] @returns {Promise<Isolate>}
 */
async function isolate({ one, many }, given, close) {
  const { GroupLoader, Loader } = await loadPeer('layered-loader')
  /** @type {Map<string, Load>} */
  const loads = new Map()
  const load = given ?? (async (/** @type {string} */ key) => loads.get(key)?.())
  const loader = new Loader({
    inMemoryCache: memory,
    dataSourceGetOneFn: load,
    dataSourceGetManyFn: (/** @type {string[]} */ keys) => Promise.all(keys.map(load)),
    cacheKeyFromValueResolver: (/** @type {{ key: string }} */ { key }) => key,
    ...one,
  })
  const source = { name: 'source', isCache: false, getFromGroup: load, getManyFromGroup: async () => [] }
  const groups = new GroupLoader({ inMemoryCache: memory, dataSources: [source], ...many })
  await Promise.all([loader.init(), groups.init()])
  return {
    read(key, make) {
      if (given === undefined) loads.set(key, make)
      return loader.get(key)
    },
    readMany: (keys) => loader.getMany(keys),
    remove: (key) => loader.invalidateCacheFor(key),
    readTagged(key, make, tag) {
      loads.set(key, make)
      return groups.get(key, tag)
    },
    removeByTag: (tag) => groups.invalidateCacheForGroup(tag),
    ...(close && { close }),
  }
}

/**
 * Memory, Redis and notifications over it; its groups are the nearest to tags.
 *
 * @type {Contender}
 */
export const layeredLoader = {
  name: 'layered-loader',
  tells: true,
  alone: (source) => isolate({}, source),
  async shared({ redisPort, name, source }) {
    const layered = await loadPeer('layered-loader')
    const { Redis } = await loadPeer('ioredis-6')
    /** @type {any[]} */
    const clients = []
    const client = () => {
      clients.push(new Redis(redisPort, '127.0.0.1'))
      return clients.at(-1)
    }
    /** @param {string} kind @param {any} createPair @param {any} Cache */
    const partsOf = (kind, createPair, Cache) => {
      const channel = `${name}:${kind}`
      const pair = createPair({ channel, publisherRedis: client(), consumerRedis: client() })
      return {
        asyncCache: new Cache(client(), { ...memory, prefix: channel, json: true }),
        notificationPublisher: pair.publisher,
        notificationConsumer: pair.consumer,
      }
    }
    const one = partsOf('one', layered.createNotificationPair, layered.RedisCache)
    const many = partsOf('many', layered.createGroupNotificationPair, layered.RedisGroupCache)
    return isolate({ one, many }, source, () => clients.forEach((each) => each.disconnect()))
  },
}
