import { expect, test } from 'vitest'
import { World } from '../../support/world.ts'

test('a read of L1 with a schema takes what it accepts from there, and says so', async () => {
  const notes: unknown[] = []
  const world = new World()
  const cache = await world.warm()
  cache.on('hit', (event) => notes.push(event.tier))
  const any = {
    '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
  } as const
  await cache.set('k', 'v')
  expect(await cache.get('k', { schema: any })).toBe('v')
  expect(notes).toEqual(['l1'])
  expect(world.redis.take()).toEqual([['SetEntry']])
})

test('what a get misses in both tiers it says once', async () => {
  const world = new World()
  const cache = await world.warm()
  const misses: unknown[] = []
  cache.on('miss', (event) => misses.push(event))
  await cache.get('k')
  expect(misses).toEqual([{ operation: 'get' }])
})

test('the hits and misses of L1 are counted, also for what is dead there', async () => {
  const world = new World()
  const cache = await world.warm()
  const before = cache.stats().l1
  await cache.set('k', 'v', { tags: ['t'] })
  expect(cache.getLocal('k')).toBe('v')
  expect(cache.getLocal('other')).toBeUndefined()
  await cache.removeByTag('t')
  expect(cache.stats().l1.entries).toBe(1)
  expect(cache.getLocal('k')).toBeUndefined()
  const { hits, misses, entries } = cache.stats().l1
  expect([hits - before.hits, misses - before.misses, entries]).toEqual([1, 2, 0])
})

test('reads of one tick that need other tags ask for those too', async () => {
  const world = new World()
  const [one, other] = [await world.warm(), await world.warm()]
  await other.set('a', 1, { tags: ['x'] })
  await other.set('b', 2, { tags: ['y'] })
  await other.removeByTag('y')
  world.redis.take()
  const values = await Promise.all([one.get('a', { tags: ['x'] }), one.get('b', { tags: ['y'] })])
  expect(values).toEqual([1, undefined])
  const names = world.redis.take()
  expect(names).toEqual([['MGET', 'GET', 'MGET', 'GET']])
})
