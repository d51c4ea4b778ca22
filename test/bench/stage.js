// @ts-check
// Where all contenders meet: one redis-server, and the local server in front of it, which speaks Upstash's REST API. Both are
// processes of their own, so that their work is not counted as a contender's.
import { RedisServerEngine } from '../../dist/dev/engine-redis-server.js'
import { findRedisServer } from '../../dist/dev/redis-binary.js'
import { startServer } from './server.js'

/** @import { Meeting } from '../../scripts/race/types.d.ts' */

export const hasRedis = () => findRedisServer() !== undefined

/** @typedef {{ server: import('./server.js').BenchServer, meeting: Omit<Meeting, 'name'>, close: () => Promise<void> }} Stage */

/** @returns {Promise<Stage>} */
export async function openStage() {
  const engine = new RedisServerEngine()
  const { host, port } = await engine.start()
  const redisUrl = `redis://${host}:${port}`
  const server = await startServer('--redis', redisUrl)
  return {
    server,
    meeting: { redisUrl, redisPort: port, rest: { url: server.url, token: server.token } },
    async close() {
      await server.close()
      await engine.stop()
    },
  }
}

/** A name that keys can begin with in every library. @param {string} name */
export const plainName = (name) => name.replaceAll(/\W+/g, '-')
