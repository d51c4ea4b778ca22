import { describe, expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'

const life = { ttl: '1h', localTtl: '1h', staleIfError: '1h', tags: ['t'] } as const
const failing = (): Promise<never> => Promise.reject(new Error('the origin fails'))

/** An isolate that has a copy, learns from the log what another did, and is then left without Redis and origin. */
async function afterNews(invalidate: (cache: HybridCache) => Promise<unknown>): Promise<unknown> {
  const world = new World()
  const [one, other] = [await world.warm({ l2: { retries: 0 } }), await world.warm()]
  await one.set('k', 'v', life)
  await invalidate(other)
  await world.clock.advance(5000)
  await one.get('another')
  expect(one.getLocal('k')).toBeUndefined()
  world.cut()
  return one.getOrCreate('k', failing, life).catch((error: Error) => error.message)
}

describe('a copy of what the log says was', () => {
  test.each<[string, (cache: HybridCache) => Promise<unknown>]>([
    ['expired', (cache) => cache.expire('k')],
    ['expired by its tag', (cache) => cache.expireByTag('t')],
  ])('%s is of use where nothing better can be had', async (_, invalidate) => {
    expect(await afterNews(invalidate)).toBe('v')
  })

  test.each<[string, (cache: HybridCache) => Promise<unknown>]>([
    ['set', (cache) => cache.set('k', 'new')],
    ['removed', (cache) => cache.remove('k')],
    ['removed by its tag', (cache) => cache.removeByTag('t')],
    ['cleared', (cache) => cache.clear()],
  ])('%s is of no use at all', async (_, invalidate) => {
    expect(await afterNews(invalidate)).toBe('the origin fails')
  })

  test('cleared in a namespace is gone there, and stays elsewhere', async () => {
    const world = new World()
    const [one, other] = [await world.warm(), await world.warm()]
    const far = { ttl: '1h', localTtl: '1h' } as const
    await one.set('k', 'root', far)
    await one.namespace('n').set('k', 'n', far)
    await one.namespace('m').set('k', 'm', far)
    await other.namespace('n').clear()
    await world.clock.advance(5000)
    await one.get('another')
    expect(['n', 'm'].map((name) => one.namespace(name).getLocal('k'))).toEqual([undefined, 'm'])
    expect(one.getLocal('k')).toBe('root')
  })
})

test('a read of L2 extends what slides in the second half of its window only, and nothing else ever', async () => {
  const world = new World()
  const [one, other] = [await world.warm(), await world.warm()]
  await one.set('slides', 1, { ttl: '1h', sliding: '10s' })
  await one.set('stays', 1, { ttl: '4s' })
  const reads = async (): Promise<string[]> => {
    world.redis.take()
    await other.get('slides', { l1: false })
    await other.get('stays', { l1: false })
    await settle()
    return world.redis
      .take()
      .flat()
      .filter((name) => name === 'SlideEntry')
  }
  expect(await reads()).toEqual([])
  await world.clock.advance(3000)
  expect(await reads()).toEqual([])
  await world.clock.advance(3000)
  expect(await reads()).toEqual(['SlideEntry'])
})

test.each<[string, (cache: HybridCache) => Promise<unknown>, unknown]>([
  ['expired', (cache) => cache.expire('k'), 'v'],
  ['removed', (cache) => cache.remove('k'), 'the origin fails'],
])('a replica that has not heard yet that a key was %s here is not believed', async (_, write, left) => {
  const world = new World()
  const cache = await world.warm()
  await cache.set('k', 'v', life)
  const before = world.redis.values.get('hc:e:k')
  await write(cache)
  world.redis.values.set('hc:e:k', before!)
  expect(await cache.get('k')).toBeUndefined()
  expect(await cache.get('k', { l1: false })).toBeUndefined()
  const made = cache.getOrCreate('k', failing, { ...life, l1: false }).catch((error: Error) => error.message)
  expect(await made).toBe(left)
})
