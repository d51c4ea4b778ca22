import { describe, expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { Gate } from '../../support/world.ts'
import { Fleet } from './support.ts'

type Cache = HybridCache<true>

onEveryEngine('what an isolate cannot be told', (server, engine) => {
  const fleet = new Fleet(server)

  describe('a database that is flushed', () => {
    test('is noticed with the first request after the interval: nothing from before counts, in either tier', async () => {
      const [one, other] = [await fleet.warm(), await fleet.warm()]
      await one.set('k', 'old')
      expect(await other.get('k')).toBe('old')
      await fleet.redis('FLUSHALL')
      await fleet.catchUp(other)
      expect(other.getLocal('k')).toBeUndefined()
      expect(await other.get('k')).toBeUndefined()
      expect(await other.getOrCreate('k', () => 'new')).toBe('new')
      expect(await fleet.isolate().get('k')).toBe('new')
      await fleet.catchUp(one)
      expect(await one.get('k')).toBe('new')
    })

    test('what is written there by who has not noticed is not believed once there are versions again', async () => {
      const one = await fleet.warm()
      await fleet.redis('FLUSHALL')
      expect(await one.getOrCreate('k', () => 'old')).toBe('old')
      const other = fleet.isolate()
      expect(await other.get('k')).toBeUndefined()
      expect(await other.getOrCreate('k', () => 'new')).toBe('new')
      await fleet.catchUp(one)
      expect(await one.get('k')).toBe('new')
      expect(await fleet.isolate().get('k')).toBe('new')
    })

    test('a removal before it holds against a load that ends after it', async () => {
      const [one, other] = [await fleet.warm(), await fleet.warm()]
      const factory = new Gate()
      const load = other.getOrCreate('k', async () => {
        await factory.pass()
        return 'old'
      })
      await factory.reached
      await one.remove('k')
      await fleet.redis('FLUSHALL')
      factory.open()
      expect(await load).toBe('old')
      expect(await fleet.isolate().get('k')).toBeUndefined()
      await one.set('seeds', 1)
      expect(await fleet.isolate().get('k')).toBeUndefined()
      expect(await one.get('k')).toBeUndefined()
      await fleet.catchUp(other)
      expect(await other.get('k')).toBeUndefined()
    })

    test('a counter that nobody has seeded is none', async () => {
      await fleet.redis('INCR', `${fleet.prefix}:m:v`)
      const one = fleet.isolate()
      expect(await one.getOrCreate('k', () => 'made')).toBe('made')
      expect(Number(await fleet.redis('GET', `${fleet.prefix}:m:v`))).toBeGreaterThan(1e15)
      expect(await fleet.isolate().get('k')).toBe('made')
    })

    test('versions go on above all that were', async () => {
      const one = await fleet.warm()
      await one.set('k', 1)
      const before = Number(await fleet.redis('GET', `${fleet.prefix}:m:v`))
      await fleet.redis('FLUSHALL')
      await Promise.all(Array.from({ length: 20 }, (_, i) => fleet.isolate().set(`k${i}`, i)))
      expect(Number(await fleet.redis('GET', `${fleet.prefix}:m:v`))).toBeGreaterThan(before)
      const found = await fleet.isolate().getMany(Array.from({ length: 20 }, (_, i) => `k${i}`))
      expect([...found.values()]).toEqual(Array.from({ length: 20 }, (_, i) => i))
    })
  })

  describe('more changes between two looks than the log holds', () => {
    const others = Array.from({ length: 1030 }, (_, i): [string, number] => [`other${i}`, i])
    const endings: Record<string, (cache: Cache) => Promise<void>> = {
      remove: (cache) => cache.remove('k'),
      removeByTag: (cache) => cache.removeByTag('t'),
      clear: (cache) => cache.clear(),
      'clear of a namespace': (cache) => cache.namespace('n').clear(),
    }

    // It is the isolate that finds the log too long; so many entries take the embedded engine seconds.
    const names = engine === 'embedded' ? ['remove'] : Object.keys(endings)

    test.each(names)('%s before them is heard all the same', async (name) => {
      const view = (cache: Cache): Cache =>
        (name.includes('namespace') ? cache.namespace('n') : cache) as Cache
      const [one, other] = [await fleet.warm(), await fleet.warm()]
      await view(one).set('k', 'old', { tags: ['t'] })
      expect(await view(other).get('k')).toBe('old')
      const factory = new Gate()
      const make = async (): Promise<string> => {
        await factory.pass()
        return 'old'
      }
      const load = view(other).getOrCreate('loading', make, { tags: ['t'] })
      await factory.reached
      await endings[name]?.(one)
      await one.setMany(others, { l1: false })
      await fleet.clock.advance(5000)
      // The log was too long: what came with it does not count, and the same is asked again as a new isolate would.
      expect(await fleet.cost(() => other.get('something else'))).toBe('2/4')
      expect(view(other).getLocal('k')).toBeUndefined()
      expect(await view(other).get('k')).toBeUndefined()
      factory.open()
      await load
      if (name !== 'remove') expect(await view(fleet.isolate()).get('loading')).toBeUndefined()
      expect(await other.get('other7')).toBe(7)
    })

    test('the log itself stays short', async () => {
      const one = await fleet.warm()
      // Names of their own, for what is in the log once more is there once.
      const more = others.map(([key, i]): [string, number] => [`more ${key}`, i])
      for (const batch of [others, more]) await one.setMany(batch, { l1: false })
      expect(await fleet.redis('ZCARD', `${fleet.prefix}:m:log`)).toBeLessThanOrEqual(1030 + 256)
      expect(await fleet.redis('PTTL', `${fleet.prefix}:m:log`)).toBe(-1)
    })
  })

  describe("coherence: 'off'", () => {
    const off = { coherence: 'off', localTtl: '1s' } as const

    test('what others did is known when the copy in L1 has ended', async () => {
      const [one, other] = [fleet.isolate(off), fleet.isolate(off)]
      await one.set('k', 'old')
      expect(await other.get('k')).toBe('old')
      await one.remove('k')
      expect(await one.get('k')).toBeUndefined()
      await other.get('something else', { l1: false })
      expect(other.getLocal('k')).toBe('old')
      await fleet.clock.advance(1000)
      expect(await other.get('k')).toBeUndefined()
    })

    test('what was loaded from older data does not come back', async () => {
      const [one, other] = [fleet.isolate(off), fleet.isolate(off)]
      const factory = new Gate()
      const load = other.getOrCreate('k', async () => {
        await factory.pass()
        return 'old'
      })
      await factory.reached
      await one.remove('k')
      factory.open()
      await load
      expect(await fleet.isolate(off).get('k')).toBeUndefined()
      expect(other.getLocal('k')).toBeUndefined()
      expect(await other.getOrCreate('k', () => 'new')).toBe('new')
      expect(await one.get('k')).toBe('new')
    })

    test('there are no tags and no clear, and the log is not written', async () => {
      const cache = fleet.isolate(off)
      await expect(cache.set('k', 1, { tags: ['t'] })).rejects.toThrow(TypeError)
      await expect(cache.getOrCreate('k', () => 1, { tags: ['t'] })).rejects.toThrow(TypeError)
      await expect(cache.removeByTag('t')).rejects.toThrow(TypeError)
      await expect(cache.expireByTag('t')).rejects.toThrow(TypeError)
      await expect(cache.clear()).rejects.toThrow(TypeError)
      await cache.set('k', 1)
      await cache.expire('k')
      await cache.remove('k')
      expect(await fleet.redis('ZCARD', `${fleet.prefix}:m:log`)).toBeLessThanOrEqual(1)
    })
  })

  test('a Redis that starts again, empty', async () => {
    const alone = { breaker: 'off', l2: { timeout: '20s', retries: 0 } } as const
    const [one, other] = [await fleet.warm(alone), await fleet.warm(alone)]
    await one.set('k', 'old')
    expect(await other.get('k')).toBe('old')
    await server().stopRedis()
    expect(await other.get('k', { l1: false })).toBeUndefined()
    await server().startRedis()
    await fleet.catchUp(other)
    expect(await other.get('k')).toBeUndefined()
    expect(await other.getOrCreate('k', () => 'new')).toBe('new')
    await fleet.catchUp(one)
    expect(await one.get('k')).toBe('new')
    await one.removeByTag('t')
    await one.remove('k')
    await fleet.catchUp(other)
    expect(await other.get('k')).toBeUndefined()
  })
})
