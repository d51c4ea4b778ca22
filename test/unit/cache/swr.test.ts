import { describe, expect, test, vi } from 'vitest'
import type { CacheOptions, EntryOptions } from '../../../src/index.ts'
import { type EndedValue, endedValue } from '../../support/ended-value.ts'
import { settle } from '../../support/manual-clock.ts'
import { record, World } from '../../support/world.ts'

const options = { ttl: '10s', localTtl: '1h', swr: '20s' } as const

const ended = (given: EntryOptions = {}, cacheOptions: CacheOptions = {}): Promise<EndedValue> =>
  endedValue({ ...options, ...given }, cacheOptions)

describe('swr from L1', () => {
  test('gives the stale value at once and refreshes once behind however many callers', async () => {
    const { world, cache: writer } = await ended()
    let open!: (value: string) => void
    const factory = vi.fn(() => new Promise<string>((resolve) => (open = resolve)))
    const calls = Array.from({ length: 1000 }, () => writer.getOrCreate('k', factory, options))
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['old']))
    await settle()
    expect(factory).toHaveBeenCalledTimes(1)
    expect(await writer.getOrCreate('k', factory, options)).toBe('old')
    open('new')
    await settle()
    expect(writer.getLocal('k')).toBe('new')
    expect(await world.isolate().get('k')).toBe('new')
    expect(factory).toHaveBeenCalledTimes(1)
    expect(writer.stats()).toMatchObject({ stale: 1001, loads: { count: 1, failed: 0, joined: 0 } })
  })

  test('does not wait for Redis', async () => {
    const { world, cache: writer } = await ended()
    world.hold('EVALSHA')
    expect(await writer.getOrCreate('k', () => 'new', options)).toBe('old')
  })

  test('ends with the window: to the millisecond', async () => {
    for (const [age, given] of [
      [19_999, 'old'],
      [20_000, 'new'],
    ] as const) {
      const { world, cache: writer } = await ended()
      await world.clock.advance(age)
      expect(await writer.getOrCreate('k', () => 'new', options)).toBe(given)
    }
  })

  test('is a matter of the call, but never longer than the entry says', async () => {
    const { world, cache: writer } = await ended()
    await world.clock.advance(5000)
    expect(await writer.getOrCreate('k', () => 'a', { ...options, swr: '5s' })).toBe('a')
    const other = await ended({ swr: '5s' })
    await other.world.clock.advance(4999)
    expect(await other.cache.getOrCreate('k', () => 'new', { ...options, swr: '1h' })).toBe('old')
    const late = await ended({ swr: '5s' })
    await late.world.clock.advance(5000)
    expect(await late.cache.getOrCreate('k', () => 'new', { ...options, swr: '1h' })).toBe('new')
  })

  test('is not used by a call that does not want it', async () => {
    const { cache: writer } = await ended()
    expect(await writer.getOrCreate('k', () => 'new', { ttl: '10s', localTtl: '1h' })).toBe('new')
    const wide = await ended({}, { swr: '20s' })
    expect(await wide.cache.getOrCreate('k', () => 'new', { swr: false })).toBe('new')
  })

  test('asks L2 first once the copy is past its localTtl', async () => {
    const { world, cache: writer } = await ended({ localTtl: '12s' })
    await world.clock.advance(1999)
    const gate = world.hold('EVALSHA')
    expect(await writer.getOrCreate('k', () => 'a', options)).toBe('old')
    gate.open()
    await settle()
    const late = await ended({ localTtl: '12s' })
    await late.world.clock.advance(2000)
    await late.world.isolate().remove('k')
    expect(await late.cache.getOrCreate('k', () => 'new', options)).toBe('new')
  })

  test('works without Redis, and for what is kept out of it', async () => {
    const world = new World()
    for (const [cache, l2] of [
      [world.memoryOnly(), true],
      [world.isolate(), false],
    ] as const) {
      const given = { ttl: '10s', swr: '20s', l2 } as const
      await cache.set('k', 'old', given)
      await world.clock.advance(29_999)
      const factory = vi.fn(() => 'new')
      expect(await cache.getOrCreate('k', factory, given)).toBe('old')
      await settle()
      expect(await cache.getOrCreate('k', factory, given)).toBe('new')
      expect(factory).toHaveBeenCalledTimes(1)
      await world.clock.advance(30_000)
      expect(await cache.getOrCreate('k', factory, given)).toBe('new')
      expect(factory).toHaveBeenCalledTimes(2)
    }
    expect(world.redis.requests).toEqual([])
  })

  test('hands the refresh to waitUntil where there is one', async () => {
    const { world, cache: writer } = await ended()
    const work: Promise<unknown>[] = []
    const bound = writer.bind({ waitUntil: (promise) => void work.push(promise) })
    expect(await bound.getOrCreate('k', () => 'new', options)).toBe('old')
    expect(work).toHaveLength(1)
    await work[0]
    expect(await world.isolate().get('k')).toBe('new')
  })

  test.each(['WebSocketPair', 'EdgeRuntime'])(
    'loads in the foreground where %s says that work ends with its request, unless there is a waitUntil',
    async (name) => {
      vi.stubGlobal(name, name)
      const { world, cache: writer } = await ended()
      const bound = writer.bind({ waitUntil: () => undefined })
      const gate = world.hold('EVALSHA')
      expect(await bound.getOrCreate('k', () => 'behind', options)).toBe('old')
      gate.open()
      await settle()
      const other = await ended()
      expect(await other.cache.getOrCreate('k', () => 'new', options)).toBe('new')
    },
  )

  test('a refresh that ends after a set or a remove stores nothing', async () => {
    for (const write of ['set', 'remove'] as const) {
      const { world, cache: writer } = await ended()
      let open!: (value: string) => void
      const factory = (): Promise<string> => new Promise((resolve) => (open = resolve))
      expect(await writer.getOrCreate('k', factory, options)).toBe('old')
      await settle()
      await (write === 'set' ? writer.set('k', 'set', options) : writer.remove('k'))
      open('late')
      await settle()
      expect(await writer.get('k')).toBe(write === 'set' ? 'set' : undefined)
      expect(await world.isolate().get('k')).toBe(write === 'set' ? 'set' : undefined)
    }
  })

  test('is told by events', async () => {
    const { world, cache: writer } = await ended()
    const events = record(writer, 'stale', 'load', 'miss', 'hit')
    await world.clock.advance(1234)
    await writer.getOrCreate('k', () => 'new', options)
    await settle()
    expect(events).toEqual([
      { reason: 'swr', age: 1234 },
      { duration: 0, ok: true, background: true },
    ])
  })
})

describe('swr from L2', () => {
  test('gives a cold isolate the stale value before the factory has made a new one', async () => {
    const { world } = await ended()
    const cache = await world.warm()
    let open!: (value: string) => void
    const factory = vi.fn(() => new Promise<string>((resolve) => (open = resolve)))
    expect(await cache.getOrCreate('k', factory, options)).toBe('old')
    await settle()
    open('new')
    await settle()
    expect(await world.isolate().get('k')).toBe('new')
    expect(cache.getLocal('k')).toBe('new')
    expect(factory).toHaveBeenCalledTimes(1)
  })

  test('keeps the stale copy in L1, from where the next call is served', async () => {
    const { world } = await ended()
    const cache = await world.warm()
    const never = (): Promise<string> => new Promise(() => undefined)
    await cache.getOrCreate('k', never, options)
    await settle()
    world.redis.take()
    expect(await cache.getOrCreate('k', never, options)).toBe('old')
    await settle()
    expect(world.redis.take()).toEqual([])
  })

  test('works with L1 off, and ends with the window', async () => {
    for (const [age, given] of [
      [19_999, 'old'],
      [20_000, 'new'],
    ] as const) {
      const { world } = await ended()
      await world.clock.advance(age)
      const cache = await world.warm()
      expect(await cache.getOrCreate('k', () => 'new', { ...options, l1: false })).toBe(given)
      await settle()
      expect(cache.stats().l1.entries).toBe(0)
      expect(await world.isolate().get('k')).toBe('new')
    }
  })

  test('a longer window of the call does not prolong that of the entry', async () => {
    const { world } = await ended({ swr: '5s' })
    const stored = world.redis.values.get('hc:e:k')
    if (stored !== undefined) stored.expires += 60_000
    await world.clock.advance(5000)
    expect(await (await world.warm()).getOrCreate('k', () => 'new', { ...options, swr: '1h' })).toBe('new')
  })

  test('is told by events, once a miss and once a stale value', async () => {
    const { world } = await ended()
    const cache = await world.warm()
    const events = record(cache, 'stale', 'load', 'hit')
    await cache.getOrCreate('k', () => 'new', options)
    await settle()
    expect(events).toEqual([
      { reason: 'swr', age: 0 },
      { duration: 0, ok: true, background: true },
    ])
  })
})
