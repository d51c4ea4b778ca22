import { expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { createLocks, type LockContext } from '../../../src/lock/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { Gate, record, watch } from '../../support/world.ts'
import { LockWorld } from './support.ts'

test('the work runs under the lock, and its result is the result', async () => {
  const world = new LockWorld()
  const locks = world.locks()
  const result = await locks.withLock('job', { ttl: '10s' }, async ({ signal, fence, lock }) => {
    expect(world.held('job')).toMatch(new RegExp(`^${fence}\\|`))
    expect([signal.aborted, lock.fence, lock.remaining]).toEqual([false, fence, 9_000])
    expect(await locks.acquire('job')).toBeUndefined()
    return 42
  })
  expect(result).toBe(42)
  expect(world.redis.take().flat()).toEqual(['AcquireFencedLock', 'AcquireFencedLock', 'ReleaseFencedLock'])
  expect(world.held('job')).toMatch(/^\|/)
  expect(world.clock.pending).toBe(0)
})

test('what the work throws is thrown on unchanged, and the lock is given back', async () => {
  const world = new LockWorld()
  const error = new Error('work')
  const fails = (): never => {
    throw error
  }
  await expect(world.locks().withLock('job', {}, fails)).rejects.toBe(error)
  await expect(world.locks().withLock('job', {}, async () => fails())).rejects.toBe(error)
  expect(world.held('job')).toMatch(/^\|/)
})

test('by default it waits for as long as a lease, and outlasts a holder that has died', async () => {
  const world = new LockWorld()
  await world.locks().acquire('job', { ttl: '10s' })
  const outcome = watch(world.locks().withLock('job', { ttl: '10s' }, () => 'ran'))
  await world.clock.advance(10_000)
  expect(outcome.value).toBe('ran')
})

test('LOCK_TIMEOUT says that somebody else had it for all of the wait', async () => {
  const world = new LockWorld()
  const cache = world.isolate() as HybridCache<true>
  const errors = record(cache, 'error')
  await world.locks().acquire('job', { ttl: '1m' })
  let ran = false
  const outcome = watch(createLocks({ cache }).withLock('job', { wait: '3s' }, () => (ran = true)))
  await world.clock.advance(2_999)
  expect(outcome).toEqual({})
  await world.clock.advance(1)
  expect(outcome.error).toMatchObject({ name: 'CacheError', code: 'LOCK_TIMEOUT', retryable: true })
  expect(errors).toEqual([{ operation: 'lock', error: outcome.error }])
  await expect(world.locks().withLock('job', { wait: false }, () => 1)).rejects.toMatchObject({
    code: 'LOCK_TIMEOUT',
  })
  expect(ran).toBe(false)
})

test('the lease is extended for as long as the work goes on, and no longer', async () => {
  const world = new LockWorld()
  const gate = new Gate()
  const outcome = watch(world.locks().withLock('job', { ttl: '9s' }, () => gate.pass()))
  await world.clock.advance(30_000)
  expect(world.redis.take()).toHaveLength(11)
  gate.open()
  await settle()
  expect('value' in outcome).toBe(true)
  expect(world.redis.take()).toEqual([['ReleaseFencedLock']])
  expect(world.clock.pending).toBe(0)
})

test('with autoExtend off it is not', async () => {
  const world = new LockWorld()
  const gate = new Gate()
  let context: LockContext | undefined
  const outcome = watch(
    world.locks().withLock('job', { ttl: '9s', autoExtend: false }, (given) => {
      context = given
      return gate.pass()
    }),
  )
  await world.clock.advance(8_100)
  expect(context?.signal.reason).toMatchObject({ code: 'LOCK_LOST' })
  gate.open()
  await settle()
  expect('value' in outcome).toBe(true)
})

test('work that goes on although its lock is lost ends as it ends', async () => {
  const world = new LockWorld()
  const cache = world.isolate() as HybridCache<true>
  const errors = record(cache, 'error')
  const gate = new Gate()
  let context: LockContext | undefined
  const outcome = watch(
    createLocks({ cache }).withLock('job', { ttl: '9s' }, async (given) => {
      context = given
      await gate.pass()
      return 'done'
    }),
  )
  await gate.reached
  await world.clock.advance(1)
  world.redis.flush()
  const other = await world.locks().acquire('job')
  await world.clock.advance(3_000)
  expect(context?.signal.reason).toMatchObject({ code: 'LOCK_LOST' })
  gate.open()
  await settle()
  expect(outcome.value).toBe('done')
  expect(errors.map(({ error }) => error.code)).toEqual(['LOCK_LOST'])
  expect(other?.fence).toBeGreaterThan(context?.fence ?? Infinity)
  expect(world.held('job')).toMatch(new RegExp(`^${other?.fence}\\|`))
})

test('a release that fails is an event, and the result is the result', async () => {
  const world = new LockWorld()
  const cache = world.isolate({ l2: { retries: 0 } }) as HybridCache<true>
  const errors = record(cache, 'error')
  const result = await createLocks({ cache }).withLock('job', {}, () => {
    world.cut()
    return 7
  })
  expect(result).toBe(7)
  expect(errors.map(({ error }) => error.code)).toEqual(['L2_NETWORK'])
})

test('the caller’s signal ends the waiting, and aborts the work', async () => {
  const world = new LockWorld()
  await world.locks().acquire('busy', { ttl: '1m' })
  const early = new AbortController()
  const waiting = watch(world.locks().withLock('busy', { signal: early.signal }, () => 1))
  await world.clock.advance(500)
  early.abort(new Error('enough'))
  await settle()
  expect(waiting.error).toEqual(new Error('enough'))

  const late = new AbortController()
  const gate = new Gate()
  let context: LockContext | undefined
  const running = watch(
    world.locks().withLock('free', { signal: late.signal }, async (given) => {
      context = given
      await gate.pass()
      return 'stopped'
    }),
  )
  await gate.reached
  late.abort(new Error('leave'))
  expect(context?.signal.reason).toEqual(new Error('leave'))
  expect(context?.lock.signal.aborted).toBe(false)
  gate.open()
  await settle()
  expect(running.value).toBe('stopped')
  expect(world.held('free')).toMatch(/^\|/)
})

test('with a signal of the caller’s the work hears of a lost lock too', async () => {
  const world = new LockWorld()
  const gate = new Gate()
  let context: LockContext | undefined
  void world.locks().withLock('job', { ttl: '9s', signal: new AbortController().signal }, (given) => {
    context = given
    return gate.pass()
  })
  await gate.reached
  world.redis.flush()
  await world.clock.advance(3_000)
  expect(context?.signal.reason).toMatchObject({ code: 'LOCK_LOST' })
  gate.open()
})

test('many wait for one: each gets its turn, and never two at once', async () => {
  const world = new LockWorld()
  let [inside, most] = [0, 0]
  const fences: number[] = []
  const isolates = Array.from({ length: 20 }, () => world.locks())
  const outcomes = isolates.map((locks) =>
    watch(
      locks.withLock('job', { ttl: '5s', wait: '10m' }, async ({ fence }) => {
        most = Math.max(most, ++inside)
        fences.push(fence)
        await new Promise<void>((resolve) => world.clock.setTimeout(resolve, 700))
        inside--
        return true
      }),
    ),
  )
  await world.clock.advance(120_000)
  expect(outcomes.map(({ value }) => value)).toEqual(isolates.map(() => true))
  expect(most).toBe(1)
  expect(fences).toEqual(fences.toSorted((a, b) => a - b))
})
