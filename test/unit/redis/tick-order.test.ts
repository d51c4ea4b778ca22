import { describe, expect, test, vi } from 'vitest'
import { getAndExtend, setIfExists, setIfNotExists } from '../../../src/atomic/index.ts'
import { type HybridCache, RedisReplyError } from '../../../src/index.ts'
import { due } from '../../support/coherence.ts'
import { settle } from '../../support/manual-clock.ts'
import { marksOf, reasonOf } from '../../support/origin.ts'
import { watch, World } from '../../support/world.ts'

// On a cold isolate a `set` has to ask for the server's time first. What is called behind it, in the same tick, stays behind it.

describe.each(['cold', 'warm'])('calls of one tick on a %s isolate keep their order', (state) => {
  const prepare = async (): Promise<{ world: World; cache: HybridCache<true> }> => {
    const world = new World()
    await world.isolate().set('k', 'old', { tags: ['t'] })
    const cache = state === 'warm' ? await world.warm() : world.isolate()
    world.redis.take()
    return { world, cache }
  }

  test.each<[string, (cache: HybridCache) => Promise<unknown>]>([
    ['removeByTag', (cache) => cache.removeByTag('t')],
    ['clear', (cache) => cache.clear()],
    ['remove', (cache) => cache.remove('k')],
    [
      'remove of many',
      (cache) => cache.remove(Array.from({ length: 501 }, (_, i) => (i === 500 ? 'k' : `${i}`))),
    ],
    ['expire', (cache) => cache.expire('k')],
    ['expireByTag', (cache) => cache.expireByTag('t')],
  ])('%s ends what was set before, and not what is set behind it', async (_, end) => {
    const { world, cache } = await prepare()
    await Promise.all([
      cache.set('k', 1, { tags: ['t'] }),
      end(cache),
      cache.set('other', 2, { tags: ['t'] }),
    ])
    expect(world.redis.take()).toHaveLength(state === 'cold' ? 2 : 1)
    for (const isolate of [cache, world.isolate()])
      expect([await isolate.get('k'), await isolate.get('other')]).toEqual([undefined, 2])
  })

  test('as they are sent', async () => {
    const { world, cache } = await prepare()
    await Promise.all([
      cache.set('k', 1),
      cache.get('k', { l1: false }),
      cache.remove('k'),
      cache.getOrCreate('k', () => 'made', { stampede: 'global' }),
      cache.set('k', 2),
      getAndExtend(cache, 'k', '1h'),
      cache.expire('k'),
      cache.set('k', 3),
      cache.removeByTag('t'),
      cache.getMany(['k', 'other'], { l1: false }),
      cache.set('k', 4),
      cache.clear(),
      cache.setMany([['k', 5]]),
    ])
    expect(world.redis.take()[state === 'cold' ? 1 : 0]).toEqual([
      'SetEntry',
      'GET',
      'RemoveEntries',
      'LeaseEntry',
      'SetEntry',
      'GetAndExtendEntries',
      'ExpireEntries',
      'SetEntry',
      'InvalidateTags',
      'MGET',
      'SetEntry',
      'InvalidateTags',
      'SetEntry',
    ])
    expect(await world.isolate().get('k')).toBe(5)
  })

  test('getAndExtend extends what was set', async () => {
    const { world, cache } = await prepare()
    const [, value] = await Promise.all([
      cache.set('k', 'set', { ttl: '1m' }),
      getAndExtend(cache, 'k', '1h'),
      cache.set('other', 1),
    ])
    expect(value).toBe('set')
    expect(world.redis.take()).toHaveLength(state === 'cold' ? 2 : 1)
    await world.clock.advance('30m')
    expect(await cache.get('k')).toBe('set')
  })

  test('a load of which the fleet makes one finds what was set, and leaves no lease', async () => {
    const { world, cache } = await prepare()
    const factory = vi.fn(() => 'made')
    const [, value] = await Promise.all([
      cache.set('k', 'set'),
      cache.getOrCreate('k', factory, { stampede: 'global' }),
    ])
    expect([value, factory.mock.calls]).toEqual(['set', []])
    expect([...world.redis.values.keys()].filter((key) => key.startsWith('hc:l:'))).toEqual([])
  })

  test('setIfNotExists and setIfExists', async () => {
    const { world, cache } = await prepare()
    await expectInOrder(world, cache)
  })
})

test('conditional writes keep their order in a namespace that is new to an isolate', async () => {
  const world = new World()
  await expectInOrder(world, world.isolate().namespace('shop'))
})

test('conditional writes keep their order, and send nothing more, when a poll of the log is due', async () => {
  const world = new World()
  const cache = await world.warm()
  await world.clock.advance(due)
  world.redis.take()
  await expectInOrder(world, cache, 1)
})

async function expectInOrder(world: World, cache: HybridCache<true>, requests?: number): Promise<void> {
  const results = await Promise.all([
    cache.set('k', 1),
    setIfNotExists(cache, 'k', 2),
    cache.remove('k'),
    setIfExists(cache, 'k', 3),
    setIfNotExists(cache, 'k', 4, { tags: ['t'] }),
    cache.removeByTag('t'),
  ])
  expect([1, 3, 4].map((i) => results[i])).toEqual([false, false, true])
  const sent = world.redis.take()
  expect(sent.at(-1)).toHaveLength(results.length)
  if (requests !== undefined) expect(sent).toHaveLength(requests)
  expect(await cache.get('k')).toBeUndefined()
}

describe('what waits for a set that asks for the time', () => {
  const calls: [string, (cache: HybridCache<true>) => Promise<unknown>][] = [
    ['remove', (cache) => cache.remove('k')],
    ['expire', (cache) => cache.expire('k')],
    ['removeByTag', (cache) => cache.removeByTag('t')],
    ['clear', (cache) => cache.clear()],
    ['getAndExtend', (cache) => getAndExtend(cache, 'k', '1h')],
    ['getOrCreate', (cache) => cache.getOrCreate('k', () => 'made', { stampede: 'global' })],
  ]

  test.each(calls)('%s is done though the time cannot be had', async (_, call) => {
    const world = new World()
    await world.isolate().set('k', 'old', { tags: ['t'] })
    const cache = world.isolate()
    world.redis.replies.set('TIME', new RedisReplyError('NOPERM'))
    const set = reasonOf(cache.set('k', 'new'))
    await call(cache)
    expect(await set).toMatchObject({ code: 'L2_AUTH' })
    expect(marksOf(cache)).toBe(0)
  })

  test.each(calls)('%s waits for one deadline where that is all it takes to fail', async (name, call) => {
    const world = new World()
    const cache = world.isolate({ l2: { timeout: 1000 } })
    world.redis.stall()
    const set = watch(cache.set('k', 'new'))
    const waiting = watch(call(cache))
    await world.clock.advance(1000)
    await settle()
    expect(set.error).toMatchObject({ code: 'L2_TIMEOUT' })
    if (name === 'getOrCreate') expect(waiting.value).toBe('made')
    else expect(waiting.error).toMatchObject({ code: 'L2_TIMEOUT' })
    await world.clock.advance(5000)
    expect([marksOf(cache), world.clock.pending]).toEqual([0, 0])
  })
})
