import { expect, test } from 'vitest'
import { Origin } from '../../support/origin.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'

// An invalidation that could not be sent is told to its caller, and L1 lets go all the same: whether Redis did it nobody knows.

const invalidations = ['removeByTag', 'expireByTag', 'clear'] as const

test.each(invalidations)('%s that fails rejects, and what L1 held of it is gone', async (name) => {
  const world = new World()
  const cache = await world.warm()
  await cache.set('tagged', 1, { tags: ['t'] })
  await cache.set('other', 2, { tags: ['u'] })
  world.redis.before = () => {
    throw new TypeError('fetch failed')
  }
  const failing = expect(name === 'clear' ? cache.clear() : cache[name]('t')).rejects.toMatchObject({
    code: 'L2_NETWORK',
    retryable: true,
  })
  await world.clock.advance(1000)
  await failing
  expect(cache.getLocal('tagged')).toBeUndefined()
  expect(cache.getLocal('other')).toBe(name === 'clear' ? undefined : 2)
})

test('nobody joins a load of what may have been invalidated', async () => {
  const world = new World()
  const cache = await world.warm()
  const origin = new Origin<string>()
  const first = cache.getOrCreate('k', origin.factory, { tags: ['t'] })
  await settle()
  world.redis.replies.set('InvalidateTags', 'nonsense')
  await expect(cache.removeByTag('t')).rejects.toThrow()
  world.redis.replies.clear()
  const second = cache.getOrCreate('k', origin.factory, { tags: ['t'] })
  await settle()
  expect(origin.runs).toHaveLength(2)
  for (const run of origin.runs) run.finish('v')
  await Promise.all([first, second])
})

test('where it is not known whether a namespace was cleared, it lets go of its own copies, and of no others', async () => {
  const world = new World()
  const cache = await world.warm({ l2: { retries: 0 } })
  await cache.set('k', 'root')
  await cache.namespace('n').set('k', 'n')
  world.cut()
  await expect(cache.namespace('n').clear()).rejects.toMatchObject({ code: 'L2_NETWORK' })
  expect(cache.namespace('n').getLocal('k')).toBeUndefined()
  expect(cache.getLocal('k')).toBe('root')
})
