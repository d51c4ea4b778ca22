// @ts-check
import { createHybridCache } from 'hybrid-cache'
import { findRedisServer } from '../../dist/dev/redis-binary.js'
import { RedisServerEngine } from '../../dist/dev/engine-redis-server.js'
import { sample } from './payload.js'
import { senderTo, startServer } from './server.js'
import { turnsIn } from './turns.js'

/** @import { Pair } from './ratio.js' */

const value = sample(800)

/**
 * Isolates that write at once, each its own key: what it costs them that those of one prefix draw their versions from one counter.
 * On a real Redis, for that is where they meet.
 *
 * @returns {Promise<{ pairs: Pair[], remark: () => Promise<string>, close: () => Promise<void> }>}
 */
export async function writerPairs() {
  if (findRedisServer() === undefined)
    return {
      pairs: [],
      remark: async () => 'Writers were left out: there is no redis-server here.',
      close: async () => {},
    }
  const engine = new RedisServerEngine()
  const endpoint = await engine.start()
  const server = await startServer('--redis', `redis://${endpoint.host}:${endpoint.port}`)
  const send = senderTo(server)
  const text = JSON.stringify(value)
  const pairs = [1, 8, 64].flatMap((writers) => {
    const shared = Array.from({ length: writers }, () => cacheOn(server, `one${writers}`))
    const apart = Array.from({ length: writers }, (_, i) => cacheOn(server, `own${writers}-${i}`))
    const bare = () => all(writers, (i) => send(['SET', `bare${i}`, text, 'PX', 300_000]))
    const onOne = () => all(writers, (i) => shared[i]?.set(`key${i}`, value))
    const onOwn = () => all(writers, (i) => apart[i]?.set(`key${i}`, value))
    const size = { loops: Math.ceil(16 / writers), rounds: 201, limit: Infinity }
    const name = `set, ${writers} at once`
    return [
      { name: `${name}, one prefix, beside a prefix each`, ...size, floor: onOwn, contender: onOne },
      { name: `${name}, one prefix, beside a bare SET`, ...size, floor: bare, contender: onOne },
    ]
  })
  const close = async () => {
    await server.close()
    await engine.stop()
  }
  return { pairs, remark: () => turnsIn(endpoint, text), close }
}

/** @param {import('./server.js').BenchServer} redis @param {string} keyPrefix */
const cacheOn = (redis, keyPrefix) => createHybridCache({ redis, keyPrefix, l2: { timeout: '30s' } })

/** @param {number} count @param {(i: number) => unknown} run */
const all = (count, run) => Promise.all(Array.from({ length: count }, (_, i) => run(i)))
