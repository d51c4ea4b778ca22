// @ts-check
import { createHybridCache } from 'hybrid-cache'
import { sample } from './payload.js'
import { senderTo, startServer } from './server.js'

/** @returns {Promise<{ pairs: import('./ratio.js').Pair[], close: () => Promise<void> }>} */
export async function redisPairs() {
  const server = await startServer()
  const { url, token, close } = server
  const value = sample(3000)
  const cache = createHybridCache({ redis: { url, token } })
  await cache.set('key', value)
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const send = senderTo(server)
  const get = async () => JSON.parse(await send(['GET', 'plain']))
  const getInTime = async () => {
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(), 2000)
    try {
      return JSON.parse(await send(['GET', 'plain'], controller.signal))
    } finally {
      clearTimeout(timer)
    }
  }
  const getByGet = async () => {
    const response = await fetch(`${url}/get/plain`, { headers })
    return JSON.parse(JSON.parse(await response.text()).result)
  }
  await send(['SET', 'plain', JSON.stringify(value)])
  const contender = () => cache.get('key', { l1: false })
  // Many short slices: what else the machine does while a request is away then hits both of a pair alike, or few of them.
  const size = { loops: 10, rounds: 601 }
  const pairs = [
    // A Redis that hangs must not hold up its callers, so that a cache never sends a request without a deadline. A timer and a
    // signal are what `fetch` offers for one, and whoever calls it by hand pays for them too.
    { name: 'L2 hit, get, 3 KB, decoded', limit: 1.1, ...size, floor: getInTime, contender },
    { name: 'the same, beside POST without a deadline', limit: Infinity, ...size, floor: get, contender },
    // No client of Upstash reaches this one: it sends its commands by POST, which costs more in `fetch` itself.
    { name: 'the same, beside HTTP GET', limit: Infinity, ...size, floor: getByGet, contender },
  ]
  return { pairs, close }
}
