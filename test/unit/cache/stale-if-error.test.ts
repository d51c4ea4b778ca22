import { describe, expect, test, vi } from 'vitest'
import { explain } from '../../../src/admin/index.ts'
import { type CacheOptions, type EntryOptions, type Factory, RedisReplyError } from '../../../src/index.ts'
import { type EndedValue, endedValue } from '../../support/ended-value.ts'
import { ManualClock, settle } from '../../support/manual-clock.ts'
import { record, World } from '../../support/world.ts'

const options = { ttl: '10s', staleIfError: '10m' } as const
const down = new Error('down')
const fails = (): never => {
  throw down
}

const ended = (given: EntryOptions = {}, cacheOptions: CacheOptions = {}): Promise<EndedValue> =>
  endedValue({ ...options, ...given }, { l2: { retries: 0 }, ...cacheOptions })

describe('staleIfError', () => {
  const failures: [string, Factory<string>][] = [
    ['throws', fails],
    ['rejects', () => Promise.reject(down)],
    ['throws nothing in particular', () => Promise.reject(undefined as unknown as Error)],
    ['calls fail with an error', (ctx) => ctx.fail(down)],
    ['calls fail with something else', (ctx) => ctx.fail('503')],
    [
      'sets a bad option',
      (ctx) => {
        ctx.ttl = -1
        return 'new'
      },
    ],
    [
      'says that a value it did not see has not changed',
      () => Promise.reject(Object.assign(new Error('x'), { name: 'NotModified' })),
    ],
  ]

  test.each(failures)(
    'stands in where the factory %s, in an isolate that has a copy and in one that has none',
    async (_, factory) => {
      const { world, cache } = await ended()
      const cold = await world.warm()
      for (const each of [cache, cold]) {
        const events = record(each, 'stale', 'load')
        expect(await each.getOrCreate('k', factory, options)).toBe('old')
        expect(events).toEqual([
          { duration: 0, ok: false, background: false },
          { reason: 'error', age: 0 },
        ])
        expect(each.stats()).toMatchObject({ stale: 1, loads: { count: 1, failed: 1 } })
      }
    },
  )

  test('gives who has no stale value, or does not want one, the error itself', async () => {
    const { cache } = await ended()
    await expect(cache.getOrCreate('k', fails, { ttl: '10s' })).rejects.toBe(down)
    await expect(cache.getOrCreate('other', fails, options)).rejects.toBe(down)
    await expect(cache.getOrCreate('k', (ctx) => ctx.fail('503'), { ttl: '10s' })).rejects.toEqual(
      new Error('503'),
    )
    const status = { code: 404 }
    await expect(cache.getOrCreate('k', (ctx) => ctx.fail(status), { ttl: '10s' })).rejects.toBe(status)
    const wide = await ended({}, { staleIfError: '1m' })
    await expect(wide.cache.getOrCreate('k', fails, { staleIfError: false })).rejects.toBe(down)
    expect(await wide.cache.getOrCreate('k', fails)).toBe('old')
  })

  test('ends with the window, and asks the factory first until then', async () => {
    const { world, cache } = await ended({ staleIfError: '1m' })
    const given = { ttl: '10s', staleIfError: '1m' } as const
    await world.clock.advance(59_999)
    expect(await cache.getOrCreate('k', fails, given)).toBe('old')
    await world.clock.advance(1)
    await expect(cache.getOrCreate('k', fails, given)).rejects.toBe(down)
    const other = await ended()
    expect(await other.cache.getOrCreate('k', () => 'new', options)).toBe('new')
  })

  test('ends while the factory runs where its window does', async () => {
    const { world, cache } = await ended({ staleIfError: '1s' })
    const given = { ttl: '10s', staleIfError: '1s' } as const
    const run = async (): Promise<never> => {
      await world.clock.advance(1000)
      throw down
    }
    await expect(cache.getOrCreate('k', run, given)).rejects.toBe(down)
  })

  test('never becomes fresh: what Redis has stays as it was, byte by byte and in its life', async () => {
    const { world, cache } = await ended()
    const before = structuredClone(world.redis.values)
    for (let i = 0; i < 5; i++) {
      expect(await cache.getOrCreate('k', fails, options)).toBe('old')
      expect(await (await world.warm()).getOrCreate('k', fails, options)).toBe('old')
      await world.clock.advance(10_000)
    }
    expect(world.redis.values).toEqual(before)
    expect(cache.getLocal('k')).toBeUndefined()
    expect(await cache.get('k')).toBeUndefined()
  })

  test('stands in for what swr refreshes behind a call, and after', async () => {
    const both = { ...options, swr: '5s', localTtl: '1h' } as const
    const { world, cache } = await ended(both)
    const factory = vi.fn(fails)
    expect(await cache.getOrCreate('k', factory, both)).toBe('old')
    await settle()
    await world.clock.advance(30_000)
    expect(await cache.getOrCreate('k', factory, both)).toBe('old')
    expect(factory).toHaveBeenCalledTimes(2)
    expect(cache.stats().loads).toMatchObject({ count: 2, failed: 2, joined: 0 })
  })
})

describe('a failing origin rests', () => {
  test.each([
    ['10s', 10_000],
    ['1s', 1000],
    ['30s', 30_000],
    ['1h', 30_000],
  ] as const)('with a ttl of %s for %i ms, to the millisecond', async (ttl, rest) => {
    const { world, cache } = await ended()
    const factory = vi.fn(fails)
    const call = (): Promise<string> => cache.getOrCreate('k', factory, { ...options, ttl })
    await call()
    for (const [after, calls] of [
      [rest - 1, 1],
      [1, 2],
      [rest - 1, 2],
      [1, 3],
    ] as const) {
      await world.clock.advance(after)
      expect(await call()).toBe('old')
      expect(factory).toHaveBeenCalledTimes(calls)
    }
    expect(cache.stats().stale).toBe(5)
  })

  test('with swr as well: a thousand calls a second reach it once in ten', async () => {
    const given = { ttl: '10s', swr: '10m', localTtl: '1h' } as const
    const { world, cache } = await ended(given)
    const factory = vi.fn(fails)
    for (let second = 0; second < 60; second++) {
      for (let i = 0; i < 20; i++) expect(await cache.getOrCreate('k', factory, given)).toBe('old')
      await world.clock.advance(1000)
    }
    expect(factory).toHaveBeenCalledTimes(6)
  })

  test('with swr as well: what it serves while it refreshes nothing is served for the failure, from either tier', async () => {
    const given = { ttl: '10s', swr: '10m', localTtl: '1h' } as const
    for (const l1 of [true, false]) {
      const { cache } = await ended(given)
      const reasons = record(cache, 'stale')
      for (let i = 0; i < 3; i++) {
        expect(await cache.getOrCreate('k', fails, { ...given, l1 })).toBe('old')
        await settle()
      }
      expect(reasons.map(({ reason }) => reason)).toEqual(['swr', 'error', 'error'])
      const { why, refreshes } = await explain(cache, 'k', { ...given, l1 })
      expect(why).toMatch(/^The origin has just failed/)
      expect(refreshes).toBe(false)
    }
  })

  test('but not for a caller that puts up with nothing stale, and a success ends it for all', async () => {
    const { world, cache } = await ended()
    const factory = vi.fn(fails)
    await cache.getOrCreate('k', factory, options)
    await expect(cache.getOrCreate('k', factory, { ttl: '10s' })).rejects.toBe(down)
    expect(factory).toHaveBeenCalledTimes(2)
    expect(await cache.getOrCreate('k', () => 'new', { ttl: '1s', staleIfError: false })).toBe('new')
    await world.clock.advance(1000)
    await expect(cache.getOrCreate('k', factory, options)).rejects.toBe(down)
    expect(factory).toHaveBeenCalledTimes(3)
  })

  test.each(['set', 'remove', 'success'] as const)('until a %s', async (what) => {
    const { world, cache } = await ended()
    await cache.getOrCreate('k', fails, options)
    const bytes = world.redis.values.get('hc:e:k')
    if (what === 'set') await cache.set('k', 'x', { ttl: 1, staleIfError: '1m' })
    if (what === 'remove') await cache.remove('k')
    if (what === 'success') await cache.getOrCreate('k', (ctx) => (ctx.skip(), 'x'), { forceRefresh: true })
    await world.clock.advance(1)
    if (bytes !== undefined && what === 'remove') world.redis.values.set('hc:e:k', bytes)
    const factory = vi.fn(() => 'new')
    expect(await cache.getOrCreate('k', factory, options)).toBe('new')
    expect(factory).toHaveBeenCalledTimes(1)
  })

  test('each key for itself, and not a key that failed without any tolerance', async () => {
    const { cache } = await ended()
    await cache.getOrCreate('k', fails, options)
    await cache.set('other', 'old', { ttl: 1, staleIfError: '1m' })
    await expect(cache.namespace('n').getOrCreate('k', fails, { ttl: '1m' })).rejects.toBe(down)
    const factory = vi.fn(() => 'new')
    expect(await cache.namespace('n').getOrCreate('k', factory, options)).toBe('new')
    expect(await cache.getOrCreate('another', factory, options)).toBe('new')
    expect(factory).toHaveBeenCalledTimes(2)
  })

  test('also where it does not throw but hangs', async () => {
    const { world, cache } = await ended()
    const factory = vi.fn(() => new Promise<string>(() => undefined))
    const call = (): Promise<string> => cache.getOrCreate('k', factory, { ...options, timeout: '1s' })
    const first = call()
    await world.clock.advance(1000)
    expect(await first).toBe('old')
    for (let i = 0; i < 9; i++) {
      expect(await call()).toBe('old')
      await world.clock.advance(1000)
    }
    expect(factory).toHaveBeenCalledTimes(1)
  })
})

describe('where Redis fails', () => {
  test.each([
    ['within its localTtl', 0],
    ['past it', 60_000],
  ])('a copy in L1 stands in for a failed load, %s', async (_, age) => {
    const { world, cache } = await ended({ localTtl: '12s' })
    world.cut()
    await world.clock.advance(age)
    expect(await cache.getOrCreate('k', fails, options)).toBe('old')
    const swr = await ended({ localTtl: '12s', swr: '2m' })
    swr.world.cut()
    await swr.world.clock.advance(age)
    expect(await swr.cache.getOrCreate('k', () => 'new', { ...options, swr: '2m' })).toBe('old')
    await settle()
    expect(swr.cache.getLocal('k')).toBe('new')
  })

  test('a copy of what was fresh for longer than its localTtl stands in too, at an age of 0', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { retries: 0 } })
    await cache.set('k', 'old', { ttl: '1h', localTtl: '5s', staleIfError: '1h' })
    await world.clock.advance(5000)
    world.cut()
    const events = record(cache, 'stale')
    const given = { ttl: '1h', staleIfError: '1h' } as const
    expect(await cache.getOrCreate('k', fails, given)).toBe('old')
    await expect(cache.getOrCreate('k', fails, { ttl: '1h' })).rejects.toBe(down)
    expect(events).toEqual([{ reason: 'error', age: 0 }])
  })

  test('what another isolate removed does not come back from L1', async () => {
    const { world, cache } = await ended({ localTtl: '12s' })
    await world.clock.advance(2000)
    await world.isolate().remove('k')
    await expect(cache.getOrCreate('k', fails, options)).rejects.toBe(down)
    world.cut()
    await expect(cache.getOrCreate('k', fails, options)).rejects.toBe(down)
  })

  test('nor does it where a get has seen that it is gone', async () => {
    for (const read of ['get', 'getMany'] as const) {
      const { world, cache } = await ended({ localTtl: '12s' })
      await world.isolate().remove('k')
      await (read === 'get' ? cache.get('k') : cache.getMany(['k']))
      world.cut()
      await world.clock.advance(2000)
      await expect(cache.getOrCreate('k', fails, options)).rejects.toBe(down)
    }
  })

  test('an error that says that the key holds something else counts as an answer', async () => {
    const { world, cache } = await ended({ localTtl: '12s' })
    await world.clock.advance(2000)
    world.redis.replies.set('GET', new RedisReplyError('WRONGTYPE Operation against a key'))
    await expect(cache.getOrCreate('k', fails, options)).rejects.toBe(down)
  })
})

test('what ended nobody knows when, as the time of the server is not known, stands in for nothing', async () => {
  const world = new World()
  const stale = { ttl: 1000, staleIfError: 1000 } as const
  await world.isolate().set('k', 'old', stale)
  await world.clock.advance(5000)
  const clock = new ManualClock(world.clock.now() - 3_600_000)
  const cache = world.isolate({ clock })
  world.redis.replies.set('TIME', 'never')
  const failing = cache.getOrCreate('k', () => Promise.reject(new Error('down')), stale)
  await expect(failing).rejects.toThrow('down')
})
