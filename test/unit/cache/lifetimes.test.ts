import fc from '../../support/fc.ts'
import { describe, expect, test, vi } from 'vitest'
import { parseEntry } from '../../../src/entry/header.ts'
import type { CacheOptions, WriteOptions } from '../../../src/index.ts'
import { World } from '../../support/world.ts'

/** How long an entry lives that is stored with these options, in Redis and in L1 as its writer has it. */
async function lives(options: WriteOptions, cacheOptions: CacheOptions = {}, value: unknown = 'v') {
  const world = new World()
  const cache = await world.warm(cacheOptions)
  await cache.set('k', value, options)
  const stored = world.redis.values.get('hc:e:k')
  const { created = 0, fresh = 0, stale = 0 } = parseEntry(stored?.value ?? '')?.header ?? {}
  const kept = (stored?.expires ?? 0) - world.clock.monotonic()
  return { ttl: fresh - created, window: stale === 0 ? 0 : stale - fresh, kept }
}

/** For how long L1 gives a value away. */
async function localLife(world: World, read: () => unknown, longest: number): Promise<number> {
  for (let ms = 0; ms <= longest; ms++) {
    if (read() === undefined) return ms
    await world.clock.advance(1)
  }
  return Infinity
}

describe('stale windows', () => {
  test('are in the entry: Redis keeps it through the longer one', async () => {
    expect(await lives({ ttl: '10m', swr: '3s' })).toEqual({ ttl: 600_000, window: 3000, kept: 603_000 })
    expect(await lives({ ttl: '10m', swr: '3s', staleIfError: '5s' })).toEqual({
      ttl: 600_000,
      window: 5000,
      kept: 605_000,
    })
    expect(await lives({ ttl: '10m' })).toEqual({ ttl: 600_000, window: 0, kept: 600_000 })
    expect(await lives({ ttl: '10s' })).toEqual({ ttl: 10_000, window: 0, kept: 60_000 }) // a fence
  })

  test('may be cache-wide, and a call or `false` says otherwise', async () => {
    const wide = { swr: '3s', staleIfError: '5s' } as const
    expect(await lives({}, wide)).toMatchObject({ window: 5000 })
    expect(await lives({ staleIfError: false }, wide)).toMatchObject({ window: 3000 })
    expect(await lives({ staleIfError: false, swr: false }, wide)).toMatchObject({ window: 0 })
    expect(await lives({ swr: '7s' }, wide)).toMatchObject({ window: 7000 })
  })

  test('of the cache are not for what ends at an instant or slides, but a call may say so for the former', async () => {
    const wide = { swr: '3s', staleIfError: '5s' } as const
    const expiresAt = 1_700_000_010_000
    expect(await lives({ expiresAt }, wide)).toEqual({ ttl: 10_000, window: 0, kept: 60_000 })
    expect(await lives({ expiresAt, swr: '1s' }, wide)).toMatchObject({ ttl: 10_000, window: 1000 })
    expect(await lives({ ttl: '10s', sliding: '2s' }, wide)).toMatchObject({ ttl: 2000, window: 0 })
  })

  test.each([
    ['swr', { sliding: '1m', swr: '1m' }],
    ['staleIfError', { sliding: '1m', staleIfError: '1m' }],
  ] as const)('%s and sliding are a TypeError together', async (_, options) => {
    const world = new World()
    const cache = world.isolate()
    const factory = vi.fn(() => 'v')
    for (const call of [
      cache.set('k', 'v', options),
      cache.setMany([['k', 'v']], options),
      cache.getOrCreate('k', factory, options),
    ])
      await expect(call).rejects.toThrow(/^a sliding entry has no stale window/)
    expect([world.redis.requests, factory.mock.calls]).toEqual([[], []])
  })

  test('count for maxTtl, per call and cache-wide', async () => {
    const world = new World()
    const cache = world.isolate({ maxTtl: '1h' })
    const long = /^ttl with its stale window is longer than maxTtl \(3600000 ms\)/
    await expect(cache.set('k', 1, { ttl: '50m', swr: 600_001 })).rejects.toThrow(long)
    await expect(cache.getOrCreate('k', () => 1, { ttl: '50m', staleIfError: 600_001 })).rejects.toThrow(long)
    await expect(
      cache.set('k', 1, { expiresAt: world.clock.now() + 3_000_000, swr: 600_001 }),
    ).rejects.toThrow(/^expiresAt with its stale window/)
    await cache.set('k', 1, { ttl: '50m', swr: '10m', staleIfError: '10m' })
    const limits = { maxTtl: '1h', ttl: '50m' } as const
    expect(() => world.isolate({ ...limits, staleIfError: 600_001 })).toThrow(long)
    const wide = world.isolate({ ...limits, staleIfError: '10m' })
    await wide.set('k', 1)
    await expect(wide.set('k', 1, { ttl: 3_000_001 })).rejects.toThrow(long)
    await wide.set('k', 1, { ttl: '1h', staleIfError: false })
  })

  test.each(['swr', 'staleIfError', 'jitter', 'negativeTtl'])(
    '%s has to be a duration or false',
    async (name) => {
      const world = new World()
      for (const bad of [0, -1, Number.NaN, Infinity, 'soon', true, null]) {
        const options = { [name]: bad } as never
        const blame = new RegExp(`^${name} must be a duration`)
        await expect(world.isolate().set('k', 1, options)).rejects.toThrow(blame)
        await expect(world.isolate().getOrCreate('k', () => 1, options)).rejects.toThrow(blame)
        expect(() => world.isolate(options)).toThrow(blame)
      }
      expect(world.redis.requests).toEqual([])
    },
  )
})

describe('jitter', () => {
  test('shortens the life by no more than itself, and by half at most; not the window', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 1, max: 200_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        async (ttl, jitter, random) => {
          vi.spyOn(Math, 'random').mockReturnValue(random)
          const { ttl: given, window, kept } = await lives({ ttl, jitter, staleIfError: 5000 })
          expect(given).toBe(Math.ceil(ttl - Math.min(jitter, ttl / 2) * random))
          expect(given).toBeGreaterThanOrEqual(Math.max(ttl - jitter, ttl / 2))
          expect([window, kept]).toEqual([5000, Math.max(given + 5000, 60_000)])
        },
      ),
    )
  })

  test('leaves an instant alone, and can be switched off', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999)
    const wide = { jitter: '5s' } as const
    expect(await lives({ expiresAt: 1_700_000_010_000 }, wide)).toMatchObject({ ttl: 10_000 })
    expect(await lives({ ttl: '10s', jitter: false }, wide)).toMatchObject({ ttl: 10_000 })
    expect(await lives({ ttl: '10s' }, wide)).toMatchObject({ ttl: 5005 })
  })

  test('is drawn anew for each entry', async () => {
    const world = new World()
    const cache = await world.warm({ jitter: '5m' })
    await cache.setMany(Array.from({ length: 20 }, (_, i) => [`k${i}`, i]))
    const lengths = new Set(world.redis.requests[0]?.map((command) => command[4]))
    expect(lengths.size).toBeGreaterThan(15)
  })

  test('shortens a stay in L1 once, of what is written as of what is read', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999999)
    for (const [options, least] of [
      [{ ttl: 100, jitter: 1000 }, 51],
      [{ ttl: 100, jitter: 10 }, 91],
      [{ ttl: 1000, localTtl: 100, jitter: 10 }, 91],
    ] as const) {
      const world = new World()
      for (const cache of [world.memoryOnly(), world.isolate(), world.isolate()]) {
        await cache.set('k', 'v', options)
        expect(await localLife(world, () => cache.getLocal('k'), 200)).toBe(least)
      }
      await world.isolate().set('k', 'v', { ttl: '1h' })
      const reader = world.isolate({ localTtl: 100, jitter: 10 })
      await reader.get('k')
      expect(await localLife(world, () => reader.getLocal('k'), 200)).toBe(91)
      await world.isolate().set('l', 'v', { ttl: '1h' })
      const caller = world.isolate({ localTtl: 100, jitter: 10 })
      await caller.getOrCreate('l', () => 'never')
      expect(await localLife(world, () => caller.getLocal('l'), 200)).toBe(91)
    }
  })
})

describe('negativeTtl', () => {
  test('is how long null lives, without a window, if that is less', async () => {
    const options = { ttl: '10s', negativeTtl: '2s', staleIfError: '5s' } as const
    expect(await lives(options, {}, null)).toEqual({ ttl: 2000, window: 0, kept: 60_000 })
    expect(await lives({ ...options, negativeTtl: '1h' }, {}, null)).toMatchObject({ ttl: 10_000 })
    for (const value of [0, '', false, []])
      expect(await lives(options, {}, value)).toMatchObject({ ttl: 10_000 })
    expect(await lives({ ...options, negativeTtl: false }, { negativeTtl: '2s' }, null)).toMatchObject({
      ttl: 10_000,
      window: 5000,
    })
    expect(await lives({ ttl: '10s' }, { negativeTtl: '2s' }, null)).toMatchObject({ ttl: 2000 })
    expect(await lives({ ttl: '10s', sliding: '5s' }, { negativeTtl: '2s' }, null)).toMatchObject({
      ttl: 2000,
    })
  })

  test('is for what a factory makes as well, in L1 too', async () => {
    const world = new World()
    const cache = await world.warm({ negativeTtl: '2s' })
    const factory = vi.fn(() => null)
    for (const [after, calls] of [
      [0, 1],
      [1999, 1],
      [1, 2],
    ] as const) {
      await world.clock.advance(after)
      expect(await cache.getOrCreate('k', factory)).toBeNull()
      expect(factory).toHaveBeenCalledTimes(calls)
    }
  })
})

describe('what only a load may give away', () => {
  const options = { ttl: '10s', swr: '1m', staleIfError: '1m', localTtl: '1h' } as const

  test('no read does, and all see it as a miss', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.setMany([['k', 'v']], options)
    await world.clock.advance(10_000)
    for (const each of [cache, await world.warm()]) {
      expect(each.getLocal('k')).toBeUndefined()
      expect(await each.get('k')).toBeUndefined()
      expect(await each.get('k', { l1: false })).toBeUndefined()
      expect(await each.getMany(['k'])).toEqual(new Map())
      expect(each.stats().stale).toBe(0)
    }
    expect(await cache.getOrCreate('k', () => 'new', options)).toBe('v')
  })

  test('not even while the time of the server is unknown', async () => {
    const world = new World()
    await world.isolate().set('k', 'v', options)
    await world.clock.advance(10_000)
    world.redis.replies.set('TIME', 'never')
    const cache = world.isolate()
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getOrCreate('k', () => 'new', { ttl: '1m' })).toBe('new')
  })

  test('counts in the budget of L1 until its window ends', async () => {
    const world = new World()
    const cache = await world.warm({ memory: { maxEntries: 2 } })
    await cache.set('k', 'v', { ...options, swr: '20s', staleIfError: false })
    await world.clock.advance(29_999)
    expect(cache.getLocal('k')).toBeUndefined()
    expect(cache.stats().l1.entries).toBe(1)
    expect(cache.stats().l1.bytes).toBeGreaterThan(200)
    await world.clock.advance(1)
    expect(cache.getLocal('k')).toBeUndefined()
    expect(cache.stats().l1).toMatchObject({ entries: 0, bytes: 0 })
    await cache.setMany(
      [
        ['a', 1],
        ['b', 1],
        ['c', 1],
      ],
      options,
    )
    await world.clock.advance(10_000)
    expect(cache.stats().l1).toMatchObject({ entries: 2, evictions: 1 })
  })

  test('is what the schema of the call lets through, and nothing else', async () => {
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'x',
        validate: (value: unknown) => (value === 'v' ? { issues: ['no'] } : { value }),
      },
    }
    const world = new World()
    const cache = await world.warm()
    for (const each of [cache, await world.warm(), world.memoryOnly()]) {
      await cache.set('k', 'v', options)
      if (each.stats().l2.requests === 0) await each.set('k', 'v', options)
      await world.clock.advance(10_000)
      expect(await each.getOrCreate('k', () => 'new', { ...options, schema })).toBe('new')
    }
  })
})
