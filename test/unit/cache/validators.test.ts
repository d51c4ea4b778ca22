import fc from '../../support/fc.ts'
import { describe, expect, test, vi } from 'vitest'
import { parseEntry } from '../../../src/entry/header.ts'
import type { LoadContext } from '../../../src/index.ts'
import { anyText } from '../../support/entries.ts'
import { World } from '../../support/world.ts'

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

  test('keeps the tags that the value had, until there would be too many: then it is made anew', async () => {
    const world = new World()
    const cache = await world.warm()
    const factory = vi.fn((ctx: LoadContext<string>) => (ctx.stale === undefined ? 'v' : ctx.notModified()))
    const tagsOn = async (day: number): Promise<readonly string[]> => {
      await cache.getOrCreate('k', factory, { ...options, tags: ['always', `day:${day}`] })
      await world.clock.advance(10_000)
      return parseEntry(world.redis.values.get('hc:e:k')?.value ?? '')?.header.tags ?? []
    }
    const counts: number[] = []
    for (let day = 0; day < 32; day++) counts.push((await tagsOn(day)).length)
    expect(counts).toEqual([...Array.from({ length: 31 }, (_, i) => i + 2), 2])
    expect(await tagsOn(32)).toEqual(['always', 'day:31', 'day:32'])
    expect(factory.mock.results.filter(({ type }) => type === 'return')).toHaveLength(2) // the others say notModified()
  })

  test('that is made anew for its tags still stands in where that fails', async () => {
    const world = new World()
    const cache = await world.warm()
    const many = Array.from({ length: 32 }, (_, i) => `t${i}`)
    await cache.set('k', 'v', { ...options, tags: many })
    await world.clock.advance(10_000)
    const fails = vi.fn((ctx: LoadContext<string>): string => ctx.notModified())
    const load = (): Promise<string> => cache.getOrCreate('k', fails, { ...options, tags: ['one more'] })
    expect([await load(), await load()]).toEqual(['v', 'v'])
    expect(fails).toHaveBeenCalledTimes(1) // and the origin rests
    expect(cache.stats().stale).toBe(2)
    await cache.removeByTag('t31')
    await expect(load()).rejects.toThrow('needs a stale value')
  })

  test('needs a stale value', async () => {
    const cache = await new World().warm()
    await expect(cache.getOrCreate('k', (ctx) => ctx.notModified())).rejects.toThrow(
      new TypeError('notModified() needs a stale value: call it only if ctx.stale is set'),
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
