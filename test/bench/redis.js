// @ts-check
import { createHybridCache } from 'hybrid-cache'
import { startDevServer } from 'hybrid-cache/dev'
import { sample } from './payload.js'

/** @returns {Promise<{ pairs: import('./ratio.js').Pair[], close: () => Promise<void> }>} */
export async function redisPairs() {
  const server = await startDevServer({ engine: process.env.REDIS_SERVER_BIN ? 'redis-server' : 'embedded' })
  const value = sample(3000)
  const cache = createHybridCache({ redis: server })
  await cache.set('key', value)
  const headers = { authorization: `Bearer ${server.token}` }
  await fetch(`${server.url}/set/plain`, { method: 'POST', headers, body: JSON.stringify(value) })
  const floor = async () => {
    const response = await fetch(`${server.url}/get/plain`, { headers })
    const { result } = /** @type {{ result: string }} */ (JSON.parse(await response.text()))
    return JSON.parse(result)
  }
  const pairs = [
    {
      name: 'L2 hit, get, 3 KB, decoded',
      limit: 1.1,
      loops: 100,
      floor,
      contender: () => cache.get('key', { l1: false }),
    },
  ]
  return { pairs, close: () => server.close() }
}
