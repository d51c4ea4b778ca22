import { afterAll, beforeAll, describe } from 'vitest'
import { type DevServer, startDevServer } from '../../src/dev/index.ts'
import { redisServerBin } from './redis-server.ts'

const engines = ['redis-server', 'embedded'] as const

/** Runs the same tests in front of a real Redis and of the embedded engine. Without a real one, its half is left out. */
export function onEveryEngine(
  name: string,
  tests: (server: () => DevServer, engine: (typeof engines)[number]) => void,
): void {
  for (const engine of engines) {
    const missing = engine === 'redis-server' && redisServerBin() === undefined
    describe.skipIf(missing)(`${name}, on ${engine}`, () => {
      let server: DevServer
      beforeAll(async () => {
        server = await startDevServer({ engine })
      })
      afterAll(() => server.close())
      tests(() => server, engine)
    })
  }
}
