import { describe, expect, test, vi } from 'vitest'
import type { EntryOptions, HybridCache } from '../../../src/index.ts'
import { type EndedValue, endedValue } from '../../support/ended-value.ts'
import { settle } from '../../support/manual-clock.ts'
import { Origin } from '../../support/origin.ts'
import { record, World } from '../../support/world.ts'

const options = { ttl: '10s', localTtl: '1h', swr: '20s' } as const

const ended = (given: EntryOptions = {}): Promise<EndedValue> => endedValue({ ...options, ...given })

describe('swr in the fleet', () => {
  test('isolates with copies in L1 have the value made once', async () => {
    const world = new World()
    await world.isolate().set('k', 'old', options)
    const isolates = Array.from({ length: 5 }, () => world.isolate({ localTtl: '1h' }))
    for (const cache of isolates) await cache.get('k')
    await world.clock.advance(10_000)
    await oneFactory(world, isolates)
  })

  test('cold isolates have it made once', async () => {
    const { world } = await ended()
    await oneFactory(world, await Promise.all(Array.from({ length: 5 }, () => world.warm())))
  })

  test('isolates with L1 off have it made once', async () => {
    const { world } = await ended()
    const isolates = await Promise.all(Array.from({ length: 5 }, () => world.warm()))
    await oneFactory(world, isolates, { l1: false })
  })

  test('who joins meanwhile and wants nothing stale has all of its time', async () => {
    const { world } = await ended()
    const cache = await world.warm()
    const gate = world.hold('EVALSHA')
    expect(await cache.getOrCreate('k', () => 'new', options)).toBe('old')
    const joiner = cache.getOrCreate('k', () => 'own', { ttl: '10s', timeout: '1s' })
    await settle()
    gate.open()
    expect(await joiner).toBe('new')
  })

  test('an isolate that finds it made already calls no factory', async () => {
    const { world, cache: writer } = await ended()
    await world.isolate().set('k', 'theirs', options)
    const factory = vi.fn(() => 'mine')
    expect(await writer.getOrCreate('k', factory, options)).toBe('old')
    await settle()
    expect(await writer.getOrCreate('k', factory, options)).toBe('theirs')
    expect(factory).not.toHaveBeenCalled()
  })

  test('a refresh that another isolate is at is left alone for a second', async () => {
    const { world, cache: writer } = await ended()
    const other = await world.warm()
    const never = vi.fn(() => new Promise<string>(() => undefined))
    await other.getOrCreate('k', never, options)
    await settle()
    world.redis.take()
    const factory = vi.fn(() => 'new')
    for (let i = 0; i < 10; i++) {
      expect(await writer.getOrCreate('k', factory, options)).toBe('old')
      await world.clock.advance(99)
    }
    expect(world.redis.take()).toEqual([['ZRANGE', 'LeaseEntry']])
    await world.clock.advance(10)
    await writer.getOrCreate('k', factory, options)
    await settle()
    expect(world.redis.take()).toEqual([['LeaseEntry']])
    expect(factory).not.toHaveBeenCalled()
  })

  /** Another isolate is making the value, and this one has found that out. */
  const madeElsewhere = async (given: EntryOptions = {}): Promise<EndedValue> => {
    const both = await ended(given)
    const never = (): Promise<string> => new Promise(() => undefined)
    await (await both.world.warm()).getOrCreate('k', never, { ...options, ...given })
    await settle()
    expect(await both.cache.getOrCreate('k', never, { ...options, ...given })).toBe('old')
    await settle()
    return both
  }

  test('a value that this isolate has expired meanwhile is made here, and at once', async () => {
    const { cache } = await madeElsewhere()
    await cache.expire('k')
    const events = record(cache, 'stale')
    expect(await cache.getOrCreate('k', () => 'new', options)).toBe('new')
    expect(events).toEqual([])
  })

  test('who may have nothing stale but where something fails has the value made', async () => {
    const { world, cache } = await madeElsewhere({ staleIfError: '1m' })
    await world.clock.advance(500)
    expect(await cache.getOrCreate('k', () => 'new', { ...options, swr: false, staleIfError: '1m' })).toBe(
      'new',
    )
  })

  test('L1 off: it is given for the second, with nobody asked for the lease again, and nothing has failed', async () => {
    const { world, cache } = await madeElsewhere()
    const events = record(cache, 'stale')
    world.redis.take()
    expect(await cache.getOrCreate('k', () => 'new', { ...options, l1: false })).toBe('old')
    await settle()
    expect(world.redis.take()).toEqual([['GET']])
    expect(events).toEqual([{ reason: 'swr', age: 0 }])
  })

  test('who wins the lease makes the value, though another isolate was at it a moment ago', async () => {
    const { world, cache } = await ended()
    const other = await world.warm()
    const origin = new Origin<string>()
    await other.getOrCreate('k', origin.factory, options)
    await settle()
    await cache.getOrCreate('k', () => 'too early', options)
    await settle()
    origin.last.fail(new Error('the origin is down'))
    await settle()
    const given = { ...options, l1: false, stampede: 'global' } as const
    expect(await cache.getOrCreate('k', () => 'new', given)).toBe('old')
    await settle()
    expect(await world.isolate().get('k')).toBe('new')
  })

  test('a winner that is gone delays the refresh for no longer than its lease', async () => {
    const { world, cache: writer } = await ended({ swr: '1m' })
    const given = { ...options, swr: '1m' } as const
    await (await world.warm()).getOrCreate('k', () => new Promise<string>(() => undefined), given)
    await settle()
    const factory = vi.fn(() => 'new')
    for (let i = 0; i < 12; i++) {
      await writer.getOrCreate('k', factory, given)
      await world.clock.advance(1000)
    }
    expect(await writer.getOrCreate('k', factory, given)).toBe('new')
    expect(factory).toHaveBeenCalledTimes(1)
  })
})

async function oneFactory(
  world: World,
  isolates: readonly HybridCache[],
  given: EntryOptions = {},
): Promise<void> {
  let open!: (value: string) => void
  const factory = vi.fn(() => new Promise<string>((resolve) => (open = resolve)))
  const call = (cache: HybridCache): Promise<string> =>
    cache.getOrCreate('k', factory, { ...options, ...given })
  const values = await Promise.all(isolates.flatMap((cache) => [call(cache), call(cache)]))
  expect(new Set(values).size).toBe(1)
  await settle()
  expect(factory).toHaveBeenCalledTimes(1)
  open('new')
  await settle()
  expect(await world.isolate().get('k')).toBe('new')
  await world.clock.advance(1000)
  await Promise.all(isolates.map(call))
  await settle()
  expect(await Promise.all(isolates.map(call))).toEqual(isolates.map(() => 'new'))
  expect(factory).toHaveBeenCalledTimes(1)
}
