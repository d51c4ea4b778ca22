import { expect, test } from 'vitest'
import type { Lock } from '../../../src/lock/index.ts'
import { watch } from '../../support/world.ts'
import { held, LockWorld, lost } from './support.ts'

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

test('errors name neither the lock nor its token', async () => {
  const { world, lock } = await held({ ttl: 1_000 })
  const token = world.held('job')?.split('|')[1] ?? ''
  await world.clock.advance(1_000)
  const text = JSON.stringify([String(lock.signal.reason), (lock.signal.reason as Error).stack])
  expect(token).toHaveLength(36)
  expect(text).not.toContain(token)
  expect(text).not.toContain('job')
})
