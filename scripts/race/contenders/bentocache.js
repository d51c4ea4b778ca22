// @ts-check
import { loadPeer } from '../../../test/peers/load.js'

/** @import { Contender, Isolate } from '../types.d.ts' */

/** @param {(parts: { bentostore: any, memoryDriver: any }) => Promise<any>} storeOf @returns {Promise<Isolate>} */
async function isolate(storeOf) {
  const { BentoCache, bentostore } = await loadPeer('bentocache')
  const { memoryDriver } = await loadPeer('bentocache/drivers/memory')
  const store = await storeOf({ bentostore, memoryDriver })
  const cache = new BentoCache({ default: 'store', ttl: '1h', stores: { store } })
  return {
    read: (key, factory) => cache.getOrSet({ key, factory }),
    remove: (key) => cache.delete({ key }),
    readTagged: (key, factory, tag) => cache.getOrSet({ key, factory, tags: [tag] }),
    removeByTag: (tag) => cache.deleteByTag({ tags: [tag] }),
    close: () => cache.disconnectAll(),
  }
}

/**
 * Two tiers and a bus, as in the docs' "Multi-tier".
 *
 * @type {Contender}
 */
export const bentocache = {
  name: 'bentocache',
  tells: true,
  alone: () =>
    isolate(async ({ bentostore, memoryDriver }) =>
      bentostore().useL1Layer(memoryDriver({ maxItems: 1000 })),
    ),
  shared: ({ redisPort, name }) =>
    isolate(async ({ bentostore, memoryDriver }) => {
      const { redisDriver, redisBusDriver } = await loadPeer('bentocache/drivers/redis')
      const connection = { host: '127.0.0.1', port: redisPort }
      return bentostore()
        .useL1Layer(memoryDriver({ maxItems: 1000 }))
        .useL2Layer(redisDriver({ connection, prefix: name }))
        .useBus(redisBusDriver({ connection }))
    }),
}
