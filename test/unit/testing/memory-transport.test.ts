import { describe, expect, test } from 'vitest'
import { health, removeByPattern } from '../../../src/admin/index.ts'
import { compareAndSwap, counter, getAndExtend, list, setIfNotExists } from '../../../src/atomic/index.ts'
import { createHybridCache } from '../../../src/index.ts'
import { AcquireLock, GetMultiple, RateLimitSlidingWindow } from '../../../src/lua/index.ts'
import { createLocks } from '../../../src/lock/index.ts'
import { push } from '../../../src/push/index.ts'
import { createRateLimiter, gcra, slidingWindow } from '../../../src/rate-limit/index.ts'
import { ManualClock, MemoryTransport } from '../../../src/testing/index.ts'
import { testTransport } from '../../support/transport-conformance.ts'

const shared = new MemoryTransport()
testTransport('the one in memory', { connect: () => shared, scripts: false })

const away = { l1: false }

describe('a cache on a Redis in memory', () => {
  test('keeps values, and shares them with others on the same one', async () => {
    const redis = new MemoryTransport()
    const [one, other] = [createHybridCache({ redis }), createHybridCache({ redis })]
    await one.set('k', { when: new Date(0) }, { tags: ['t'] })
    expect(await other.get('k')).toEqual({ when: new Date(0) })
    await other.removeByTag('t')
    expect(await createHybridCache({ redis }).get('k')).toBeUndefined()
    redis.flush()
    expect(redis.keys()).toEqual([])
  })

  test('lets them end when the clock says so', async () => {
    const clock = new ManualClock()
    const redis = new MemoryTransport({ clock })
    const cache = createHybridCache({ redis, clock })
    await cache.set('k', 'v', { ttl: '1h' })
    await clock.advance(3_599_999)
    expect(await cache.get('k', away)).toBe('v')
    await clock.advance(1)
    expect(await cache.get('k', away)).toBeUndefined()
    expect(redis.keys()).not.toContain('hc:e:k')
  })

  test('has what hybrid-cache/atomic, /admin and /lua need', async () => {
    const cache = createHybridCache({ redis: new MemoryTransport() })
    expect(await setIfNotExists(cache, 'k', 1)).toBe(true)
    expect(await setIfNotExists(cache, 'k', 2)).toBe(false)
    expect(await compareAndSwap(cache, 'k', 1, 3)).toBe(true)
    expect(await getAndExtend(cache, 'k', '1h')).toBe(3)
    const visits = counter(cache, 'visits', { ttl: '1h', bigint: true })
    expect(await visits.increment(2n ** 62n)).toBe(2n ** 62n)
    expect(await visits.increment(1)).toBe(2n ** 62n + 1n)
    const recent = list(cache, 'recent', { maxSize: 2 })
    for (const item of ['a', 'b', 'c']) await recent.append(item)
    expect(await recent.read()).toEqual(['b', 'c'])
    const lock = { keys: ['lock'], args: ['me', '10s'] as const }
    expect(await cache.scripts.execute(AcquireLock, lock)).toBe(1)
    const limit = { keys: ['ann'], args: [1, '1m'] as const }
    expect((await cache.scripts.execute(RateLimitSlidingWindow, limit))[0]).toBe(1)
    expect((await cache.scripts.execute(RateLimitSlidingWindow, limit))[0]).toBe(0)
    for (let i = 0; i < 40; i++) await cache.set(`user:${i}`, i)
    expect(await removeByPattern(cache, 'user:*', { batchSize: 7 })).toBe(40)
    expect(await cache.get('user:39', away)).toBeUndefined()
    expect(await health(cache)).toMatchObject({ status: 'ok' })
  })

  test('has what limits and locks need, and time is that of the clock', async () => {
    const clock = new ManualClock()
    const cache = createHybridCache({ redis: new MemoryTransport({ clock }), clock })
    const limiter = createRateLimiter({ cache, policy: slidingWindow({ limit: 2, window: '1m' }) })
    const hit = async (): Promise<[boolean, number]> => {
      const { success, remaining } = await limiter.limit('ann')
      return [success, remaining]
    }
    expect([await hit(), await hit(), await hit()]).toEqual([
      [true, 1],
      [true, 0],
      [false, 0],
    ])
    await clock.advance('61s')
    expect(await hit()).toEqual([true, 1])
    await limiter.block('ann', '1h')
    expect(await limiter.peek('ann')).toMatchObject({ reason: 'blocked', remaining: 0 })
    const locks = createLocks({ cache })
    const held = await locks.acquire('job', { ttl: '10s' })
    expect(await locks.acquire('job', { ttl: '10s' })).toBeUndefined()
    await clock.advance('11s')
    const next = await locks.acquire('job', { ttl: '10s' })
    expect(next?.fence).toBeGreaterThan(held?.fence ?? Infinity)
    expect(await next?.release()).toBe('released')
  })

  test('keeps what a bucket owes in whole units where its limit changes', async () => {
    const clock = new ManualClock()
    const cache = createHybridCache({ redis: new MemoryTransport({ clock }), clock })
    const limiter = createRateLimiter({
      cache,
      policy: gcra({ limit: 60, period: '1m', burst: 10 }),
      name: 'api',
    })
    const more = { policy: gcra({ limit: 120, period: '1m', burst: 20 }) }
    await limiter.limit('ann')
    expect((await limiter.limit('ann', more)).remaining).toBe(18)
    await limiter.limit('bob')
    await clock.advance('1s')
    expect((await limiter.limit('bob', more)).remaining).toBe(19)
  })

  test('gives all back where more is given back than was ever taken', async () => {
    const redis = new MemoryTransport({ clock: new ManualClock() })
    const limiter = createRateLimiter({ redis, policy: gcra({ limit: 1, period: '30d', burst: 5 }) })
    await limiter.limit('ann', { cost: 5 })
    expect(await limiter.refund('ann', 1e12)).toBe(5)
  })

  test('lets caches hear of each other', async () => {
    const clock = new ManualClock()
    const redis = new MemoryTransport({ clock })
    const coherence = { interval: '1d', push: push() } as const
    const [one, other] = [
      createHybridCache({ redis, clock, coherence }),
      createHybridCache({ redis, clock, coherence }),
    ]
    await one.set('k', 1)
    expect(await other.get('k')).toBe(1)
    await clock.advance(0)
    await one.set('k', 2)
    await clock.advance(0)
    expect(other.getLocal('k')).toBeUndefined()
    expect(await other.get('k')).toBe(2)
    await other.close()
    await one.set('k', 3)
    await clock.advance(0)
    expect(other.stats().push).toMatchObject({ connected: false, connections: 1 })
    await one.close()
    expect(clock.pending).toBe(0)
  })

  test('gives bytes where they are asked for', async () => {
    const cache = createHybridCache({ redis: new MemoryTransport() })
    const reply = await cache.scripts.execute(GetMultiple, { keys: ['none'], binary: true })
    expect(reply).toEqual([null])
    await cache.scripts.execute(AcquireLock, { keys: ['k'], args: ['ü', '1m'] })
    expect(await cache.scripts.execute(GetMultiple, { keys: ['k'], binary: true })).toEqual([
      new Uint8Array([0xc3, 0xbc]),
    ])
  })

  test('runs no Lua, and says what to do', async () => {
    const cache = createHybridCache({ redis: new MemoryTransport() })
    await expect(cache.scripts.execute("return redis.call('GET', KEYS[1])")).rejects.toMatchObject({
      code: 'SCRIPT',
      message: expect.stringMatching(/memory transport.*no Lua.*startDevServer/),
    })
  })

  test('counts requests and commands', async () => {
    const redis = new MemoryTransport()
    const cache = createHybridCache({ redis, coherence: { interval: '1h' } })
    await cache.set('k', 1)
    redis.resetCounts()
    await cache.get('k', away)
    expect([redis.requests, redis.commands]).toEqual([1, 1])
    await counter(cache, 'c').increment()
    expect([redis.requests, redis.commands]).toEqual([2, 3])
  })
})
