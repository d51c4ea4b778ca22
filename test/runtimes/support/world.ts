import { startDevServer, type DevServer } from '../../../src/dev/index.ts'
import { createHybridCache } from '../../../src/index.ts'
import { redisServerBin } from '../../support/redis-server.ts'
import { given } from '../scenario/encodings.ts'
import type { ScenarioInput } from '../scenario/input.ts'
import type { Gate, Origin } from './gate.ts'
import { startHelper } from './helper.ts'

/** Everything outside of the runtime that a scenario needs, for one run. */
export interface World extends AsyncDisposable {
  readonly input: ScenarioInput
  readonly redis: DevServer
  readonly gate: Gate
  readonly origin: Origin
}

/** No ephemeral port, and none that any service has: a connection to it is refused. */
const nobody = 'http://127.0.0.1:2'

/** The real Redis where there is one. */
export async function startWorld(run: string): Promise<World> {
  const engine = redisServerBin() === undefined ? 'embedded' : 'redis-server'
  const redis = await startDevServer({ engine })
  const helper = await startHelper(redis)
  const { url, token } = redis
  const cache = createHybridCache({
    redis: { url, token },
    keyPrefix: `${run}.given`,
    l2: { timeout: '15s' }, // the first request of all to a cold server
    compression: { threshold: 100 },
  })
  await cache.setMany(Object.entries(given))
  return {
    input: { run, url, token, helper: helper.url, dead: nobody },
    redis,
    gate: helper.gate,
    origin: helper.origin,
    async [Symbol.asyncDispose]() {
      await helper[Symbol.asyncDispose]()
      await redis.close()
    },
  }
}
