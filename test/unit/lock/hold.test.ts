import { expect, test } from 'vitest'
import type { CacheOptions, HybridCache } from '../../../src/index.ts'
import { createLocks, type Lock, type LockOptions } from '../../../src/lock/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { record, watch } from '../../support/world.ts'
import { LockWorld } from './support.ts'

const lost = expect.objectContaining({ name: 'CacheError', code: 'LOCK_LOST' }) as unknown

async function held(
  options: LockOptions = {},
  cacheOptions: CacheOptions = {},
): Promise<{ world: LockWorld; lock: Lock; errors: { error: unknown }[] }> {
  const world = new LockWorld()
  const cache = world.isolate(cacheOptions) as HybridCache<true>
  const errors = record(cache, 'error')
  const lock = await createLocks({ cache }).acquire('job', options)
  world.redis.take()
  return { world, lock: lock as Lock, errors }
}

test.each([
  [100, 90],
  [5_000, 4_500],
  [10_000, 9_000],
  [60_000, 59_000],
])('the signal of a lease of %i ms aborts after %i', async (ttl, end) => {
  const { world, lock, errors } = await held({ ttl })
  expect(lock.remaining).toBe(end)
  await world.clock.advance(end - 1)
  expect([lock.signal.aborted, lock.remaining]).toEqual([false, 1])
  await world.clock.advance(1)
  expect([lock.signal.aborted, lock.remaining]).toEqual([true, 0])
  expect(lock.signal.reason).toEqual(lost)
  expect(world.redis.take()).toEqual([])
  expect(errors).toEqual([]) // it was to end
  expect(world.clock.pending).toBe(0)
})

test('the lease counts from before it was asked for', async () => {
  const world = new LockWorld()
  world.redis.before = () => void world.clock.jump(300)
  world.redis.after = () => void world.clock.jump(400)
  const lock = await world.locks().acquire('job', { ttl: 10_000 })
  expect(lock?.remaining).toBe(8_300)
})

test('after a lost answer it counts from before the first request', async () => {
  const world = new LockWorld()
  world.loseAnswers(1)
  const since = world.clock.monotonic()
  const outcome = watch(world.locks().acquire('job', { ttl: 10_000 }))
  await world.clock.advance(100)
  expect((outcome.value as Lock).remaining).toBe(9_000 - (world.clock.monotonic() - since))
})

test('a process that stood still finds its lock lost before any timer has run', async () => {
  const { world, lock } = await held({ ttl: 10_000 })
  const { signal } = lock
  world.clock.jump(9_000)
  expect(signal.aborted).toBe(false) // nobody could tell it
  expect(lock.remaining).toBe(0)
  expect(await lock.extend()).toBe(false)
  expect(signal.reason).toEqual(lost)
  expect(world.redis.take()).toEqual([])
})

test('a suspended machine, whose monotonic clock stood still, finds its lock lost', async () => {
  const { world, lock } = await held({ ttl: 10_000 })
  world.clock.set(world.clock.now() + 8_999)
  expect(lock.remaining).toBe(1)
  world.clock.set(world.clock.now() + 1)
  expect(lock.remaining).toBe(0)
  expect(lock.signal.reason).toEqual(lost)
})

test('a wall clock that was set back makes no lease longer', async () => {
  const { world, lock } = await held({ ttl: 10_000 })
  world.clock.set(world.clock.now() - 3_600_000)
  await world.clock.advance(8_999)
  expect(lock.remaining).toBe(1)
  await world.clock.advance(1)
  expect(lock.signal.aborted).toBe(true)
})

test('reading the signal is enough', async () => {
  const { world, lock } = await held({ ttl: 10_000 })
  world.clock.jump(9_000)
  expect(lock.signal.aborted).toBe(true)
})

test('a third of the lease after it was asked for, it is extended by itself', async () => {
  const { world, lock } = await held({ ttl: 9_000, autoExtend: true })
  const times = world.times()
  await world.clock.advance(30_000)
  expect(times).toEqual(Array.from({ length: 10 }, (_, i) => (i + 1) * 3_000))
  expect(world.redis.take()).toEqual(times.map(() => ['ExtendLock']))
  expect(lock.signal.aborted).toBe(false)
  expect(lock.remaining).toBe(8_100)
  expect(await world.locks().acquire('job')).toBeUndefined()
  expect(await lock.release()).toBe('released')
  await world.clock.advance(60_000)
  expect(world.clock.pending).toBe(0)
})

test('acquire does not extend unless it is told to', async () => {
  const { world } = await held({ ttl: 9_000 })
  await world.clock.advance(8_000)
  expect(world.redis.take()).toEqual([])
})

test('an extension that fails is tried again, and one that helps keeps the lock', async () => {
  const { world, lock, errors } = await held({ ttl: 9_000, autoExtend: true }, { l2: { retries: 0 } })
  world.cut()
  await world.clock.advance(3_000)
  expect(errors).toHaveLength(1)
  await world.clock.advance(999)
  expect(errors).toHaveLength(1)
  world.redis.before = undefined
  await world.clock.advance(1)
  expect(errors).toHaveLength(1)
  expect(lock.remaining).toBe(8_100)
  await world.clock.advance(20_000)
  expect(lock.signal.aborted).toBe(false)
})

test('extensions that all fail end with the lease, after a handful of requests', async () => {
  const { world, lock, errors } = await held(
    { ttl: 9_000, autoExtend: true },
    { l2: { retries: 0 }, breaker: 'off' },
  )
  const { signal } = lock
  world.cut()
  await world.clock.advance(8_099)
  expect(signal.aborted).toBe(false)
  await world.clock.advance(1)
  expect(signal.reason).toEqual(lost)
  expect(world.redis.take().length).toBeLessThanOrEqual(6)
  expect(errors.at(-1)).toEqual({ operation: 'lock', error: signal.reason as unknown })
  expect(world.clock.pending).toBe(0)
  await world.clock.advance(60_000)
  expect(world.redis.take()).toEqual([])
})

test('an extension that comes too late does not bring the lock back', async () => {
  const { world, lock } = await held({ ttl: 3_000, autoExtend: true }, { l2: { timeout: '1m' } })
  const gate = world.hold('ExtendLock', 'after')
  await world.clock.advance(1_000)
  await gate.reached
  await world.clock.advance(1_700)
  expect(lock.signal.reason).toEqual(lost)
  gate.open()
  await settle()
  expect(lock.remaining).toBe(0)
  expect(world.clock.pending).toBe(0)
})

test('an answer that took longer than the lease it began extends nothing', async () => {
  const { world, lock } = await held({ ttl: 1_000 })
  world.redis.after = () => void world.clock.jump(895)
  expect(await lock.extend()).toBe(true)
  expect(lock.remaining).toBe(5)
  world.redis.after = () => void world.clock.jump(900)
  expect(await lock.extend()).toBe(false)
  expect(lock.signal.aborted).toBe(true)
})

test('an extension that finds the lock gone aborts at once', async () => {
  const { world, lock, errors } = await held({ ttl: 9_000, autoExtend: true })
  world.redis.flush()
  const other = await world.locks().acquire('job')
  await world.clock.advance(2_999)
  expect(lock.signal.aborted).toBe(false)
  await world.clock.advance(1)
  expect(lock.signal.reason).toEqual(lost)
  expect(errors).toEqual([{ operation: 'lock', error: lock.signal.reason as unknown }])
  expect(await lock.release()).toBe('lost')
  expect(other?.signal.aborted).toBe(false)
  expect(world.held('job')).toBe(`${other?.fence}|${world.held('job')?.split('|')[1]}`)
})

test('extend() begins the lease anew, and says whether it could', async () => {
  const { world, lock } = await held({ ttl: 10_000 })
  await world.clock.advance(8_999)
  expect(await lock.extend()).toBe(true)
  expect(lock.remaining).toBe(9_000)
  await world.clock.advance(8_999)
  world.redis.flush()
  expect(await lock.extend()).toBe(false)
  expect(lock.signal.aborted).toBe(true)
  world.redis.take()
  expect(await lock.extend()).toBe(false)
  expect(world.redis.take()).toEqual([])
})

test('extend() rejects where Redis fails, and the lease goes on', async () => {
  const { world, lock } = await held({ ttl: 10_000 }, { l2: { retries: 0 } })
  world.cut()
  await expect(lock.extend()).rejects.toMatchObject({ code: 'L2_NETWORK' })
  expect([lock.signal.aborted, lock.remaining]).toEqual([false, 9_000])
  await world.clock.advance(9_000)
  expect(lock.signal.aborted).toBe(true)
})

test('of two extensions at once the later one counts', async () => {
  const { world, lock } = await held({ ttl: 10_000 })
  const gate = world.hold('ExtendLock', 'after')
  const first = lock.extend()
  await gate.reached
  await world.clock.advance(500)
  world.redis.after = undefined
  expect(await lock.extend()).toBe(true)
  expect(lock.remaining).toBe(9_000)
  gate.open()
  expect(await first).toBe(true)
  expect(lock.remaining).toBe(9_000)
})

test('it is not extended by itself beyond maxHold', async () => {
  const { world, lock, errors } = await held({ ttl: 9_000, autoExtend: true, maxHold: '20s' })
  await world.clock.advance(9_000)
  expect(world.redis.take()).toHaveLength(3) // at 3, 6 and 9 s; at 12 s it would last until 21
  await world.clock.advance(8_099)
  expect(lock.signal.aborted).toBe(false)
  await world.clock.advance(1)
  expect(lock.signal.reason).toEqual(lost)
  expect(String(lock.signal.reason)).toContain('maxHold')
  expect(errors).toHaveLength(1)
  expect(world.redis.take()).toEqual([])
})

test('by default that is after a quarter of an hour', async () => {
  const { world, lock } = await held({ ttl: '10s', autoExtend: true })
  const { signal } = lock
  await world.clock.advance(895_000)
  expect(signal.aborted).toBe(false)
  await world.clock.advance(5_000)
  expect(signal.aborted).toBe(true)
  expect(world.clock.pending).toBe(0)
})

test('a lock is given back once, however often that is asked', async () => {
  const { world, lock } = await held()
  expect(await Promise.all([lock.release(), lock.release()])).toEqual(['released', 'released'])
  expect(await lock.release()).toBe('released')
  expect(world.redis.take()).toEqual([['ReleaseFencedLock']])
  expect(lock.signal.aborted).toBe(false)
  expect(lock.remaining).toBe(0)
  expect(await lock.extend()).toBe(false)
  await world.clock.advance(60_000)
  expect(lock.signal.aborted).toBe(false)
  expect(world.redis.take()).toEqual([])
})

test('what had ended is told from what somebody took', async () => {
  const first = await held({ ttl: 1_000 })
  await first.world.clock.advance(1_000)
  expect(await first.lock.release()).toBe('expired')
  const second = await held({ ttl: 1_000 })
  await second.world.clock.advance(1_000)
  const other = await second.world.locks().acquire('job')
  expect(await other?.release()).toBe('released')
  expect(await second.lock.release()).toBe('lost')
})

test('a release whose answer is lost says what it was all the same', async () => {
  const { world, lock } = await held()
  world.loseAnswers(1)
  const outcome = watch(lock.release())
  await world.clock.advance(100)
  expect(outcome.value).toBe('released')
  expect(world.redis.take()).toHaveLength(2)
})

test('a release that fails rejects, and may be tried again', async () => {
  const { world, lock } = await held({}, { l2: { retries: 0 } })
  world.cut()
  await expect(lock.release()).rejects.toMatchObject({ code: 'L2_NETWORK' })
  world.redis.before = undefined
  expect(await lock.release()).toBe('released')
})

test('an extension on its way when the lock is given back changes nothing any more', async () => {
  const { world, lock } = await held({ ttl: 9_000, autoExtend: true })
  const gate = world.hold('ExtendLock', 'before')
  await world.clock.advance(3_000)
  await gate.reached
  expect(await lock.release()).toBe('released')
  gate.open()
  await settle()
  expect(lock.signal.aborted).toBe(false)
  expect(world.held('job')).toMatch(/^\|/)
  expect(world.clock.pending).toBe(0)
})

test('a release that finds the lock gone aborts the signal', async () => {
  const { world, lock } = await held()
  world.redis.flush()
  expect(await lock.release()).toBe('expired')
  expect(lock.signal.reason).toEqual(lost)
})

test('await using gives it back, and fails nobody’s work', async () => {
  const world = new LockWorld()
  {
    await using lock = await world.locks().acquire('job')
    expect(lock).toBeDefined()
    await using none = await world.locks().acquire('job')
    expect(none).toBeUndefined()
  }
  expect(world.held('job')).toMatch(/^\|/)
  {
    await using lock = await world.locks({ l2: { retries: 0 } }).acquire('job')
    expect(lock).toBeDefined()
    world.cut()
  }
})

test('errors name neither the lock nor its token', async () => {
  const { world, lock } = await held({ ttl: 1_000 })
  const token = world.held('job')?.split('|')[1] ?? ''
  await world.clock.advance(1_000)
  const text = JSON.stringify([String(lock.signal.reason), (lock.signal.reason as Error).stack])
  expect(token).toHaveLength(36)
  expect(text).not.toContain(token)
  expect(text).not.toContain('job')
})
