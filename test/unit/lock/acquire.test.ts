import { expect, test } from 'vitest'
import { CacheError, type HybridCache, RedisReplyError } from '../../../src/index.ts'
import { createLocks, type LocksOfRedis } from '../../../src/lock/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { record, watch } from '../../support/world.ts'
import { LockWorld } from './support.ts'

test('a free lock is granted in one request', async () => {
  const world = new LockWorld()
  const lock = await world.locks().acquire('job', { ttl: '10s' })
  expect(world.redis.take()).toEqual([['AcquireFencedLock']])
  expect(lock?.fence).toBe(world.clock.now() * 1000)
  expect(lock?.signal.aborted).toBe(false)
})

test('options of createLocks may be inherited', async () => {
  const world = new LockWorld()
  const { redis, clock } = world
  const locks = createLocks(Object.create({ redis, clock, keyPrefix: 'mine' }) as LocksOfRedis)
  await locks.acquire('job')
  expect([...redis.values.keys()].filter((key) => !key.startsWith('mine:'))).toEqual([])
  expect(redis.values.size).toBeGreaterThan(0)
})

test('without a wait, one that somebody has is not waited for', async () => {
  const world = new LockWorld()
  await world.locks().acquire('job')
  world.redis.take()
  expect(await world.locks().acquire('job')).toBeUndefined()
  expect(await world.locks().acquire('job', { wait: false })).toBeUndefined()
  expect(world.redis.take()).toHaveLength(2)
  expect(world.clock.pending).toBe(1) // of the first
})

test('names, prefixes and namespaces are locks of their own', async () => {
  const world = new LockWorld()
  const cache = world.isolate() as HybridCache<true>
  const sources = [
    createLocks({ cache }),
    createLocks({ cache: cache.namespace('a') }),
    createLocks({ cache: cache.namespace('b') }),
    world.locks({ keyPrefix: 'other' }),
    createLocks({ redis: world.redis, clock: world.clock, keyPrefix: 'own' }),
  ]
  for (const locks of sources) {
    expect(await locks.acquire('x')).toBeDefined()
    expect(await locks.acquire('n:a:k:x')).toBeDefined()
    expect(await locks.acquire('x')).toBeUndefined()
  }
  expect([...world.redis.values.keys()].filter((key) => /^\w+:(n:\w+:)?k:/.test(key))).toHaveLength(10)
})

test('attempts come at spans that double up to poll, and the last one when the wait is over', async () => {
  const world = new LockWorld()
  await world.locks().acquire('job', { ttl: '1h' })
  const times = world.times()
  const outcome = watch(world.locks().acquire('job', { wait: '10s', poll: '2s' }))
  await world.clock.advance(9_999)
  expect(outcome).toEqual({})
  await world.clock.advance(1)
  expect(outcome).toEqual({ value: undefined })
  expect('value' in outcome).toBe(true)
  const pauses = times.slice(1).map((time, i) => time - (times[i] ?? 0))
  for (const [i, pause] of pauses.slice(0, -1).entries()) {
    const span = Math.min(50 * 2 ** i, 2000)
    expect(pause).toBeGreaterThanOrEqual(span / 2)
    expect(pause).toBeLessThanOrEqual(span)
  }
  expect(times[0]).toBe(0)
  expect(times.at(-1)).toBe(10_000)
  expect(times.length).toBeLessThanOrEqual(18)
})

test('who waits asks again when the lease of the holder ends', async () => {
  for (let n = 0; n < 20; n++) {
    const world = new LockWorld()
    const first = await world.locks().acquire('job', { ttl: 3_000 })
    const outcome = watch(world.locks().acquire('job', { wait: '1m', poll: '30s' }))
    await world.clock.advance(3_100)
    expect(outcome.value).toMatchObject({ fence: expect.any(Number) as number })
    expect((outcome.value as { fence: number }).fence).toBeGreaterThan(first?.fence ?? 0)
  }
})

test('those who began to wait together do not ask together', async () => {
  const world = new LockWorld()
  await world.locks().acquire('job', { ttl: '1h' })
  const times = world.times()
  const waiters = Array.from({ length: 5 }, () => watch(world.locks().acquire('job', { wait: '5s' })))
  await world.clock.advance(5_000)
  expect(waiters.every((outcome) => 'value' in outcome)).toBe(true)
  const between = times.filter((time) => time > 0 && time < 5_000)
  expect(between.length).toBeGreaterThan(25)
  expect(new Set(between).size).toBe(between.length)
})

test('those who wait for a short lease do not ask all the time', async () => {
  const world = new LockWorld()
  const times = world.times()
  const outcome = watch(world.locks().acquire('job', { wait: '1s' }))
  world.redis.replies.set('AcquireFencedLock', [0, 1])
  await world.clock.advance(1_000)
  expect('value' in outcome).toBe(true)
  expect(times.length).toBeLessThanOrEqual(42)
})

test('waiting ends with the signal, at once and without a trace', async () => {
  const world = new LockWorld()
  await world.locks().acquire('job', { ttl: '1h' })
  const controller = new AbortController()
  const outcome = watch(world.locks().acquire('job', { wait: '1m', signal: controller.signal }))
  await world.clock.advance(1_000)
  world.redis.take()
  controller.abort(new Error('enough'))
  await settle()
  expect(outcome.error).toEqual(new Error('enough'))
  expect(world.clock.pending).toBe(1) // of the holder
  await world.clock.advance(60_000)
  expect(world.redis.take()).toEqual([]) // nothing was on its way, so that nothing is given back
})

test('an aborted signal sends nothing', async () => {
  const world = new LockWorld()
  const signal = AbortSignal.abort(new Error('gone'))
  await expect(world.locks().acquire('job', { signal })).rejects.toThrow('gone')
  expect(world.redis.take()).toEqual([])
})

test('what is on its way when the signal aborts is given back behind the call', async () => {
  const world = new LockWorld()
  const gate = world.hold('AcquireFencedLock', 'after')
  const controller = new AbortController()
  const outcome = watch(world.locks().acquire('job', { signal: controller.signal }))
  await gate.reached
  controller.abort(new Error('enough'))
  await settle()
  expect(outcome.error).toEqual(new Error('enough'))
  await settle()
  expect(world.redis.take()).toEqual([['AcquireFencedLock'], ['ReleaseFencedLock']])
  expect(world.held('job')).toMatch(/^\|/)
  world.redis.after = undefined
  expect(await world.locks().acquire('job')).toBeDefined()
})

test.each(['BREAKER_OPEN', 'L2_AUTH', 'L2_RATE_LIMITED', 'LOCK_LOST'] as const)(
  'the same where the reason is an error of the cache, %s, and no failure is told of',
  async (code) => {
    const world = new LockWorld()
    const cache = world.isolate() as HybridCache<true>
    const errors = record(cache, 'error')
    const gate = world.hold('AcquireFencedLock', 'after')
    const controller = new AbortController()
    const reason = new CacheError(code, 'enough')
    const outcome = watch(createLocks({ cache }).acquire('job', { signal: controller.signal }))
    await gate.reached
    controller.abort(reason)
    await settle()
    expect(outcome.error).toBe(reason)
    expect(world.redis.take()).toEqual([['AcquireFencedLock'], ['ReleaseFencedLock']])
    expect(world.held('job')).toMatch(/^\|/)
    expect(errors).toEqual([])
  },
)

test('a request that is given up and runs late, after all, takes nothing', async () => {
  const world = new LockWorld()
  const gate = world.hold('AcquireFencedLock', 'before')
  const controller = new AbortController()
  const outcome = watch(world.locks().acquire('job', { signal: controller.signal }))
  await gate.reached
  controller.abort(new Error('enough'))
  await settle()
  expect(outcome.error).toBeDefined()
  gate.open() // the fake heeds no signal: it runs now
  await settle()
  expect(world.held('job')).toMatch(/^\|/)
})

test('a lost answer is asked for again, and the lock is there with the same fence', async () => {
  const world = new LockWorld()
  world.loseAnswers(1)
  const outcome = watch(world.locks().acquire('job', { ttl: '10s' }))
  await world.clock.advance(100)
  expect(world.redis.take()).toEqual([['AcquireFencedLock'], ['AcquireFencedLock']])
  const { fence } = outcome.value as { fence: number }
  expect(world.held('job')).toMatch(new RegExp(`^${fence}\\|`))
  expect(await world.locks().acquire('job')).toBeUndefined()
})

test('where all answers are lost the call rejects, and what it may have been granted is given back', async () => {
  const world = new LockWorld()
  const cache = world.isolate() as HybridCache<true>
  const errors = record(cache, 'error')
  world.loseAnswers(2)
  const outcome = watch(createLocks({ cache }).acquire('job', { wait: '1m' }))
  await world.clock.advance(200)
  expect(outcome.error).toMatchObject({ code: 'L2_NETWORK' })
  expect(errors).toEqual([{ operation: 'lock', error: outcome.error }])
  expect(world.redis.take().flat()).toEqual(['AcquireFencedLock', 'AcquireFencedLock', 'ReleaseFencedLock'])
  expect(world.held('job')).toMatch(/^\|/)
})

test('a deadline rejects, and what comes of it later is given back', async () => {
  const world = new LockWorld()
  const gate = world.hold('AcquireFencedLock', 'after')
  const outcome = watch(world.locks({ l2: { timeout: '1s' } }).acquire('job'))
  await gate.reached
  await world.clock.advance(1_000)
  expect(outcome.error).toMatchObject({ code: 'L2_TIMEOUT' })
  await settle()
  expect(world.held('job')).toMatch(/^\|/)
})

test('what goes on behind the call is handed to the request', async () => {
  const world = new LockWorld()
  const kept: Promise<unknown>[] = []
  const cache = (world.isolate() as HybridCache<true>).bind({ waitUntil: (work) => void kept.push(work) })
  world.loseAnswers(2)
  const outcome = watch(createLocks({ cache }).acquire('job'))
  await world.clock.advance(200)
  expect(outcome.error).toBeDefined()
  expect(kept).toHaveLength(1)
  await Promise.all(kept)
  expect(world.held('job')).toMatch(/^\|/)
})

test('the breaker is heeded: nothing is sent, and nothing pretended', async () => {
  const world = new LockWorld()
  const cache = world.isolate({ breaker: { failures: 2 }, l2: { retries: 0 } }) as HybridCache<true>
  const locks = createLocks({ cache })
  world.cut()
  await expect(locks.acquire('job')).rejects.toMatchObject({ code: 'L2_NETWORK' })
  await settle() // what is given back behind the call fails too
  world.redis.take()
  await expect(locks.acquire('job', { wait: '1h' })).rejects.toMatchObject({ code: 'BREAKER_OPEN' })
  await settle()
  expect(world.redis.take()).toEqual([])
})

test.each([
  ['L2_AUTH', 'WRONGPASS invalid password'],
  ['L2_RATE_LIMITED', 'ERR max requests limit exceeded'],
])('what was refused with %s was not granted, so that nothing is given back', async (code, text) => {
  const world = new LockWorld()
  world.redis.replies.set('AcquireFencedLock', new RedisReplyError(text))
  await expect(world.locks().acquire('job')).rejects.toMatchObject({ code })
  await settle()
  expect(world.redis.take()).toEqual([['AcquireFencedLock']])
})

test.each([
  ['a number', 5],
  ['a text', 'OK'],
  ['too little', [1]],
  ['too much', [1, 2, 3]],
  ['texts', ['1', '2']],
  ['something negative', [-1, 5]],
])('an answer that is %s is no lock', async (_, reply) => {
  const world = new LockWorld()
  world.redis.replies.set('AcquireFencedLock', reply)
  await expect(world.locks().acquire('job')).rejects.toMatchObject({ code: 'L2_REPLY' })
})

test('a lock whose lease is over when the answer comes is none, and is given back', async () => {
  const world = new LockWorld()
  world.redis.after = () => void world.clock.jump(90)
  await expect(world.locks().acquire('job', { ttl: 100 })).rejects.toMatchObject({ code: 'L2_TIMEOUT' })
  await settle()
  expect(world.held('job')).toMatch(/^\|/)
  world.redis.after = () => void world.clock.jump(89)
  const lock = await world.locks().acquire('job', { ttl: 100 })
  expect(lock?.remaining).toBe(1)
})
