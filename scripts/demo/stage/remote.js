// @ts-check
import { randomBytes } from 'node:crypto'
import { Redis } from '@upstash/redis'
import { call } from '../http.js'
import { startProxy } from './proxy.js'

/** @typedef {import('../types.d.ts').Isolate} Isolate */

/**
 * A database of the user's, behind a proxy, under a random key prefix that is cleared at the end.
 *
 * @param {{ url: string, token: string }} database
 * @param {import('../cleanup.js').Cleanup} cleanup
 * @returns {Promise<import('../types.d.ts').Shared>}
 */
export async function startRemote({ url, token }, cleanup) {
  const prefix = `demo-${randomBytes(9).toString('base64url')}`
  const redis = new Redis({ url, token, enableTelemetry: false })
  cleanup.add(() => clear(redis, `${prefix}:*`))
  const proxy = await startProxy(url, cleanup)
  return {
    description: `your database, under the key prefix ${prefix} (cleared at the end)`,
    forgets: false,
    afterStart: 'the database can be reached again',
    env: { UPSTASH_REDIS_REST_URL: proxy.url, UPSTASH_REDIS_REST_TOKEN: token, CACHE_PREFIX: prefix },
    meter: (isolates) => meterOf(Object.values(isolates), proxy),
    stop: async () => proxy.cut(),
    start: async () => proxy.mend(),
  }
}

/**
 * A request that was sent is not there yet, which on a busy machine takes longer than what is sent later by another isolate.
 *
 * @param {Isolate[]} isolates
 * @param {{ answered(): number }} proxy
 * @returns {import('../types.d.ts').Meter}
 */
function meterOf(isolates, proxy) {
  let last = 0
  return {
    caption: 'HTTP, cmds: requests to Redis and commands in them, counted by the isolates: cache.stats().',
    side: 'isolates',
    async read() {
      const cost = await sent(isolates)
      last = cost.requests
      return cost
    },
    idle: () => proxy.answered() >= last,
  }
}

/** @param {Isolate[]} isolates */
async function sent(isolates) {
  const all = await Promise.all(
    isolates.map(async ({ url }) => JSON.parse((await call('GET', `${url}/stats`)).body)),
  )
  return {
    requests: all.reduce((sum, { l2 }) => sum + l2.requests, 0),
    commands: all.reduce((sum, { l2 }) => sum + l2.commands, 0),
  }
}

/**
 * @param {Redis} redis
 * @param {string} pattern
 */
async function clear(redis, pattern) {
  let cursor = '0'
  do {
    const [next, keys] = await redis.scan(cursor, { match: pattern, count: 1000 })
    if (keys.length > 0) await redis.del(...keys)
    cursor = next
  } while (cursor !== '0')
}
