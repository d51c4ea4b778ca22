import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, expect, test } from 'vitest'
import { createHybridCache, type EntryOptions, type HybridCache } from '../../../src/index.ts'
import { onEveryEngine } from '../../support/servers.ts'

// What every operation costs, counted where it is billed: at the server. The README's table says the same.

onEveryEngine('costs', (server) => {
  let cache: HybridCache
  let prefix = 0

  beforeEach(async () => {
    prefix++
    cache = isolate()
    await cache.get('warm-up')
  })

  const isolate = (): HybridCache => createHybridCache({ redis: server(), keyPrefix: `cost-${prefix}` })

  /** HTTP requests / billed commands of an operation. */
  async function cost(run: () => unknown): Promise<string> {
    server().resetStats()
    await run()
    const { requests, commands } = server().stats()
    return `${requests}/${commands}`
  }

  test('an isolate asks for the time in its first request', async () => {
    expect(await cost(() => isolate().get('k'))).toBe('1/2')
    expect(await cost(() => isolate().getOrCreate('k', () => 1))).toBe('2/3')
    expect(await cost(() => isolate().set('k', 1))).toBe('2/2')
    expect(await cost(() => isolate().getMany(['k', 'j']))).toBe('1/2')
  })

  test('a hit in L1 costs nothing, one in L2 one command', async () => {
    await cache.set('k', 1)
    expect(await cost(() => cache.get('k'))).toBe('0/0')
    expect(await cost(() => cache.getOrCreate('k', () => 2))).toBe('0/0')
    expect(await cost(() => cache.getLocal('k'))).toBe('0/0')
    cache.removeLocal('k')
    expect(await cost(() => cache.get('k'))).toBe('1/1')
    cache.removeLocal('k')
    expect(await cost(() => cache.getOrCreate('k', () => 2))).toBe('1/1')
  })

  test('a miss costs one command, a load two requests', async () => {
    expect(await cost(() => cache.get('k'))).toBe('1/1')
    expect(await cost(() => cache.getOrCreate('k', () => 1))).toBe('2/2')
  })

  test('writes cost one request and one command', async () => {
    expect(await cost(() => cache.set('k', 1))).toBe('1/1')
    expect(await cost(() => cache.set('k', 1, { sliding: '1m' }))).toBe('1/1')
    expect(await cost(() => cache.remove('k'))).toBe('1/1')
    expect(await cost(() => cache.remove(['a', 'b', 'c']))).toBe('1/1')
  })

  test('many keys cost one request: one command to read them, one each to write them', async () => {
    const keys = Array.from({ length: 100 }, (_, i) => `k${i}`)
    expect(await cost(() => cache.setMany(keys.map((key) => [key, key])))).toBe('1/100')
    expect(await cost(() => cache.getMany(keys))).toBe('0/0')
    cache.removeLocal(keys)
    expect(await cost(() => cache.getMany(keys))).toBe('1/1')
  })

  test('reads issued in one tick cost one request, and one command', async () => {
    const calls = () => Promise.all(Array.from({ length: 64 }, (_, i) => cache.get(`k${i}`)))
    expect(await cost(calls)).toBe('1/1')
  })

  test('using a sliding entry in L2 costs one request of two commands more, behind the call', async () => {
    await cache.set('k', 1, { sliding: '1m' })
    cache.removeLocal('k')
    const work: Promise<unknown>[] = []
    const bound = cache.bind({ waitUntil: (promise) => work.push(promise) })
    expect(await cost(async () => [await bound.get('k'), await Promise.all(work)])).toBe('2/3')
    expect(await cost(() => cache.get('k'))).toBe('0/0')
  })

  test('loads, leases and refreshes: the table of docs/loading.md', async () => {
    const work: Promise<unknown>[] = []
    const load = async (key: string, options: EntryOptions, make = (): unknown => key): Promise<unknown> => {
      const bound = cache.bind({ waitUntil: (promise) => void work.push(promise) })
      const outcome = await bound.getOrCreate(key, make, options).catch(() => 'failed')
      await Promise.all(work.splice(0))
      return outcome
    }
    const fail = (): never => {
      throw new Error('origin')
    }
    const short = { ttl: 30, localTtl: '1m' } as const
    for (const key of ['learns the scripts', 'and the last', 'one']) {
      await load(key, { ...short, staleIfError: '1m', stampede: 'global' }, key === 'one' ? fail : undefined)
    }
    await load('fill', { ...short, staleIfError: '1m' })
    await sleep(60)
    await load('fill', { ...short, staleIfError: '1m' }) // FillEntry, too
    const kinds = ['isolate', 'global'] as const
    const expected = {
      isolate: ['2/2', '1/1', '2/4', '1/1', '2/7', '3/8'],
      global: ['2/7', '1/2', '2/7', '2/6', '2/7', '2/7'],
    }
    for (const stampede of kinds) {
      const key = (name: string): string => `${stampede}-${name}`
      const [live, stale] = [{ stampede }, { ...short, swr: '1m', stampede } as const]
      const costs = [await cost(() => load(key('cold'), live))]
      cache.removeLocal(key('cold'))
      costs.push(await cost(() => load(key('cold'), live)))
      await load(key('old'), { ...stale, swr: false, staleIfError: '1m' })
      await load(key('l1'), stale)
      await load(key('l2'), stale)
      await sleep(60)
      costs.push(await cost(() => load(key('old'), { stampede, staleIfError: '1m' })))
      costs.push(await cost(() => load(key('failing'), live, fail)))
      costs.push(await cost(() => load(key('l1'), stale)))
      cache.removeLocal(key('l2'))
      costs.push(await cost(() => load(key('l2'), stale)))
      expect(costs).toEqual(expected[stampede])
    }
  })

  test('what a cache counts itself is what the server bills', async () => {
    const before = cache.stats().l2
    server().resetStats()
    await cache.getOrCreate('a', () => 1)
    await cache.setMany([
      ['b', 1],
      ['c', 1],
    ])
    await cache.getMany(['a', 'x', 'y'])
    await cache.remove('a')
    const after = cache.stats().l2
    const { requests, commands } = server().stats()
    expect([after.requests - before.requests, after.commands - before.commands]).toEqual([requests, commands])
  })
})
