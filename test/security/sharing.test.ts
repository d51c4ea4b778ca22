// What many share: S14, S15, S17, S20. S13 is tested with the middleware of hybrid-cache/hono, in test/unit/hono.
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createHybridCache } from '../../src/index.ts'
import { MemoryTransport } from '../../src/testing/index.ts'
import { randomFrom } from '../../src/testing/random.ts'
import { flightsOf, marksOf } from '../support/origin.ts'
import { World } from '../support/world.ts'

test('S14: of a hundred thousand operations of two tenants none sees or changes what is the other’s', async () => {
  const random = randomFrom(14)
  const cache = createHybridCache({ memory: { maxEntries: 50 } })
  const tenants = [cache.namespace('one'), cache.namespace('two'), cache]
  const written = tenants.map(() => new Map<string, number>())
  for (let i = 0; i < 100_000; i++) {
    const who = i % 3
    const [tenant, own] = [tenants[who] as (typeof tenants)[number], written[who] as Map<string, number>]
    const key = `k${Math.floor(random() * 30)}`
    const what = random()
    if (what < 0.3) {
      await tenant.set(key, { who, i })
      own.set(key, i)
    } else if (what < 0.35) {
      await tenant.remove(key)
      own.delete(key)
    } else {
      const found = tenant.getLocal<{ who: number; i: number }>(key)
      if (found === undefined) continue
      expect(found).toEqual({ who, i: own.get(key) })
      found.who = 7 // and nobody is to see that
    }
  }
})

describe('S15: a stampede', () => {
  test('of ten thousand callers is one load', async () => {
    const world = new World()
    const cache = await world.warm()
    let loads = 0
    const calls = Array.from({ length: 10_000 }, () =>
      cache.getOrCreate('k', async () => ++loads, { ttl: '1m' }),
    )
    expect(new Set(await Promise.all(calls))).toEqual(new Set([1]))
  })

  test('of a hundred thousand keys that nobody asks for again leaves nothing but what the budget allows', async () => {
    const cache = createHybridCache()
    for (let i = 0; i < 100; i++)
      await Promise.all(Array.from({ length: 1000 }, (_, n) => cache.getOrCreate(`k${i}.${n}`, () => null)))
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
    expect(cache.stats().l1.entries).toBeLessThanOrEqual(1000)
  })
})

test('S17: what is written late, or put back, does not bring back what was removed', async () => {
  const { signal } = new AbortController()
  const redis = new MemoryTransport()
  const cache = createHybridCache({ redis, coherence: { interval: '1ms' } })
  await cache.set('k', 'old', { tags: ['t'] })
  const [[bytes]] = (await redis.send([['MGET', 'hc:e:k']], { signal, idempotent: true })) as [[string]]
  for (const end of [
    () => cache.remove('k'),
    () => cache.removeByTag('t'),
    () => cache.clear(),
    () => cache.set('k', 'new'),
  ]) {
    await end()
    await redis.send([['SET', 'hc:e:k', bytes]], { signal, idempotent: true })
    expect(await cache.get('k', { l1: false })).not.toBe('old')
    expect(
      await cache.getOrCreate('k', () => 'made', { ttl: '1m', tags: ['t'], staleIfError: '1m' }),
    ).not.toBe('old')
  }
})

describe('S20: the supply chain', () => {
  const root = resolve(import.meta.dirname, '../..')
  const json = (path: string) =>
    JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<string, Record<string, unknown>>

  test('three dependencies, no scripts at install, a hash for each package that users get, a way to report', () => {
    const { dependencies, scripts } = json('package.json')
    expect(Object.keys(dependencies ?? {})).toEqual(['@upstash/redis', 'superjson', 'tiny-lru'])
    expect(
      Object.keys(scripts ?? {}).filter((name) =>
        /^(?:pre|post)?(?:install|prepare)$|^prepublish$/.test(name),
      ),
    ).toEqual([])
    interface Locked {
      readonly integrity?: string
      readonly dev?: boolean
    }
    const packages = Object.entries(json('package-lock.json')['packages'] ?? {}) as [string, Locked][]
    const shipped = packages.filter(([path, { dev }]) => path !== '' && dev !== true)
    expect(shipped.length).toBeGreaterThan(3)
    expect(shipped.filter(([, { integrity }]) => integrity?.startsWith('sha512-') !== true)).toEqual([])
    expect(existsSync(join(root, 'SECURITY.md'))).toBe(true)
  })
})
