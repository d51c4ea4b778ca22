import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Backend } from '../../src/dev/backend.ts'
import { type DevServer, startDevServer } from '../../src/dev/index.ts'
import { createEngine } from '../../src/dev/options.ts'
import { command } from '../../src/dev/resp.ts'
import { randomFrom } from '../../src/testing/random.ts'
import { canary } from '../support/canary.ts'
import { redisServerBin, startTestRedis, type TestRedis } from '../support/redis-server.ts'
import { ShiftClock } from './shift-clock.ts'
import { Shown } from './shown.ts'
import { Workload } from './workload.ts'
import { seedFrom } from '../support/seed.ts'

const seed = seedFrom('FAULTS_SEED')

/** What is done to a real Redis, and how it is undone. */
interface Trouble {
  readonly begin: readonly (readonly string[])[]
  readonly end: readonly (readonly string[])[]
}

const troubles: Readonly<Record<string, Trouble>> = {
  'has no memory left': {
    begin: [
      ['CONFIG', 'SET', 'maxmemory', '1'],
      ['CONFIG', 'SET', 'maxmemory-policy', 'noeviction'],
    ],
    end: [['CONFIG', 'SET', 'maxmemory', '0']],
  },
  'evicts what it likes': {
    begin: [
      ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random'],
      ['CONFIG', 'SET', 'maxmemory', '1100000'],
    ],
    end: [['CONFIG', 'SET', 'maxmemory', '0']],
  },
  'has become a replica': {
    begin: [['REPLICAOF', '127.0.0.1', '1']],
    end: [['REPLICAOF', 'NO', 'ONE']],
  },
  'is a replica that serves nothing': {
    begin: [
      ['CONFIG', 'SET', 'replica-serve-stale-data', 'no'],
      ['REPLICAOF', '127.0.0.1', '1'],
    ],
    end: [['REPLICAOF', 'NO', 'ONE']],
  },
  'wants more replicas for writes': {
    begin: [['CONFIG', 'SET', 'min-replicas-to-write', '3']],
    end: [['CONFIG', 'SET', 'min-replicas-to-write', '0']],
  },
  'has forgotten all scripts': { begin: [['SCRIPT', 'FLUSH']], end: [] },
  'was emptied': { begin: [['FLUSHALL']], end: [] },
}

describe.skipIf(redisServerBin() === undefined)('a real Redis that', () => {
  let redis: TestRedis
  let server: DevServer
  let beside: Backend
  beforeAll(async () => {
    redis = await startTestRedis()
    server = await startDevServer({ engine: { url: redis.url }, token: canary.token })
    beside = new Backend(createEngine({ url: redis.url }))
    await beside.start()
  })
  afterAll(async () => {
    await Promise.all([server.close(), beside.close()])
    await redis[Symbol.asyncDispose]()
  })

  async function underTrouble(
    name: string,
    on: () => Promise<void>,
    off: () => Promise<void>,
  ): Promise<Workload> {
    const clock = new ShiftClock()
    const shown = new Shown(`127.0.0.1:${redis.port}`, new URL(server.url).host)
    let [isOn, struck] = [false, 0]
    let turning: Promise<void> = Promise.resolve()
    const workload = new Workload({
      redis: { url: server.url, token: canary.token },
      clock,
      shown,
      random: randomFrom(seed),
      name: name.replace(/\W/g, ''),
      options: { l2: { timeout: '5s' } },
      runsLua: true,
      lies: false,
      loses: true,
      exhaustive: false,
      pass: () => clock.pass(20),
      struck: () => struck,
      // Before half of the operations it is well again.
      switchOn: (wanted) => {
        const next = wanted && !isOn
        if (next !== isOn) turning = next ? on() : off()
        isOn = next
        struck += isOn ? 1 : 0
      },
      drive: async (work) => {
        const [value] = await Promise.all([work, turning])
        return value
      },
    })
    await shown.watching(() => workload.run(2))
    await turning
    return workload
  }

  const send = async (commands: readonly (readonly string[])[]): Promise<void> => {
    if (commands.length > 0) await beside.connection.send(commands.map((words) => command(...words)))
  }

  test.each(Object.entries(troubles))('%s breaks no rule', async (name, { begin, end }) => {
    const workload = await underTrouble(
      name,
      () => send(begin),
      () => send(end),
    ).catch((error: unknown) => {
      throw new Error(`FAULTS_SEED=${seed}`, { cause: error })
    })
    expect(workload.operations).toBeGreaterThan(100)
  })
})

test('a Redis that is killed and started again, empty, breaks no rule', async () => {
  await using server = await startDevServer({
    engine: redisServerBin() === undefined ? 'embedded' : 'redis-server',
    token: canary.token,
  })
  const clock = new ShiftClock()
  const shown = new Shown(new URL(server.url).host)
  const random = randomFrom(seed)
  let turning: Promise<void> = Promise.resolve()
  const workload = new Workload({
    redis: { url: server.url, token: canary.token },
    clock,
    shown,
    random,
    name: 'restart',
    options: { l2: { timeout: '2s' } },
    runsLua: true,
    lies: false,
    loses: true,
    exhaustive: false,
    pass: () => clock.pass(20),
    struck: () => 0,
    switchOn: (on) => {
      if (!on || random() > 0.1) return
      turning = turning.then(() => server.stopRedis()).then(() => server.startRedis())
    },
    // The operation runs while Redis goes and comes.
    drive: async (work) => (await Promise.all([work, turning]))[0],
  })
  await shown.watching(() => workload.run(1))
  expect(workload.operations).toBeGreaterThan(40)
})
