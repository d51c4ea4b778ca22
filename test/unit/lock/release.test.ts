import { expect, test } from 'vitest'
import { settle } from '../../support/manual-clock.ts'
import { watch } from '../../support/world.ts'
import { held, LockWorld, lost } from './support.ts'

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
