import { expect, test } from 'vitest'
import { settle } from '../../support/manual-clock.ts'
import { held, lost } from './support.ts'

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

test('an extension that fails while one by hand succeeds leaves one to come, and none behind', async () => {
  const { world, lock, errors } = await held({ ttl: 9_000, autoExtend: true }, { l2: { retries: 0 } })
  const gate = world.holdNext()
  await world.clock.advance(3_000)
  await gate.reached
  expect(await lock.extend()).toBe(true)
  world.redis.after = () => {
    world.redis.after = undefined
    throw new TypeError('fetch failed')
  }
  gate.open()
  await settle()
  expect(errors).toHaveLength(1)
  expect(world.clock.pending).toBe(2) // the end of the lease, and the next extension
  world.redis.take()
  await world.clock.advance(3_999)
  expect(world.redis.take()).toEqual([['ExtendLock']])
  await lock.release()
  expect(world.clock.pending).toBe(0)
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
