import { afterAll, beforeAll, describe } from 'vitest'
import { startDevServer, type DevServer, type DevServerOptions } from '../../../src/dev/index.ts'
import { redisServerBin } from '../../support/redis-server.ts'

export const NO_REDIS: boolean = redisServerBin() === undefined

const ENGINES = [
  { engine: 'embedded', missing: false },
  { engine: 'redis-server', missing: NO_REDIS },
] as const

/** Runs a suite on both engines; the one on a real Redis is skipped where there is no `redis-server`. */
export function describeOnEngines(name: string, suite: (server: () => DevServer) => void): void {
  for (const { engine, missing } of ENGINES) {
    describe.skipIf(missing)(`${name} (${engine})`, () => suite(useServer({ engine })))
  }
}

/** One server for all tests of the suite around the call. */
export function useServer(options: DevServerOptions): () => DevServer {
  let server: DevServer | undefined
  beforeAll(async () => {
    server = await startDevServer(options)
  })
  afterAll(() => server?.close())
  return () => {
    if (server === undefined) throw new Error('the server has not started')
    return server
  }
}
