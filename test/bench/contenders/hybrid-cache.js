// @ts-check
import { fromIoredis } from 'hybrid-cache/redis'
import { isolate } from '../../../scripts/race/contenders/hybrid-cache.js'
import { loadPeer } from '../../peers/load.js'

/** @import { Contender } from '../../../scripts/race/types.d.ts' */

/** As its README says, with the same long lives as all others. @type {Contender} */
export const hybridCache = {
  name: 'hybrid-cache',
  alone: () => isolate({}),
  shared: ({ rest, name }) => isolate({ redis: rest, keyPrefix: name }),
}

/** Every caller gets the same object, as in most others. @type {Contender} */
export const hybridCacheSharing = {
  name: "hybrid-cache, `'share'`",
  alone: () => isolate({ memory: { isolation: 'share' } }),
  shared: ({ rest, name }) => isolate({ redis: rest, keyPrefix: name, memory: { isolation: 'share' } }),
}

/** With one factory in the whole fleet. @type {Contender} */
export const hybridCacheGlobal = {
  name: "hybrid-cache, `'global'`",
  alone: () => isolate({ stampede: 'global' }),
  shared: ({ rest, name }) => isolate({ redis: rest, keyPrefix: name, stampede: 'global' }),
}

/** Over TCP, for servers. @type {Contender} */
export const hybridCacheOverTcp = {
  name: 'hybrid-cache/redis',
  alone: () => isolate({}),
  async shared({ redisPort, name }) {
    const { Redis } = await loadPeer('ioredis')
    const options = { autoResendUnfulfilledCommands: false, enableOfflineQueue: false, lazyConnect: true }
    const client = new Redis(redisPort, '127.0.0.1', options)
    await client.connect()
    const cache = isolate({ redis: fromIoredis(client), keyPrefix: name })
    return { ...cache, close: () => client.disconnect() }
  },
}
