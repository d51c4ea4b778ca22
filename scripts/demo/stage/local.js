// @ts-check
import { startDevServer } from 'hybrid-cache/dev'

/** @import { DevServerStats } from 'hybrid-cache/dev' */

/**
 * The local server on its embedded engine: needs nothing but this repository.
 *
 * @param {import('../cleanup.js').Cleanup} cleanup
 * @returns {Promise<import('../types.d.ts').Shared>}
 */
export async function startLocal(cleanup) {
  const server = await startDevServer({ port: 0, engine: 'embedded' })
  cleanup.add(() => server.close())
  return {
    description: `local server, ${server.engine}`,
    forgets: true,
    afterStart: 'Redis is back, and empty',
    env: server.env,
    meter: () => ({
      caption: 'ms: whole request. HTTP, cmds: requests to Redis and billed commands, counted at the server.',
      side: 'server',
      read: () => Promise.resolve(withoutTrim(server.stats())),
      idle: () => true,
    }),
    stop: () => server.stopRedis(),
    start: () => server.startRedis(),
  }
}

/**
 * One write in 256 trims the log, for a command more. Which one, the server's time decides; the table shows the others.
 *
 * @param {DevServerStats} stats
 */
function withoutTrim({ requests, commands, byCommand }) {
  return { requests, commands: commands - (byCommand['ZREMRANGEBYSCORE'] ?? 0) }
}
