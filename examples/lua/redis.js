// @ts-check
import { fromEnv } from 'hybrid-cache'
import { startDevServer } from 'hybrid-cache/dev'

/** The database that UPSTASH_REDIS_REST_URL and _TOKEN name, else a local server for as long as the example runs. */
export async function openRedis() {
  if (process.env.UPSTASH_REDIS_REST_URL) return { redis: fromEnv(), close: async () => {} }
  const server = await startDevServer()
  return { redis: server, close: () => server.close() }
}
