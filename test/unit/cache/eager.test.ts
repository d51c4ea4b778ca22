import { describe, expect, test, vi } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { record, World } from '../../support/world.ts'

const options = { ttl: '60s', localTtl: '1h', eager: true } as const

/** Makes chance such that a load that took `took` is begun anew `left` before the end, and not a millisecond earlier. */
function chance(left: number, took: number, beta = 1): void {
  vi.spyOn(Math, 'random').mockReturnValue(1 - Math.exp((-left - 0.001) / (took * beta)))
}

/** Loads 'old', which takes 100 ms, and lets time pass until it has `left` milliseconds to live. */
async function loaded(left: number, { memory = false } = {}): Promise<{ world: World; cache: HybridCache }> {
  const world = new World()
  const cache = memory ? world.memoryOnly() : await world.warm()
  const take = async (): Promise<string> => {
    await world.clock.advance(100)
    return 'old'
  }
  await cache.getOrCreate('k', take, options)
  await world.clock.advance(60_000 - left)
  world.redis.take()
  return { world, cache }
}

describe('eager', () => {
  test.each([
    ['in both tiers', { memory: false }],
    ['in memory only', { memory: true }],
  ])('loads anew behind a hit, by the chance of XFetch and what the last load took, %s', async (_, tiers) => {
    for (const [left, calls] of [
      [231, 0],
      [230, 1],
    ] as const) {
      const { cache } = await loaded(left, tiers)
      chance(230, 100)
      const factory = vi.fn(() => 'new')
      expect(await cache.getOrCreate('k', factory, options)).toBe('old')
      await settle()
      expect(factory).toHaveBeenCalledTimes(calls)
      expect(cache.getLocal('k')).toBe(calls === 0 ? 'old' : 'new')
    }
  })

  test.each([0.5, 1, 3])('beta %d moves that', async (beta) => {
    for (const [left, calls] of [
      [201, 0],
      [200, 1],
    ] as const) {
      const { cache } = await loaded(left)
      chance(200, 100, beta)
      const factory = vi.fn(() => 'new')
      await cache.getOrCreate('k', factory, { ...options, eager: { beta } })
      await settle()
      expect(factory).toHaveBeenCalledTimes(calls)
    }
  })

  test('is off unless asked for, by the call or the cache', async () => {
    const { cache } = await loaded(1)
    vi.spyOn(Math, 'random').mockReturnValue(0.999)
    const factory = vi.fn(() => 'new')
    const { eager: _, ...rest } = options
    await cache.getOrCreate('k', factory, rest)
    await cache.getOrCreate('k', factory, { ...rest, eager: false })
    await cache.getOrCreate('k', factory, { ...rest, l1: false })
    await settle()
    expect(factory).not.toHaveBeenCalled()
    const world = new World()
    const wide = await world.warm({ eager: true })
    await wide.set('k', 'old', { ttl: '60s', localTtl: '1h' })
    await world.clock.advance(59_999)
    await wide.getOrCreate('k', factory, { eager: false })
    await settle()
    expect(factory).not.toHaveBeenCalled()
    await wide.getOrCreate('k', factory)
    await settle()
    expect(factory).toHaveBeenCalledTimes(1)
  })

  test('is never in the way of the hit, and runs once however many hit', async () => {
    const { world, cache } = await loaded(1)
    vi.spyOn(Math, 'random').mockReturnValue(0.9)
    const gate = world.hold('EVALSHA')
    const factory = vi.fn(() => 'new')
    const events = record(cache, 'hit', 'miss', 'stale', 'load')
    const values = await Promise.all(
      Array.from({ length: 100 }, () => cache.getOrCreate('k', factory, options)),
    )
    expect(new Set(values)).toEqual(new Set(['old']))
    expect(factory).not.toHaveBeenCalled()
    gate.open()
    await settle()
    expect(factory).toHaveBeenCalledTimes(1)
    expect(world.redis.take()).toEqual([['ZRANGE', 'LeaseEntry'], ['CommitEntry']])
    expect(events).toHaveLength(101)
    expect(events.at(-1)).toEqual({ duration: 0, ok: true, background: true })
  })

  test('asks L2 before the factory: what another isolate has made already is taken', async () => {
    const { world, cache } = await loaded(1000)
    const other = await world.warm()
    vi.spyOn(Math, 'random').mockReturnValue(1 - 1e-16)
    await other.getOrCreate('k', () => 'theirs', options)
    await settle()
    const factory = vi.fn(() => 'mine')
    expect(await cache.getOrCreate('k', factory, options)).toBe('old')
    await settle()
    expect(factory).not.toHaveBeenCalled()
    expect(cache.getLocal('k')).toBe('theirs')
  })

  test('works with L1 off, from what L2 says of the load, and no hit waits', async () => {
    for (const [left, calls] of [
      [231, 0],
      [230, 1],
    ] as const) {
      const { world } = await loaded(left)
      chance(230, 100)
      const factory = vi.fn(() => 'new')
      const cold = await world.warm()
      expect(await cold.getOrCreate('k', factory, { ...options, l1: false })).toBe('old')
      await settle()
      expect(factory).toHaveBeenCalledTimes(calls)
      expect(await world.isolate().get('k')).toBe(calls === 0 ? 'old' : 'new')
    }
  })

  test('gives the factory the value that it is to replace, and nothing where Redis then fails', async () => {
    const { world } = await loaded(1)
    vi.spyOn(Math, 'random').mockReturnValue(0.9)
    const stale: unknown[] = []
    const factory = ({ stale: seen }: { stale: unknown }): string => {
      stale.push(seen)
      return 'new'
    }
    for (const broken of [true, false]) {
      const cache = await world.warm({ l2: { retries: 0 } })
      world.redis.before = (commands) => {
        if (broken && commands[0]?.[0] === 'EVALSHA') throw new TypeError('fetch failed')
      }
      await cache.getOrCreate('k', factory, { ...options, l1: false })
      await settle()
    }
    expect(stale).toEqual([undefined, { value: 'old', etag: undefined, lastModified: undefined }])
  })

  test('lets the value be where the load fails, and the origin rest where a stale value will do', async () => {
    const { world, cache } = await loaded(1000)
    vi.spyOn(Math, 'random').mockReturnValue(1 - 1e-16)
    const factory = vi.fn(() => Promise.reject(new Error('down')))
    const before = structuredClone(world.redis.values.get('hc:e:k'))
    for (let i = 0; i < 3; i++) {
      expect(await cache.getOrCreate('k', factory, { ...options, staleIfError: '1m' })).toBe('old')
      await settle()
    }
    expect(factory).toHaveBeenCalledTimes(1)
    expect(world.redis.values.get('hc:e:k')).toEqual(before)
  })

  test('does not load what ended while a schema looked at it, unless it is asked for', async () => {
    const { world, cache } = await loaded(1)
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'x',
        validate: async (value: unknown) => {
          await world.clock.advance(1)
          return { value }
        },
      },
    }
    const factory = vi.fn(() => 'new')
    await cache.set('k', 'old', { ttl: 1, staleIfError: '1m' })
    expect(await cache.getOrCreate('k', factory, { ttl: '60s', schema })).toBe('old')
    for (let i = 0; i < 10; i++) await world.clock.advance(1)
    expect(factory).not.toHaveBeenCalled()
  })

  test.each([{ beta: 0 }, { beta: -1 }, { beta: Number.NaN }, { beta: Infinity }, {}, null, 1, 'yes'])(
    '%o is a TypeError',
    async (eager) => {
      const world = new World()
      const bad = { eager } as never
      await expect(world.isolate().getOrCreate('k', () => 1, bad)).rejects.toThrow(/^eager must be/)
      expect(() => world.isolate(bad)).toThrow(/^eager must be/)
      expect(world.redis.requests).toEqual([])
    },
  )
})
