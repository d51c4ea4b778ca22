import { describe, expect, test, vi } from 'vitest'
import type { LoadContext } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { record, watch, World } from '../../support/world.ts'

const options = { ttl: '1m', staleIfError: '10m' } as const
const forced = { ...options, forceRefresh: true } as const
const down = new Error('down')
const fails = (): never => {
  throw down
}

describe('forceRefresh', () => {
  test('loads anew whatever is fresh, and shows it to the factory', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.getOrCreate('k', (ctx) => ((ctx.etag = '1'), 'old'), options)
    for (const each of [cache, await world.warm(), world.memoryOnly()]) {
      const memory = each.stats().l2.requests === 0
      if (memory) await each.set('k', 'old', options)
      let stale: unknown
      const factory = (ctx: LoadContext<string>): string => ((stale = ctx.stale), 'old')
      expect(await each.getOrCreate('k', factory, forced)).toBe('old')
      expect(stale).toMatchObject({ value: 'old' })
      if (each === cache) expect(stale).toMatchObject({ etag: '1' })
    }
  })

  test('replaces the value in both tiers', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old', options)
    expect(await cache.getOrCreate('k', () => 'new', forced)).toBe('new')
    expect([cache.getLocal('k'), await world.isolate().get('k')]).toEqual(['new', 'new'])
    expect(await cache.getOrCreate('k', (ctx: LoadContext<string>) => ctx.notModified(), forced)).toBe('new')
  })

  test('that fails gives the fresh value where staleIfError says so, and leaves it where it is', async () => {
    const world = new World()
    const cache = await world.warm()
    const events = record(cache, 'stale')
    await cache.set('k', 'old', options)
    const before = structuredClone(world.redis.values)
    expect(await cache.getOrCreate('k', fails, forced)).toBe('old')
    await expect(cache.getOrCreate('k', fails, { forceRefresh: true })).rejects.toBe(down)
    expect(events).toEqual([{ reason: 'error', age: 0 }])
    expect([cache.getLocal('k'), await world.isolate().get('k')]).toEqual(['old', 'old'])
    expect(world.redis.values).toEqual(before)
  })

  test('is for now: neither a resting origin nor swr keeps it from the factory', async () => {
    const world = new World()
    const cache = await world.warm()
    const given = { ttl: '1s', swr: '10m', localTtl: '1h' } as const
    await cache.set('k', 'old', given)
    await world.clock.advance(1000)
    await cache.getOrCreate('k', fails, given)
    await settle()
    const factory = vi.fn(() => 'new')
    expect(await cache.getOrCreate('k', factory, given)).toBe('old')
    expect(factory).not.toHaveBeenCalled()
    expect(await cache.getOrCreate('k', factory, { ...given, forceRefresh: true })).toBe('new')
  })

  test('waits for a slow Redis instead of giving the value that it is to replace', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old', options)
    world.redis.before = () => new Promise<void>((done) => void world.clock.setTimeout(done, 400))
    const call = watch(cache.getOrCreate('k', () => 'new', forced))
    await settle()
    await world.clock.advance('2s')
    expect(call.value).toBe('new')
  })

  test('joins nobody; what was being loaded before is not stored; who comes later joins it', async () => {
    const world = new World()
    const cache = await world.warm()
    const open: ((value: string) => void)[] = []
    const factory = vi.fn(() => new Promise<string>((resolve) => open.push(resolve)))
    const early = cache.getOrCreate('k', factory, options)
    await settle()
    const force = cache.getOrCreate('k', factory, forced)
    await settle()
    const later = cache.getOrCreate('k', factory, options)
    await settle()
    expect(factory).toHaveBeenCalledTimes(2)
    open[1]?.('new')
    expect([await force, await later]).toEqual(['new', 'new'])
    open[0]?.('old')
    expect(await early).toBe('old')
    expect([cache.getLocal('k'), await world.isolate().get('k')]).toEqual(['new', 'new'])
  })

  test('costs a read and a write, also where swr would do with a stale value', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old', { ttl: '1m', swr: '1m' })
    world.redis.take()
    await cache.getOrCreate('k', () => 'new', { ttl: '1m', swr: '1m', forceRefresh: true })
    expect(world.redis.take()).toEqual([['GET'], ['FillEntry']])
  })

  test('is not kept from the tiers by what was begun before it and ends before it', async () => {
    const world = new World()
    const cache = await world.warm()
    const open: ((value: string) => void)[] = []
    const factory = (): Promise<string> => new Promise((resolve) => open.push(resolve))
    const early = cache.getOrCreate('k', factory, options)
    await settle()
    const force = cache.getOrCreate('k', factory, forced)
    await settle()
    open[0]?.('old')
    expect(await early).toBe('old')
    expect(await world.isolate().get('k')).toBeUndefined()
    open[1]?.('new')
    expect(await force).toBe('new')
    expect([cache.getLocal('k'), await world.isolate().get('k')]).toEqual(['new', 'new'])
  })
})
