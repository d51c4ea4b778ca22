import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { counter } from '../../src/atomic/index.ts'
import { HybridCache } from '../../src/cache.ts'
import { createHybridCache } from '../../src/index.ts'
import { FaultSwitch, MemoryTransport } from '../../src/testing/index.ts'
import { randomFrom } from '../../src/testing/random.ts'
import { isOfRedis } from './shown.ts'
import { seedFrom } from '../support/seed.ts'

// `FAULTS_SOAK=600 npm run test:faults` goes on for ten minutes.
const seconds = Number(process.env['FAULTS_SOAK'] ?? 6)
const seed = seedFrom('FAULTS_SEED')

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes that are in use when all that can go has gone. */
async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => void setImmediate(resolve))
    collect()
  }
  return process.memoryUsage().heapUsed
}

test(
  `for ${seconds} s memory does not grow, whatever fails, comes new, is aborted or left behind`,
  async () => {
    const memory = new MemoryTransport()
    const faults = new FaultSwitch(memory, { seed })
    const random = randomFrom(seed)
    const cache = createHybridCache({
      redis: faults,
      memory: { maxEntries: 200 },
      l2: { timeout: '20ms', retries: 1 },
      breaker: { open: '50ms' },
      coherence: { interval: '5ms' },
      localTtl: '100ms',
    })
    for (const fault of ['refuse', 'lose', 'rate-limited', 'LOADING', 'OOM', 'NOSCRIPT'] as const)
      faults.inject({ fault, probability: 0.02 })
    faults.inject({ fault: 'silence', probability: 0.002 })
    faults.inject({ fault: 'delay', latency: 1, jitter: 3, probability: 0.02 })
    let serial = 0
    const background: Promise<unknown>[] = []

    /** Ten thousand keys that never come again, and ten that always do. */
    const one = async (): Promise<void> => {
      const key = random() < 0.5 ? `k${Math.floor(random() * 10)}` : `new${serial++}`
      const bound = cache.namespace(random() < 0.2 ? `n${serial % 500}` : 'n').bind({
        waitUntil: (work) => void background.push(work),
      })
      const leaving = new AbortController()
      const signal = random() < 0.1 ? { signal: leaving.signal } : {}
      const tags = [`t${serial % 700}`]
      const make = async (): Promise<object> => {
        if (random() < 0.1) throw new Error('the origin is down')
        return { text: 'x'.repeat(200), serial }
      }
      const options = {
        ...signal,
        tags,
        ttl: '200ms',
        swr: '1s',
        staleIfError: '1s',
        timeout: '30ms',
      } as const
      const calls: Promise<unknown>[] = [bound.getOrCreate(key, make, options)]
      if (random() < 0.1) calls.push(bound.getOrCreate(key, make, { ...options, stampede: 'global' }))
      if (random() < 0.2) calls.push(bound.set(key, serial, { tags, ttl: '1s' }))
      if (random() < 0.2) calls.push(bound.remove(key), bound.get(key, signal))
      if (random() < 0.05) calls.push(bound.removeByTag(tags), bound.expire(key))
      if (random() < 0.01) calls.push(bound.clear())
      if (random() < 0.05) calls.push(counter(cache, 'c').increment())
      if (random() < 0.1) leaving.abort('left')
      for (const result of await Promise.allSettled(calls)) {
        if (result.status === 'fulfilled') continue
        const why: unknown = result.reason
        const isExpected =
          isOfRedis(why) || why === 'left' || /origin is down|took longer/.test((why as Error).message)
        if (!isExpected) throw why
      }
    }

    /** For so long, and for longer where a busy machine gets little done. */
    const during = async (ms: number): Promise<void> => {
      const [begun, end] = [serial, performance.now() + ms]
      const goesOn = (): boolean => performance.now() < end || serial - begun < 600
      while (goesOn()) {
        await Promise.all(Array.from({ length: 20 }, one))
        await Promise.all(background.splice(0))
      }
      await new Promise((resolve) => void setTimeout(resolve, 150))
      memory.flush()
    }

    // What is made once, and then kept: caches of the engine, tables at their full size.
    await during((seconds * 1000) / 2)
    const before = await heap()
    await during((seconds * 1000) / 2)
    const grown = (await heap()) - before
    const { core } = HybridCache.partsOf(cache)
    expect([core.flights.size, core.marks.size, background.length]).toEqual([0, 0, 0])
    expect(cache.stats().l1.entries).toBeLessThanOrEqual(200)
    console.log(
      `FAULTS_SEED=${seed}: ${serial} keys, ${memory.requests} requests, ${(grown / 1024).toFixed(0)} KB more`,
    )
    expect(grown).toBeLessThan(2 * 2 ** 20)
  },
  (seconds + 60) * 1000,
)
