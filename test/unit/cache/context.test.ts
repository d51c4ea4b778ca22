import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { parseEntry } from '../../../src/entry/header.ts'
import type { Duration, EntryOptions, HybridCache, LoadContext } from '../../../src/index.ts'
import { anyText } from '../../support/entries.ts'
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

describe('validators', () => {
  const options = { ttl: '1s', swr: false, staleIfError: '1m', localTtl: '1s' } as const

  /** Loads a value with validators; what the next load of the same isolate, and of a cold one, finds. */
  async function roundTrip(etag: string, lastModified: string): Promise<unknown[]> {
    const world = new World()
    const cache = await world.warm()
    const first = (ctx: LoadContext): string => {
      ctx.etag = etag
      ctx.lastModified = lastModified
      return 'v'
    }
    await cache.getOrCreate('k', first, options)
    await cache.getOrCreate('l', first, { ...options, l2: false })
    await world.clock.advance(1000)
    const seen: unknown[] = []
    const look = (ctx: LoadContext): never => {
      seen.push(ctx.stale)
      return ctx.fail('seen')
    }
    await (await world.warm()).getOrCreate('k', look, options)
    await cache.getOrCreate('k', look, options)
    await cache.getOrCreate('l', look, { ...options, l2: false })
    return seen
  }

  test('come back as they were, from either tier', async () => {
    const stale = { value: 'v', etag: 'W/"a|b,c%7c\n"', lastModified: 'Thu, 01 Jan 1970 00:00:00 GMT' }
    expect(await roundTrip(stale.etag, stale.lastModified)).toEqual([stale, stale, stale])
    const none = { value: 'v', etag: undefined, lastModified: undefined }
    expect(await roundTrip('', '')).toEqual([none, none, none])
  })

  test('whatever they hold', async () => {
    const text = anyText.filter((each) => each !== '' && each.isWellFormed() && each.length <= 1024)
    await fc.assert(
      fc.asyncProperty(text, text, async (etag, lastModified) => {
        const stale = { value: 'v', etag, lastModified }
        expect(await roundTrip(etag, lastModified)).toEqual([stale, stale, stale])
      }),
      { numRuns: 50 },
    )
  })

  test('of the greatest length beside the longest key leave room for a small value', async () => {
    const world = new World()
    const cache = await world.warm({ maxValueBytes: 5 })
    const key = '|'.repeat(1024)
    const first = (ctx: LoadContext): string => {
      ctx.etag = '%'.repeat(1024)
      ctx.lastModified = '\n'.repeat(1024)
      return 'abc'
    }
    await cache.getOrCreate(key, first, options)
    expect(await world.isolate({ maxValueBytes: 5 }).get(key)).toBe('abc')
    await world.clock.advance(1000)
    expect(await cache.getOrCreate(key, (ctx) => ctx.notModified(), options)).toBe('abc')
    expect(await world.isolate({ maxValueBytes: 5 }).get(key)).toBe('abc')
  })

  test('of one load are not those of the next', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.getOrCreate('k', (ctx) => ((ctx.etag = '1'), 'a'), options)
    await world.clock.advance(1000)
    await cache.getOrCreate('k', () => 'b', options)
    await world.clock.advance(1000)
    let stale: unknown
    await cache.getOrCreate('k', (ctx) => ((stale = ctx.stale), 'c'), options)
    expect(stale).toEqual({ value: 'b', etag: undefined, lastModified: undefined })
  })
})

describe('notModified', () => {
  const options = { ttl: '10s', staleIfError: '1m' } as const
  const value = { list: [1, 2], date: new Date(5) }

  test.each(['clone', 'freeze', 'share'] as const)(
    'has the stale value live anew, with its bytes and validators, under %s',
    async (isolation) => {
      const world = new World()
      const cache = await world.warm({ memory: { isolation } })
      await cache.getOrCreate('k', (ctx) => ((ctx.etag = '"1"'), (ctx.lastModified = 'then'), value), options)
      const before = parseEntry(world.redis.values.get('hc:e:k')?.value ?? '')
      await world.clock.advance(10_000)
      for (const each of [await world.warm({ memory: { isolation } }), cache]) {
        expect(await each.getOrCreate('k', (ctx) => ctx.notModified(), options)).toEqual(value)
        const after = parseEntry(world.redis.values.get('hc:e:k')?.value ?? '')
        expect(after?.payload).toBe(before?.payload)
        expect(after?.header).toMatchObject({
          etag: '"1"',
          modified: 'then',
          fresh: world.clock.now() + 10_000,
        })
        expect(each.getLocal('k')).toEqual(value)
        await world.clock.advance(9999)
        expect(await world.isolate().get('k')).toEqual(value)
        await world.clock.advance(1)
      }
    },
  )

  test('takes what else the factory says', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.getOrCreate('k', (ctx) => ((ctx.etag = '1'), (ctx.lastModified = 'then'), 'v'), options)
    await world.clock.advance(10_000)
    const again = (ctx: LoadContext<string>): never => {
      ctx.etag = '2'
      ctx.ttl = '3s'
      return ctx.notModified()
    }
    expect(await cache.getOrCreate('k', again, options)).toBe('v')
    const { header } = parseEntry(world.redis.values.get('hc:e:k')?.value ?? '') ?? {}
    expect(header).toMatchObject({ etag: '2', modified: 'then', fresh: world.clock.now() + 3000 })
  })

  test('is a success: it counts as one, and joiners get the value', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'v', options)
    await world.clock.advance(10_000)
    const factory = vi.fn((ctx: LoadContext<string>): string => ctx.notModified())
    const calls = [1, 2, 3].map(() => cache.getOrCreate('k', factory, { ttl: '10s' }))
    expect(await Promise.all(calls)).toEqual(['v', 'v', 'v'])
    expect(factory).toHaveBeenCalledTimes(1)
    expect(cache.stats()).toMatchObject({ stale: 0, loads: { count: 1, failed: 0, joined: 2 } })
  })

  test('needs a stale value', async () => {
    const cache = await new World().warm()
    await expect(cache.getOrCreate('k', (ctx) => ctx.notModified())).rejects.toThrow(
      new TypeError('notModified() needs a stale value: ask only where ctx.stale is there'),
    )
  })

  test('does not bring back what was removed meanwhile', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'v', options)
    await world.clock.advance(10_000)
    const late = async (ctx: LoadContext<string>): Promise<never> => {
      await world.isolate().remove('k')
      await cache.remove('k')
      return ctx.notModified()
    }
    await cache.getOrCreate('k', late, options)
    expect(await cache.get('k')).toBeUndefined()
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
