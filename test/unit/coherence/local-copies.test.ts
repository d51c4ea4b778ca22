import { describe, expect, test } from 'vitest'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'

const life = { ttl: '10s', localTtl: '4s', staleIfError: '1h' } as const
const failing = (): Promise<never> => Promise.reject(new Error('the origin fails'))

describe('a copy in L1 of what L2 no longer has', () => {
  test('is of no use once that was seen, not even where nothing better can be had', async () => {
    const world = new World()
    const [one, other] = [await world.warm({ l2: { retries: 0 } }), await world.warm()]
    await one.set('k', 'old', life)
    await world.clock.advance(4000)
    await other.remove('k')
    expect(await one.get('k')).toBeUndefined()
    world.cut()
    await expect(one.getOrCreate('k', failing, life)).rejects.toThrow('the origin fails')
  })

  test('stays while it is fresh: it is trusted for as long as that', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'v', life)
    world.redis.values.clear()
    expect(await cache.get('k', { l1: false })).toBeUndefined()
    expect(cache.getLocal('k')).toBe('v')
  })
})

test('a copy that is stale makes room for what is fresh in L2, though that is older', async () => {
  const world = new World()
  const [writer, cache] = [await world.warm(), await world.warm()]
  await writer.set('k', 'in L2', { ttl: '1h' })
  await writer.set('later', 1)
  await cache.get('later')
  const alone = { l2: false, ttl: '1s', staleIfError: '1h' } as const
  expect(await cache.getOrCreate('k', () => 'here', alone)).toBe('here')
  await world.clock.advance(2000)
  expect(await cache.get('k')).toBe('in L2')
  expect(cache.getLocal('k')).toBe('in L2')
})

test('news of an expiry leaves alone what was set after it', async () => {
  const world = new World()
  const [one, other] = [await world.warm(), await world.warm()]
  await other.expire('k')
  await one.set('k', 'new', { localTtl: '1h', ttl: '1h' })
  await world.clock.advance(5000)
  await one.get('another')
  expect(one.getLocal('k')).toBe('new')
})

test('the end of a sliding entry, told late, leaves alone what was set meanwhile', async () => {
  const world = new World()
  const cache = await world.warm()
  const sliding = { ttl: '1m', sliding: '10s', localTtl: '1m' } as const
  await cache.set('k', 'old', sliding)
  await world.clock.advance(6000)
  world.redis.replies.set('SlideEntry', 0)
  const gate = world.hold('SlideEntry')
  expect(cache.getLocal('k')).toBe('old')
  await gate.reached
  await cache.set('k', 'new', sliding)
  gate.open()
  await settle()
  expect(cache.getLocal('k')).toBe('new')
})

test('V11: a copy that a forgotten tag may have condemned is not believed', async () => {
  const cache = new World().memoryOnly()
  await cache.set('k', 'v', { tags: ['t'] })
  await cache.removeByTag('t')
  for (let i = 0; i < 320; i++)
    await cache.removeByTag(Array.from({ length: 32 }, (_, n) => `other ${i} ${n}`))
  expect(cache.getLocal('k')).toBeUndefined()
  expect(await cache.get('k')).toBeUndefined()
})
