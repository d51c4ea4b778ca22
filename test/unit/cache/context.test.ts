import { describe, expect, test, vi } from 'vitest'
import { parseEntry } from '../../../src/entry/header.ts'
import type { Duration, EntryOptions, HybridCache, LoadContext } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { record, World } from '../../support/world.ts'

/** What a factory says of its value, and what Redis then has of it. */
async function stored(say: (ctx: LoadContext) => void, options: EntryOptions = {}, value: unknown = 'v') {
  const world = new World()
  const cache = await world.warm({ maxTtl: '1h' })
  await cache.getOrCreate('k', (ctx) => (say(ctx), value), options)
  const bytes = world.redis.values.get('hc:e:k')
  const header = bytes === undefined ? undefined : parseEntry(bytes.value)?.header
  if (header === undefined) return { world, cache }
  const { created, fresh, stale } = header
  return { world, cache, ttl: fresh - created, window: stale === 0 ? 0 : stale - fresh }
}

describe('a factory may decide', () => {
  test('how long its value lives', async () => {
    expect(await stored((ctx) => (ctx.ttl = '7s'))).toMatchObject({ ttl: 7000, window: 0 })
    expect(await stored((ctx) => (ctx.ttl = '7s'), { ttl: '1m' })).toMatchObject({ ttl: 7000 })
    const later = 1_700_000_009_000
    expect(await stored((ctx) => (ctx.expiresAt = later), { ttl: '1m' })).toMatchObject({ ttl: 9000 })
    expect(await stored((ctx) => (ctx.expiresAt = new Date(later)))).toMatchObject({ ttl: 9000 })
    expect(await stored((ctx) => (ctx.ttl = '7s'), { expiresAt: later })).toMatchObject({ ttl: 7000 })
    expect(await stored((ctx) => (ctx.expiresAt = 5))).not.toHaveProperty('ttl')
  })

  test('which of ttl and expiresAt counts: the last one', async () => {
    const at = 1_700_000_009_000
    const both = await stored((ctx) => {
      ctx.ttl = '7s'
      ctx.expiresAt = at
    })
    expect(both).toMatchObject({ ttl: 9000 })
    const reverse = await stored((ctx) => {
      ctx.expiresAt = at
      ctx.ttl = '7s'
    })
    expect(reverse).toMatchObject({ ttl: 7000 })
    const set = await stored((ctx) => {
      ctx.set({ expiresAt: at })
      ctx.set({ ttl: '7s' })
    })
    expect(set).toMatchObject({ ttl: 7000 })
  })

  test('the other options, each of which stays when another is set', async () => {
    const { world, cache, ...life } = await stored((ctx) => {
      ctx.set({ swr: '2s', localTtl: '3s' })
      ctx.ttl = '5s'
      ctx.set({ staleIfError: '9s' })
    })
    expect(life).toEqual({ ttl: 5000, window: 9000 })
    await world.clock.advance(2999)
    expect(cache.getLocal('k')).toBe('v')
    await world.clock.advance(1)
    expect(cache.getLocal('k')).toBeUndefined()
    expect(await stored((ctx) => ctx.set({ negativeTtl: '2s' }), { swr: '1m' }, null)).toMatchObject({
      ttl: 2000,
      window: 0,
    })
    expect(await stored((ctx) => ctx.set({ swr: false }), { swr: '1m' })).toMatchObject({ window: 0 })
  })

  test.each<[string, (ctx: LoadContext) => void, EntryOptions?]>([
    ['a ttl that is none', (ctx) => (ctx.ttl = 0)],
    ['a ttl above maxTtl', (ctx) => (ctx.ttl = '61m')],
    ['a ttl that is above it with its window', (ctx) => (ctx.ttl = '59m'), { swr: '2m' }],
    ['an end that is none', (ctx) => (ctx.expiresAt = new Date(Number.NaN))],
    ['both at once', (ctx) => ctx.set({ ttl: '1s', expiresAt: 1 })],
    ['a window for an entry that slides', (ctx) => ctx.set({ swr: '1m' }), { sliding: '1m' }],
    ['an etag that is no text', (ctx) => (ctx.etag = 7 as never)],
    ['a long etag', (ctx) => (ctx.etag = 'x'.repeat(1025))],
    ['a long date', (ctx) => (ctx.lastModified = 'x'.repeat(1025))],
    ['half a character', (ctx) => (ctx.etag = '\ud800')],
  ])('%s is a TypeError in the factory, and of the call', async (_, say, options) => {
    const world = new World()
    const cache = await world.warm({ maxTtl: '1h' })
    let thrown: unknown
    const call = cache.getOrCreate(
      'k',
      (ctx) => {
        try {
          say(ctx)
        } catch (error) {
          thrown = error
          throw error
        }
        return 'v'
      },
      options,
    )
    await expect(call).rejects.toBeInstanceOf(TypeError)
    await expect(call).rejects.toBe(thrown)
    expect(await cache.get('k')).toBeUndefined()
  })

  test('beside what the options inherit, or tell when they are asked', async () => {
    class Life {
      get ttl(): Duration {
        return '10s'
      }
      get tags(): readonly string[] {
        return ['t']
      }
    }
    const world = new World()
    for (const options of [
      new Life(),
      Object.freeze(Object.create({ ttl: '10s', tags: ['t'] }) as EntryOptions),
    ]) {
      for (const decide of [() => undefined, (ctx: LoadContext) => ctx.set({ localTtl: '9s' })]) {
        const cache = await world.warm()
        const load = (): Promise<unknown> => cache.getOrCreate('k', (ctx) => (decide(ctx), 1), options)
        await load()
        await world.clock.advance(9999)
        expect(await cache.get('k')).toBe(1)
        await world.clock.advance(1)
        expect(await cache.get('k')).toBeUndefined()
        await load()
        await cache.removeByTag('t')
        expect(await cache.get('k')).toBeUndefined()
        await cache.getOrCreate('k', (ctx) => ((ctx.expiresAt = world.clock.now() + 5000), 1), options)
        await world.clock.advance(5000)
        expect(await cache.get('k')).toBeUndefined()
      }
    }
  })

  test('nothing by what it leaves undefined', async () => {
    const unsaid = undefined as never // what a project with looser types may give
    const given = await stored(
      (ctx) => {
        ctx.set({ ttl: '7s', tags: unsaid, expiresAt: unsaid, swr: unsaid })
        ctx.set({ ttl: unsaid, localTtl: '9s' })
        ctx.tags = unsaid
      },
      { ttl: '1m', swr: '2s', tags: ['t'] },
    )
    expect(given).toMatchObject({ ttl: 7000, window: 2000 })
    await given.cache.removeByTag('t')
    expect(await given.cache.get('k')).toBeUndefined()
    const ends = { expiresAt: 1_700_000_009_000 }
    expect(await stored((ctx) => ctx.set({ expiresAt: unsaid }), ends)).toMatchObject({ ttl: 9000 })
  })

  test('nothing by what it tried and took back', async () => {
    const { ttl } = await stored((ctx) => {
      ctx.ttl = '7s'
      expect(() => (ctx.ttl = '61m')).toThrow('maxTtl')
      expect(() => ctx.set({ expiresAt: Number.NaN })).toThrow('expiresAt')
    })
    expect(ttl).toBe(7000)
  })

  test('the tolerance of the call is what a failure is met with, not that of the factory', async () => {
    const { cache, world } = await stored((ctx) => ctx.set({ ttl: '1s', staleIfError: '1m' }))
    await world.clock.advance(1000)
    const down = new Error('down')
    const fails = (): never => {
      throw down
    }
    await expect(cache.getOrCreate('k', fails)).rejects.toBe(down)
    expect(await cache.getOrCreate('k', fails, { staleIfError: '1m' })).toBe('v')
  })
})

describe('skip', () => {
  test.each(['isolate', 'global'] as const)(
    'gives the value to all who wait, and stores it nowhere: %s',
    async (stampede) => {
      const world = new World()
      const cache: HybridCache = await world.warm()
      const events = record(cache, 'store')
      const factory = vi.fn(async (ctx: LoadContext) => {
        ctx.skip()
        await settle()
        return { v: 1 }
      })
      const calls = await Promise.all([1, 2, 3].map(() => cache.getOrCreate('k', factory, { stampede })))
      expect(calls).toEqual([{ v: 1 }, { v: 1 }, { v: 1 }])
      expect(factory).toHaveBeenCalledTimes(1)
      expect(cache.getLocal('k')).toBeUndefined()
      expect(world.redis.values.size).toBe(0)
      expect(events).toEqual([])
      expect(await cache.getOrCreate('k', () => 'next')).toBe('next')
    },
  )

  test('leaves what was there, and a value that cannot be stored is no failure', async () => {
    const world = new World()
    const cache = await world.warm()
    const errors = record(cache, 'error')
    await cache.set('k', 'old', { ttl: '1s', staleIfError: '1m' })
    await world.clock.advance(1000)
    const before = structuredClone(world.redis.values)
    const odd = (): void => undefined
    expect(await cache.getOrCreate('k', (ctx) => (ctx.skip(), odd))).toBe(odd)
    expect(errors).toEqual([])
    expect(world.redis.values).toEqual(before)
  })
})
