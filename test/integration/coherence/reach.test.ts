import { describe, expect, test } from 'vitest'
import { removeByPattern } from '../../../src/admin/index.ts'
import { compareAndSwap, setIfExists, setIfNotExists } from '../../../src/atomic/index.ts'
import type { HybridCache } from '../../../src/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { Fleet } from './support.ts'

type Cache = HybridCache<true>

const removals: Record<string, (cache: Cache) => Promise<unknown>> = {
  remove: (cache) => cache.remove('k'),
  'remove of many': (cache) => cache.remove(['j', 'k']),
  removeByTag: (cache) => cache.removeByTag('t'),
  'removeByTag of many': (cache) => cache.removeByTag(['s', 't']),
  clear: (cache) => cache.clear(),
  removeByPattern: (cache) => removeByPattern(cache, 'k*'),
  'a value that has ended already': (cache) => cache.set('k', 'new', { expiresAt: 1 }),
}

const writes: Record<string, (cache: Cache) => Promise<unknown>> = {
  set: (cache) => cache.set('k', 'new'),
  setMany: (cache) => cache.setMany([['k', 'new']]),
  setIfExists: (cache) => setIfExists(cache, 'k', 'new'),
  compareAndSwap: (cache) => compareAndSwap(cache, 'k', 'old', 'new'),
  'remove and setIfNotExists': async (cache) => {
    await cache.remove('k')
    await setIfNotExists(cache, 'k', 'new')
  },
}

const expiries: Record<string, (cache: Cache) => Promise<unknown>> = {
  expire: (cache) => cache.expire('k'),
  expireByTag: (cache) => cache.expireByTag('t'),
}

onEveryEngine('what one isolate does reaches the others', (server) => {
  const fleet = new Fleet(server)

  /** Two isolates that hold `old` under `k`, tagged `t`, both with a copy in L1. */
  async function pair(): Promise<{ one: Cache; other: Cache }> {
    const [one, other] = [await fleet.warm(), await fleet.warm()]
    await one.set('k', 'old', { tags: ['t'], staleIfError: '1h' })
    expect(await other.get('k', { tags: ['t'] })).toBe('old')
    return { one, other }
  }

  describe.each(Object.entries({ ...removals, ...writes, ...expiries }))('%s', (name, invalidate) => {
    const value = name in writes ? 'new' : undefined

    test('with the first request after the interval, and not before', async () => {
      const { one, other } = await pair()
      await invalidate(one)
      expect(await one.get('k')).toBe(value)
      await fleet.clock.advance(4999)
      await other.get('something else')
      expect(other.getLocal('k')).toBe('old')
      await fleet.clock.advance(1)
      expect(await fleet.cost(() => other.get('something else'))).toBe('1/2')
      expect(other.getLocal('k')).toBeUndefined()
      expect(await other.get('k')).toBe(value)
    })

    test('the value that comes with the news is judged by them', async () => {
      const { one, other } = await pair()
      other.removeLocal('k')
      await fleet.clock.advance(5000)
      await invalidate(one)
      expect(await other.get('k')).toBe(value)
      other.removeLocal('k')
      expect((await other.getMany(['k', 'j'])).get('k')).toBe(value)
    })

    test('an isolate that comes later does not see what was there before', async () => {
      const { one } = await pair()
      await invalidate(one)
      expect(await fleet.isolate().get('k')).toBe(value)
      expect((await fleet.isolate().getMany(['k', 'j'])).get('k')).toBe(value)
      expect(await fleet.isolate().getOrCreate('k', () => 'made')).toBe(value ?? 'made')
    })

    test('within maxStaleness, L1 or not', async () => {
      const { one } = await pair()
      const other = await fleet.warm({ coherence: { interval: 1000, maxStaleness: 3000 } })
      expect(await other.get('k')).toBe('old')
      await invalidate(one)
      await fleet.clock.advance(2999)
      expect(await other.get('k')).toBe('old')
      await fleet.clock.advance(1)
      expect(await other.get('k')).toBe(value)
    })
  })

  test.each([...Object.keys(removals), ...Object.keys(expiries)])(
    '%s: what there was is of use to a load only where it has expired',
    async (name) => {
      const { one, other } = await pair()
      const soft = name in expiries
      await (removals[name] ?? expiries[name])?.(one)
      await fleet.catchUp(other)
      for (const cache of [one, other, fleet.isolate()]) {
        const seen: unknown[] = []
        const fail = (context: { stale: { value: unknown } | undefined }): never => {
          seen.push(context.stale?.value)
          throw new Error('the origin is down')
        }
        const loading = cache.getOrCreate<string>('k', fail, { staleIfError: '1h' })
        if (soft) expect(await loading).toBe('old')
        else await expect(loading).rejects.toThrow('the origin is down')
        expect(seen).toEqual([soft ? 'old' : undefined])
      }
    },
  )

  test('an expiry by tag does not bring back what a removal by tag took before', async () => {
    const one = await fleet.warm()
    await one.set('k', 'old', { tags: ['t'], staleIfError: '1h' })
    await one.removeByTag('t')
    const other = await fleet.warm()
    await one.expireByTag('t')
    await fleet.catchUp(other)
    for (const cache of [other, await fleet.warm()]) {
      await cache.expireByTag('t')
      const load = (): string => {
        throw new Error('the origin is down')
      }
      await expect(cache.getOrCreate('k', load, { staleIfError: '1h' })).rejects.toThrow('origin')
    }
  })

  test('a namespace of its own', async () => {
    const [one, other] = [await fleet.warm(), await fleet.warm()]
    const places = (cache: Cache): Cache[] => [cache, cache.namespace('n'), cache.namespace('m')] as Cache[]
    const held = async (cache: Cache): Promise<unknown[]> =>
      Promise.all(places(cache).map((place) => place.get('k')))
    const store = (): Promise<unknown> =>
      Promise.all(places(one).map((place) => place.set('k', 'v', { tags: ['t'] })))
    const seen = async (): Promise<unknown[]> => {
      await fleet.catchUp(other)
      const views = [await held(one), await held(other), await held(fleet.isolate())]
      expect(views[1]).toEqual(views[0])
      expect(views[2]).toEqual(views[0])
      return views[0] ?? []
    }
    await store()
    expect(await seen()).toEqual(['v', 'v', 'v'])
    await one.namespace('n').clear()
    expect(await seen()).toEqual(['v', undefined, 'v'])
    await store()
    await one.namespace('n').removeByTag('t')
    expect(await seen()).toEqual(['v', undefined, 'v'])
    await store()
    await one.namespace('m').remove('k')
    expect(await seen()).toEqual(['v', 'v', undefined])
    await store()
    await one.removeByTag('t')
    expect(await seen()).toEqual([undefined, 'v', 'v'])
    await store()
    await one.clear()
    expect(await seen()).toEqual([undefined, undefined, undefined])
  })

  test('tags with the names of what is not a tag', async () => {
    const [one, other] = [await fleet.warm(), await fleet.warm()]
    const tags = ['*', '\\*', '\\', ':', '|', ',', '%', 'n:n:t:x', 'ü\n']
    for (const tag of tags) await one.set(tag, 1, { tags: [tag] })
    for (const [i, tag] of tags.entries()) {
      await one.removeByTag(tag)
      await fleet.catchUp(other)
      for (const cache of [one, other, fleet.isolate()])
        expect([...(await cache.getMany(tags)).keys()], tag).toEqual(tags.slice(i + 1))
    }
  })

  test('listeners hear what was learnt', async () => {
    const { one, other } = await pair()
    const heard: unknown[] = []
    other.on('invalidate', ({ kind }) => heard.push(kind))
    one.on('invalidate', () => heard.push('its own'))
    await one.set('k', 1)
    await one.expire('k')
    await one.removeByTag('t')
    await one.expireByTag('t')
    await one.namespace('n').clear()
    await one.clear()
    await fleet.catchUp(other)
    expect(heard).toEqual(['key', 'key', 'tag', 'tag', 'all', 'all'])
  })
})
