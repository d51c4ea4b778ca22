import { expect, describe, test } from 'vitest'
import { type Fault, FaultSwitch, ManualClock, MemoryTransport } from '../../src/testing/index.ts'
import { randomFrom } from '../../src/testing/random.ts'
import { Shown } from './shown.ts'
import { Workload } from './workload.ts'
import { seedFrom } from '../support/seed.ts'

// The same without a network and without waiting: more operations, and deadlines to the millisecond.
const seed = seedFrom('FAULTS_SEED')
const timeout = 1000
const rounds = 10 * Number(process.env['FAULTS_ROUNDS'] ?? 1)

const faults: readonly Fault[] = [
  { fault: 'delay', latency: '300ms', jitter: '1s' },
  { fault: 'refuse' },
  { fault: 'lose' },
  { fault: 'silence' },
  { fault: 'silence', executed: true },
  { fault: 'unauthorized' },
  { fault: 'rate-limited' },
  { fault: 'NOSCRIPT' },
  { fault: 'READONLY' },
  { fault: 'OOM' },
  { fault: 'WRONGTYPE' },
  { fault: 'LOADING' },
  { fault: 'error', text: 'MASTERDOWN Link with MASTER is down' },
]

describe.each(faults)('$fault', (fault) => {
  test.each([0.05, 0.3, 1])('of %d of the requests breaks no rule', async (probability) => {
    const clock = new ManualClock()
    const redis = new FaultSwitch(new MemoryTransport({ clock }), { clock, seed })
    const shown = new Shown()
    let stop = (): void => undefined
    let moved = 0
    const workload = new Workload({
      redis,
      clock: {
        now: () => clock.now() + moved,
        monotonic: () => clock.monotonic() + moved,
        setTimeout: (run, ms) => clock.setTimeout(run, ms),
        clearTimeout: (timer) => clock.clearTimeout(timer),
      },
      shown,
      random: randomFrom(seed),
      name: 'p',
      options: { l2: { timeout } },
      runsLua: false,
      lies: false,
      // The answer that a key holds something else is believed.
      loses: fault.fault === 'WRONGTYPE',
      exhaustive: false,
      pass: () => (moved += 20),
      struck: () => redis.struck[fault.fault] ?? 0,
      switchOn: (on) => {
        stop()
        stop = on ? redis.inject({ ...fault, probability }) : () => undefined
      },
      drive: async (work) => {
        const state = { done: false }
        const settled = work.finally(() => (state.done = true))
        settled.catch(() => undefined)
        while (!state.done) await clock.advance(clock.pending === 0 ? 0 : 20) // a step costs the same however long it is
        return settled
      },
    })
    try {
      await workload.run(rounds)
      expect(shown.pieces).toBeGreaterThan(100)
      // R4: a failing Redis costs its deadline, once; and a retry before it.
      for (const name of ['get', 'getMany', 'getOrCreate', 'getOrCreateMany', 'stampede'])
        expect(workload.took.get(name), name).toBeLessThanOrEqual(timeout + 60)
      // Who may have to wait for a lease that nobody uses waits until it has ended.
      expect(workload.took.get('getOrCreate, in the fleet')).toBeLessThanOrEqual(50 + 2 * timeout + 60)
    } catch (error) {
      throw new Error(`FAULTS_SEED=${seed}: ${(error as Error).message}`, { cause: error })
    }
  })
})
