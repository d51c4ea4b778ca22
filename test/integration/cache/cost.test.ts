import { beforeEach, expect, test } from 'vitest'
import {
  type CacheOptions,
  createHybridCache,
  type EntryOptions,
  type HybridCache,
} from '../../../src/index.ts'
import { inShort } from '../../support/cost.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { onEveryEngine } from '../../support/servers.ts'

// What every operation costs, counted where it is billed: at the server. The README's table says the same.

onEveryEngine('costs', (server) => {
  let cache: HybridCache
  let prefix = 0

  /** A database that has versions and knows the scripts, and an isolate that has made its first request. */
  beforeEach(async () => {
    prefix++
    const first = isolate()
    await first.set('warm-up', 1, { sliding: '1m' })
    await first.remove('warm-up')
    await first.expire('warm-up')
    await first.removeByTag('warm-up')
    cache = isolate()
    await cache.get('warm-up')
  })

  const isolate = (options: CacheOptions = {}): HybridCache =>
    createHybridCache({ redis: server(), keyPrefix: `cost-${prefix}`, l2: { timeout: '15s' }, ...options })

  /** HTTP requests / billed commands of an operation. */
  async function cost(run: () => unknown): Promise<string> {
    server().resetStats()
    await run()
    return inShort(server().stats())
  }

  test('an isolate asks for the time and the versions in its first request', async () => {
    expect(await cost(() => isolate().get('k'))).toBe('1/3')
    expect(await cost(() => isolate().getOrCreate('k', () => 1))).toBe('2/4')
    expect(await cost(() => isolate().set('k', 1))).toBe('2/5')
    expect(await cost(() => isolate().getMany(['k', 'j']))).toBe('1/3')
  })

  test('the first load ever, on an empty database, costs two requests more', async () => {
    prefix += 1000
    expect(await cost(() => isolate().get('k'))).toBe('1/3')
    expect(await cost(() => isolate().getOrCreate('k', () => 1))).toBe('4/11')
    expect(await cost(() => isolate().getOrCreate('j', () => 1))).toBe('2/4')
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

  test('a load over what was removed, expired or cleared costs two requests, of four commands', async () => {
    for (const end of [
      () => cache.remove('k'),
      () => cache.expire('k'),
      () => cache.removeByTag('t'),
      () => cache.clear(),
    ]) {
      await cache.set('k', 1, { tags: ['t'] })
      await end()
      await cache.getOrCreate('k', () => 1, { l1: false, tags: ['t'] }) // learns the script
      await end()
      expect(await cost(() => cache.getOrCreate('k', () => 1))).toBe('2/4')
    }
  })

  test('writes and removals cost one request of four commands', async () => {
    expect(await cost(() => cache.set('k', 1))).toBe('1/4')
    expect(await cost(() => cache.set('k', 1, { sliding: '1m', tags: ['t', 'u'] }))).toBe('1/4')
    expect(await cost(() => cache.set('k', 1, { expiresAt: 1 }))).toBe('1/4')
    expect(await cost(() => cache.remove('k'))).toBe('1/4')
    expect(await cost(() => cache.remove(['a', 'b', 'c']))).toBe('1/6')
    expect(await cost(() => cache.removeByTag('t'))).toBe('1/4')
    expect(await cost(() => cache.removeByTag(['t', 'u', 'v']))).toBe('1/6')
    expect(await cost(() => cache.expireByTag('t'))).toBe('1/4')
    expect(await cost(() => cache.clear())).toBe('1/4')
    expect(await cost(() => cache.namespace('n').clear())).toBe('1/4')
    expect(await cost(() => cache.removeLocal('k'))).toBe('0/0')
    await cache.set('k', 1)
    expect(await cost(() => cache.expire('k'))).toBe('1/6')
    expect(await cost(() => cache.expire('nothing'))).toBe('1/5')
  })

  test('one write in 256 trims the log, for a command more', async () => {
    const costs: number[] = []
    for (let i = 0; i < 256; i++) {
      server().resetStats()
      await cache.set('k', i, { l1: false })
      costs.push(server().stats().commands)
    }
    expect(costs.filter((each) => each === 4)).toHaveLength(255)
    expect(costs.filter((each) => each === 5)).toHaveLength(1)
  })

  test('many keys cost one request: one command to read them, four each to write them', async () => {
    const keys = Array.from({ length: 100 }, (_, i) => `k${i}`)
    expect(await cost(() => cache.setMany(keys.map((key) => [key, key])))).toBe('1/400')
    expect(await cost(() => cache.getMany(keys))).toBe('0/0')
    cache.removeLocal(keys)
    expect(await cost(() => cache.getMany(keys))).toBe('1/1')
    cache.removeLocal(keys)
    expect(await cost(() => cache.getOrCreateMany(keys, () => new Map()))).toBe('1/1')
    const made = new Map(keys.map((key) => [`new ${key}`, 1]))
    expect(await cost(() => cache.getOrCreateMany([...made.keys()], () => made))).toBe('2/101')
  })

  test('reads issued in one tick cost one request, and one command', async () => {
    const calls = () => Promise.all(Array.from({ length: 64 }, (_, i) => cache.get(`k${i}`)))
    expect(await cost(calls)).toBe('1/1')
  })

  test('tags: nothing while they are known, a command where they are passed, else a request', async () => {
    const tags = ['t', 'u']
    const other = async (): Promise<HybridCache> => {
      const made = isolate()
      await made.get('warm-up')
      return made
    }
    const keys = ['a', 'b', 'c']
    await (
      await other()
    ).setMany(
      keys.map((key) => [key, 1]),
      { tags },
    )
    // They are newer than all that this isolate has not heard of.
    expect(await cost(() => cache.get('a'))).toBe('1/1')
    const late = await other()
    expect(await cost(() => late.get('a', { tags }))).toBe('1/2')
    expect(await cost(() => late.get('b'))).toBe('1/1')
    expect(await cost(() => late.get('c', { tags }))).toBe('1/1')
    const later = await other()
    expect(await cost(() => later.get('a'))).toBe('2/2')
    expect(await cost(() => later.get('b'))).toBe('1/1')
    const latest = await other()
    expect(await cost(() => latest.getMany(keys, { tags }))).toBe('1/2')
    const first = isolate()
    expect(await cost(() => first.getOrCreate('a', () => 2, { tags }))).toBe('1/3')
    // For all that a tick brings, they are asked for together.
    const many = await other()
    expect(await cost(() => many.getMany(keys))).toBe('2/2')
    const one = await other()
    expect(await cost(() => Promise.all(keys.map((key) => one.get(key))))).toBe('2/2')
    const loading = await other()
    expect(await cost(() => loading.getOrCreateMany(keys, () => new Map()))).toBe('2/2')
  })

  test('loads, leases and refreshes: the table of docs/loading.md', async () => {
    const clock = new ManualClock()
    cache = isolate({ clock })
    await cache.get('warm-up')
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
    await clock.advance(31)
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
      await clock.advance(31)
      costs.push(await cost(() => load(key('old'), { stampede, staleIfError: '1m' })))
      costs.push(await cost(() => load(key('failing'), live, fail)))
      costs.push(await cost(() => load(key('l1'), stale)))
      cache.removeLocal(key('l2'))
      costs.push(await cost(() => load(key('l2'), stale)))
      expect(costs).toEqual(expected[stampede])
    }
  })

  test('a look at the log costs a command, and only when it is due', async () => {
    const clock = new ManualClock()
    const other = isolate({ clock, coherence: { interval: '5s' } })
    await other.get('k')
    await clock.advance(4999)
    expect(await cost(() => other.get('k'))).toBe('1/1')
    await clock.advance(1)
    expect(await cost(() => other.getLocal('k'))).toBe('0/0')
    expect(await cost(() => Promise.all([other.get('k'), other.get('j'), other.getMany(['i'])]))).toBe('1/3')
    expect(await cost(() => other.get('k'))).toBe('1/1')
    await clock.advance(5000)
    expect(await cost(() => other.getOrCreate('k', () => 1))).toBe('2/3')
  })

  test('maxStaleness costs hits in L1 one read for each time that it passes', async () => {
    const clock = new ManualClock()
    const coherence = { interval: '1s', maxStaleness: '10s' } as const
    const other = isolate({ clock, ttl: '2h', localTtl: '1h', coherence })
    await other.get('warm-up')
    await other.set('k', 1)
    await clock.advance('1s')
    await other.get('n') // polls the log
    const hits = async (): Promise<void> => {
      for (let second = 1; second <= 60; second++) {
        await clock.advance('1s')
        await other.get('k')
      }
    }
    expect(await cost(hits)).toBe('6/12')
  })

  test('more than a thousand keys cost a command for each thousand, and loads a request for each', async () => {
    const keys = Array.from({ length: 2500 }, (_, i) => `k${i}`)
    expect(await cost(() => cache.getMany(keys))).toBe('1/3')
    expect(await cost(() => cache.getOrCreateMany(keys, () => new Map()))).toBe('3/3')
  })

  test('expire of many keys costs a command for each, and two for one that has an entry', async () => {
    await cache.setMany(['a', 'b', 'c'].map((key) => [key, 1]))
    expect(await cost(() => cache.expire(['a', 'b', 'c', 'nothing']))).toBe('1/11')
  })

  test('a load over what is unreadable costs two requests, of four commands', async () => {
    const serializer = { name: 'other', encode: String, decode: (data: string | Uint8Array) => data }
    const other = isolate({ serializer })
    await other.set('learns', 'v')
    await cache.getOrCreate('learns', () => 1)
    await other.set('k', 'v')
    expect(await cost(() => cache.getOrCreate('k', () => 1))).toBe('2/4')
  })

  test('a lease costs a load two requests, of three and four commands', async () => {
    const load = (key: string): Promise<number> => cache.getOrCreate(key, () => 1, { stampede: 'global' })
    await load('k')
    expect(await cost(() => load('j'))).toBe('2/7')
    cache.removeLocal('j')
    expect(await cost(() => load('j'))).toBe('1/2')
  })

  test('a use of a sliding entry in L2 costs a request of three commands, once half of its window has gone', async () => {
    const clock = new ManualClock()
    const work: Promise<unknown>[] = []
    const sliding = isolate({ clock, waitUntil: (promise) => work.push(promise), coherence: 'off' })
    await sliding.set('k', 1, { sliding: '1m' })
    sliding.removeLocal('k')
    expect(await cost(async () => [await sliding.get('k'), await Promise.all(work)])).toBe('1/1')
    await clock.advance(30_000)
    await sliding.get('k') // learns the script
    await Promise.all(work)
    sliding.removeLocal('k')
    await clock.advance(30_000)
    expect(await cost(async () => [await sliding.get('k'), await Promise.all(work)])).toBe('2/4')
    expect(await cost(() => sliding.get('k'))).toBe('0/0')
  })

  test("with coherence: 'off' a write costs a command less, and a read is never more than itself", async () => {
    const off = isolate({ coherence: 'off' })
    expect(await cost(() => off.get('k'))).toBe('1/2')
    expect(await cost(() => off.set('k', 1))).toBe('1/3')
    expect(await cost(() => off.remove('k'))).toBe('1/3')
    expect(await cost(() => off.getOrCreate('j', () => 1))).toBe('2/2')
  })

  test('requests are what a cache counts itself, and commands what it sends: a server bills those in scripts as well', async () => {
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
    const { requests, commands, byCommand } = server().stats()
    expect(after.requests - before.requests).toBe(requests)
    expect(after.commands - before.commands).toBe(6)
    expect(commands).toBeLessThanOrEqual(6 + 3 * 3 + 1)
    expect(byCommand).toMatchObject({ INCR: 3, ZADD: 3, SET: 4, GET: 1, MGET: 1, EVALSHA: 3 })
  })
})
