import { describe, expect, test } from 'vitest'
import { due, lookTwiceAtOnce } from '../../support/coherence.ts'
import { record, World } from '../../support/world.ts'

describe('maxStaleness', () => {
  test('past it L1 is not believed before a check, and is after one', async () => {
    const world = new World()
    const cache = await world.warm({ coherence: { interval: '5s', maxStaleness: '7s' }, localTtl: '5m' })
    await cache.set('k', 'v')
    world.redis.take()
    await world.clock.advance(6999)
    expect(await cache.get('k')).toBe('v')
    expect(world.redis.take()).toEqual([])
    await world.clock.advance(1)
    expect(cache.getLocal('k')).toBeUndefined()
    expect(await cache.get('k')).toBe('v')
    expect(world.redis.take()).toEqual([['ZRANGE', 'GET']])
    expect(cache.getLocal('k')).toBe('v')
  })

  test('past it every read asks, also while the check of another is on its way', async () => {
    const world = new World()
    const [other, cache] = [await world.warm(), await world.warm({ coherence: { maxStaleness: '3s' } })]
    await other.set('k', 'old', { tags: ['t'] })
    await cache.get('k')
    await world.clock.advance(3000)
    const gate = world.hold('ZRANGE')
    const first = cache.get('a')
    await gate.reached
    world.redis.before = undefined
    await other.removeByTag('t')
    expect(await cache.get('k')).toBeUndefined()
    gate.open()
    expect(await first).toBeUndefined()
  })

  test('a change that looks beside each other tell of is one event', async () => {
    const world = new World()
    const [other, cache] = [await world.warm(), await world.warm({ coherence: { maxStaleness: '3s' } })]
    const events = record(cache, 'invalidate')
    await world.clock.advance(3000)
    await other.removeByTag('t')
    await lookTwiceAtOnce(world, cache)
    expect(events).toEqual([{ kind: 'tag' }])
  })

  test('a stale copy is not given away either', async () => {
    const world = new World()
    const work: Promise<unknown>[] = []
    const waitUntil = (promise: Promise<unknown>): void => void work.push(promise)
    const options = { coherence: { maxStaleness: '3s' }, localTtl: '5m', waitUntil } as const
    const [writer, cache] = [await world.warm(), await world.warm(options)]
    await cache.set('k', 'old', { ttl: '1s', swr: '1h' })
    await writer.remove('k')
    await world.clock.advance(3000)
    expect(await cache.getOrCreate('k', () => 'new', { swr: '1h' })).toBe('new')
    await Promise.all(work)
  })

  test('without it L1 is believed for as long as its copies live', async () => {
    const world = new World()
    const cache = await world.warm({ localTtl: '5m' })
    await cache.set('k', 'v')
    await world.clock.advance(299_999)
    expect(cache.getLocal('k')).toBe('v')
  })
})

describe("coherence: 'off'", () => {
  test('asks for nothing, writes no log, and has neither tags nor clear', async () => {
    const world = new World()
    const cache = world.isolate({ coherence: 'off' })
    await cache.getOrCreate('k', () => 1)
    await cache.set('l', 2)
    await cache.remove('k')
    await world.clock.advance(due)
    await cache.get('k')
    expect(world.redis.take()).toEqual([['TIME', 'GET'], ['SET'], ['SetEntry'], ['RemoveEntries'], ['GET']])
    expect(world.redis.sets.get('hc:m:log')?.size).toBe(1)
    expect(world.redis.values.get('hc:e:k')?.value).toMatch(/^h1\|t\|/)
    for (const call of [
      () => cache.clear(),
      () => cache.removeByTag('t'),
      () => cache.expireByTag('t'),
      () => cache.set('k', 1, { tags: ['t'] }),
    ])
      await expect(call()).rejects.toThrow(TypeError)
  })
})
