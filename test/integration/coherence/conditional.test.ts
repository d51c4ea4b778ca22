import { describe, expect, test } from 'vitest'
import { compareAndSwap, getAndExtend, setIfExists, setIfNotExists } from '../../../src/atomic/index.ts'
import type { HybridCache } from '../../../src/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { Fleet } from './support.ts'

type Cache = HybridCache<true>

const endings: Record<string, (cache: Cache) => Promise<void>> = {
  removeByTag: (cache) => cache.removeByTag('t'),
  expireByTag: (cache) => cache.expireByTag('t'),
  clear: (cache) => cache.clear(),
  'the clear of a namespace': (cache) => cache.namespace('n').clear(),
}

onEveryEngine('conditional writes and tags', (server) => {
  const fleet = new Fleet(server)

  describe.each(Object.entries(endings))('after %s, what was there counts as nothing', (name, end) => {
    const viewOf = (cache: Cache): Cache =>
      (name.includes('namespace') ? cache.namespace('n') : cache) as Cache
    const others: Record<string, (one: Cache) => Promise<Cache>> = {
      'in the same isolate': async (one) => {
        await end(one)
        return viewOf(one)
      },
      'in a new isolate': async (one) => {
        await end(one)
        return viewOf(fleet.isolate())
      },
      'in an isolate that has heard of it': async (one) => {
        const other = await fleet.warm()
        await end(one)
        await fleet.catchUp(other)
        return viewOf(other)
      },
      'in an isolate that came in between': async (one) => {
        await end(one)
        return viewOf(await fleet.warm())
      },
    }

    test.each(Object.keys(others))('%s', async (whose) => {
      const one = await fleet.warm()
      await viewOf(one).set('k', 'old', { tags: ['t'] })
      const cache = await (others[whose] as (one: Cache) => Promise<Cache>)(one)
      expect(await compareAndSwap(cache, 'k', 'old', 'x')).toBe(false)
      expect(await setIfExists(cache, 'k', 'x')).toBe(false)
      expect(await viewOf(fleet.isolate()).get('k')).toBeUndefined()
      expect(await setIfNotExists(cache, 'k', 'new', { tags: ['t'] })).toBe(true)
      expect(await setIfNotExists(cache, 'k', 'x')).toBe(false)
      expect(await setIfExists(cache, 'k', 'newer', { tags: ['t'] })).toBe(true)
      expect(await compareAndSwap(cache, 'k', 'newer', 'newest', { tags: ['t'] })).toBe(true)
      expect(await viewOf(fleet.isolate()).get('k')).toBe('newest')
    })

    test.each(Object.keys(others))('to getAndExtend, %s', async (whose) => {
      const one = await fleet.warm()
      await viewOf(one).set('k', 'old', { tags: ['t'] })
      const cache = await (others[whose] as (one: Cache) => Promise<Cache>)(one)
      expect(await getAndExtend(cache, 'k', '10m')).toBeUndefined()
      await cache.set('k', 'new', { tags: ['t'] })
      expect(await getAndExtend(cache, 'k', '10m')).toBe('new')
    })
  })

  test('each can be the first thing that an isolate does', async () => {
    const first: Record<string, (cache: Cache) => Promise<unknown>> = {
      setIfNotExists: (cache) => setIfNotExists(cache, 'k', 1),
      setIfExists: (cache) => setIfExists(cache, 'k', 2),
      compareAndSwap: (cache) => compareAndSwap(cache, 'k', 2, 3),
    }
    for (const [name, run] of Object.entries(first)) expect(await run(fleet.isolate()), name).toBe(true)
    expect(await getAndExtend(fleet.isolate(), 'k', '1m')).toBe(3)
  })

  test('of many that change an entry with tags at once each counts', async () => {
    const isolates = await Promise.all(Array.from({ length: 8 }, () => fleet.warm()))
    await isolates[0]?.set('k', 0, { tags: ['t'] })
    await Promise.all(
      isolates.map(async (cache) => {
        for (;;) {
          const seen = (await cache.get<number>('k', { l1: false })) ?? 0
          if (await compareAndSwap(cache, 'k', seen, seen + 1, { tags: ['t'] })) return
        }
      }),
    )
    expect(await fleet.isolate().get('k')).toBe(8)
  })

  test('an entry with other tags costs a look: one request of three commands more', async () => {
    const cache = await fleet.warm()
    await cache.set('k', 1)
    await setIfExists(cache, 'k', 1)
    await compareAndSwap(cache, 'k', 1, 1)
    expect(await fleet.cost(() => setIfExists(cache, 'k', 1, { tags: ['t', 'u'] }))).toBe('1/6')
    expect(await fleet.cost(() => setIfExists(cache, 'k', 1, { tags: ['t', 'u'] }))).toBe('1/6')
    expect(await fleet.cost(() => setIfExists(cache, 'k', 1, { tags: ['t'] }))).toBe('2/9')
    expect(await fleet.cost(() => compareAndSwap(cache, 'k', 1, 2))).toBe('2/9')
    expect(await fleet.cost(() => compareAndSwap(cache, 'k', 1, 2))).toBe('1/3')
  })
})
