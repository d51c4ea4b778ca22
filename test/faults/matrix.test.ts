import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DevServer, startDevServer } from '../../src/dev/index.ts'
import { randomFrom } from '../../src/testing/random.ts'
import { canary } from '../support/canary.ts'
import { redisServerBin } from '../support/redis-server.ts'
import { redisFaults } from './redis-faults.ts'
import { ShiftClock } from './shift-clock.ts'
import { Shown } from './shown.ts'
import { Stage, type WireFault } from './stage.ts'
import { type FaultKind, wireFaults } from './wire-faults.ts'
import { Workload } from './workload.ts'
import { seedFrom } from '../support/seed.ts'

const seed = seedFrom('FAULTS_SEED')
const rounds = Number(process.env['FAULTS_ROUNDS'] ?? 1)

let server: DevServer
let operations = 0
beforeAll(async () => {
  console.log(`FAULTS_SEED=${seed} FAULTS_ROUNDS=${rounds}`)
  server = await startDevServer({
    engine: redisServerBin() === undefined ? 'embedded' : 'redis-server',
    token: canary.token,
  })
})
afterAll(async () => {
  await server.close()
  console.log(`${operations} operations under faults`)
})

/** The wall clock of the isolates is set an hour on, and back again. */
const clockFault: FaultKind = {
  strike: async (exchange) => exchange.answer(JSON.stringify(await exchange.execute())),
}
const kinds = Object.entries({ ...wireFaults, ...redisFaults, 'the clock is set': clockFault })

describe.each(kinds)('%s', (name, kind) => {
  test.each([0.05, 0.3, 1])('of %d of the requests breaks no rule', async (probability) => {
    const random = randomFrom(seed)
    await using stage = await Stage.start(server, seed)
    const shown = new Shown(new URL(stage.url).host)
    stage.probability = probability
    const clock = new ShiftClock()
    let hour = 3_600_000
    const strike: WireFault = (exchange) => {
      if (kind === clockFault) clock.jump((hour = -hour))
      return kind.strike(exchange)
    }
    const workload = new Workload({
      redis: { url: stage.url, token: canary.token },
      clock,
      shown,
      random,
      name: `${name.replace(/\W/g, '')}-${probability}`,
      options: {
        l2: { timeout: kind.slow === true ? '15ms' : '5s', softTimeout: kind.slow === true ? '10ms' : '1s' },
      },
      runsLua: true,
      lies: kind.lies === true,
      loses: kind.loses === true,
      exhaustive: probability === 1,
      pass: () => clock.pass(20),
      struck: () => stage.struck,
      switchOn: (on) => (stage.fault = on ? strike : undefined),
    })
    await shown.watching(() => workload.run(rounds))
    operations += workload.operations
    expect(stage.leaked).toEqual([])
    expect(shown.pieces).toBeGreaterThan(100)
    // Each kind has struck each operation.
    if (probability === 1) expect([...workload.struck].filter(([, count]) => count === 0)).toEqual([])
  })
})
