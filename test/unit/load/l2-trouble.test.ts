import { describe, expect, test, vi } from 'vitest'
import { RedisReplyError } from '../../../src/index.ts'
import { due } from '../../support/coherence.ts'
import { nameOf } from '../../support/fake-redis.ts'
import { settle } from '../../support/manual-clock.ts'
import { flightsOf, marksOf, Origin, reasonOf, times } from '../../support/origin.ts'
import { record, watch, World } from '../../support/world.ts'

// Loads that many callers share, while L2 fails, hangs, or answers late.

test('a failing Redis costs one attempt for all, and one factory call', async () => {
  const world = new World()
  const cache = await world.warm({ l2: { retries: 0 } })
  const errors = record(cache, 'error')
  world.cut()
  const factory = vi.fn(() => 'v')
  expect(new Set(await Promise.all(times(50, () => cache.getOrCreate('k', factory))))).toEqual(new Set(['v']))
  expect(factory).toHaveBeenCalledTimes(1)
  expect(world.redis.take()).toEqual([['GET']]) // it is left alone for the rest of the load
  expect(errors).toHaveLength(1)
  expect(cache.getLocal('k')).toBe('v')
  expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
})

test('a hanging Redis holds all up for one deadline, together', async () => {
  const world = new World()
  const cache = await world.warm({ l2: { timeout: 500, retries: 0 } })
  const gate = world.hold('GET')
  const origin = new Origin<string>()
  const calls = times(5, () => cache.getOrCreate('k', origin.factory))
  await world.clock.advance(499)
  expect(origin.runs).toHaveLength(0)
  const late = times(5, () => cache.getOrCreate('k', origin.factory)) // no deadline of their own
  await world.clock.advance(1)
  expect(origin.runs).toHaveLength(1)
  origin.last.finish('v')
  expect(new Set(await Promise.all([...calls, ...late]))).toEqual(new Set(['v']))
  gate.open()
  await settle()
  expect([flightsOf(cache), marksOf(cache), world.clock.pending]).toEqual([0, 0, 0])
})

test('an error that Redis answers is a miss; what is there unread is not written over', async () => {
  const world = new World()
  const cache = await world.warm()
  const origin = new Origin<string>()
  world.redis.replies.set('GET', new RedisReplyError('WRONGTYPE Operation against a key'))
  const calls = times(3, () => cache.getOrCreate('k', origin.factory))
  await settle()
  world.redis.replies.clear()
  await world.isolate().set('k', 'of another')
  origin.last.finish('v')
  expect(await Promise.all(calls)).toEqual(['v', 'v', 'v'])
  expect(origin.runs).toHaveLength(1)
  expect(await world.isolate().get('k')).toBe('of another')
  expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
})

describe('while the value is still being written', () => {
  test('those who come get it from the load that made it, and make none', async () => {
    const world = new World()
    const cache = await world.warm({ waitUntil: () => undefined })
    const gate = world.hold('SET')
    const factory = vi.fn(() => ['v'])
    const first = await cache.getOrCreate('k', factory)
    await gate.reached
    const more = await Promise.all(times(3, () => cache.getOrCreate('k', factory)))
    expect(new Set([first, ...more]).size).toBe(4)
    expect(more).toEqual([['v'], ['v'], ['v']])
    expect(factory).toHaveBeenCalledTimes(1)
    expect(cache.getLocal('k')).toBeUndefined()
    gate.open()
    await settle()
    expect(cache.getLocal('k')).toEqual(['v'])
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
  })

  test('a write to the key ends that, too', async () => {
    const world = new World()
    const cache = await world.warm({ waitUntil: () => undefined })
    const gate = world.hold('SET')
    await cache.getOrCreate('k', () => 'old')
    await gate.reached
    const removing = cache.remove('k')
    const factory = vi.fn(() => 'new')
    const next = cache.getOrCreate('k', factory)
    gate.open()
    await removing
    expect(await next).toBe('new')
    expect(factory).toHaveBeenCalledTimes(1)
  })

  test('a write whose answer is lost lets L1 have it, and disturbs nobody', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { retries: 0 } })
    world.redis.after = (commands) => {
      if (commands[0]?.[0] === 'SET') throw new TypeError('fetch failed')
    }
    expect(await Promise.all(times(3, () => cache.getOrCreate('k', () => 'v')))).toEqual(['v', 'v', 'v'])
    expect(cache.getLocal('k')).toBe('v')
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
  })

  test('a write that hangs ends with its deadline, and so does the wait of a caller without waitUntil', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout: 500, retries: 0 } })
    world.hold('SET')
    const leader = cache.getOrCreate('k', () => 'v')
    const joined = cache.getOrCreate('k', () => 'never')
    expect(await joined).toBe('v')
    expect(flightsOf(cache)).toBe(1)
    await world.clock.advance(500)
    expect(await leader).toBe('v')
    expect([flightsOf(cache), marksOf(cache), cache.getLocal('k')]).toEqual([0, 0, 'v'])
  })
})

test('another isolate stores first: the callers have their value, and no tier keeps it', async () => {
  const world = new World()
  const cache = await world.warm()
  const origin = new Origin<string>()
  const calls = times(3, () => cache.getOrCreate('k', origin.factory))
  await settle()
  await world.isolate().set('k', 'of another')
  origin.last.finish('old')
  expect(await Promise.all(calls)).toEqual(['old', 'old', 'old'])
  expect(cache.getLocal('k')).toBeUndefined()
  expect(await cache.getOrCreate('k', () => 'never')).toBe('of another')
})

test('another isolate replaces what a load is about to replace: the same', async () => {
  const world = new World()
  const cache = await world.warm()
  await cache.set('k', 'first', { l1: false })
  const origin = new Origin<string>()
  const forced = cache.getOrCreate('k', origin.factory, { forceRefresh: true })
  await settle()
  await world.clock.advance(1)
  await world.isolate().set('k', 'of another')
  origin.last.finish('old')
  expect(await forced).toBe('old')
  expect(cache.getLocal('k')).toBeUndefined()
  expect(await world.isolate().get('k')).toBe('of another')
})

describe("stampede: 'global'", () => {
  test('a failure is not handed to those who call while its lease is given back', async () => {
    const world = new World()
    const cache = await world.warm({ stampede: 'global', waitUntil: () => undefined })
    const origin = new Origin<string>()
    const first = reasonOf(cache.getOrCreate('k', origin.factory))
    await settle()
    const gate = world.hold('CompareAndDelete')
    origin.last.fail(new Error('down'))
    expect(await first).toMatchObject({ message: 'down' })
    await gate.reached
    const second = cache.getOrCreate('k', () => 'better')
    second.catch(() => undefined)
    await settle()
    gate.open()
    await world.clock.advance(100) // it waits for the lease
    expect(await second).toBe('better')
    await settle()
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
  })

  test('what a write has made out of date is not stored, and its lease is given back', async () => {
    const world = new World()
    const cache = await world.warm({ stampede: 'global' })
    const origin = new Origin<string>()
    const call = cache.getOrCreate('k', origin.factory)
    await settle()
    await cache.set('k', 'new')
    expect(world.redis.values.size).toBe(2)
    origin.last.finish('old')
    expect(await call).toBe('old')
    expect([...world.redis.values.keys()]).toEqual(['hc:e:k'])
    expect(await world.isolate().get('k')).toBe('new')
  })

  test('what cannot be compressed is not stored, and its lease is given back', async () => {
    vi.stubGlobal('CompressionStream', function Failing() {
      throw new RangeError('out of memory')
    })
    const world = new World()
    const work: Promise<unknown>[] = []
    const waitUntil = (promise: Promise<unknown>): void => void work.push(promise)
    const cache = await world.warm({ stampede: 'global', compression: { threshold: 0 }, waitUntil })
    const errors = record(cache, 'error')
    expect(await cache.getOrCreate('k', () => 'v')).toBe('v')
    await Promise.all(work)
    expect(world.redis.take()).toEqual([['LeaseEntry'], ['CompareAndDelete']])
    expect(world.redis.values.size).toBe(0)
    expect(errors).toMatchObject([{ operation: 'getOrCreate', error: { code: 'SERIALIZE' } }])
  })

  test('callers of one isolate share one lease and one load', async () => {
    const world = new World()
    const cache = await world.warm({ stampede: 'global' })
    const factory = vi.fn(() => 'v')
    await Promise.all(times(50, () => cache.getOrCreate('k', factory)))
    expect(factory).toHaveBeenCalledTimes(1)
    expect(world.redis.take().flat()).toEqual(['LeaseEntry', 'CommitEntry'])
  })
})

describe('what Redis said of a key counts, though it fails afterwards', () => {
  const fail = (): string => {
    throw new Error('the origin is down')
  }

  test('R3: a stale value that it gave is at hand', async () => {
    const world = new World()
    const stale = { swr: '1h', staleIfError: '1h' } as const
    await world.isolate().set('k', 'old', { ttl: 1000, ...stale })
    await world.clock.advance(2000)
    const cache = await world.warm()
    world.redis.before = (commands) => {
      if (!commands.some(([name]) => name === 'GET')) throw new TypeError('fetch failed')
    }
    const first = watch(cache.getOrCreate('k', fail, stale))
    const joined = watch(cache.getOrCreate('k', fail, { ...stale, swr: false }))
    await world.clock.advance(5000)
    expect([first.value, joined.value]).toEqual(['old', 'old'])
  })

  test('a value that it had removed is not', async () => {
    const world = new World()
    const [cache, other] = [await world.warm(), await world.warm()]
    const options = { ttl: 1000, staleIfError: '1h', localTtl: '1h', stampede: 'global' } as const
    await cache.set('k', 'old', options)
    await world.clock.advance(1500)
    await other.remove('k')
    watch(other.getOrCreate('k', new Origin<string>().factory, options)) // has the lease
    await settle()
    const call = watch(cache.getOrCreate('k', fail, options))
    await settle()
    world.cut()
    await world.clock.advance(30_000)
    expect(call).toMatchObject({ error: new Error('the origin is down') })
  })

  test('R3: a database that was flushed, and cannot be given versions, has said nothing', async () => {
    const world = new World()
    const cache = await world.warm()
    const options = { ttl: 1000, staleIfError: '1h', localTtl: '1h' } as const
    await cache.set('k', 'old', options)
    await world.clock.advance(due)
    world.redis.flush()
    world.redis.before = (commands) => {
      if (commands.some((command) => nameOf(command) === 'SeedVersions')) throw new TypeError('fetch failed')
    }
    const call = watch(cache.getOrCreate('k', fail, options))
    await world.clock.advance(5000)
    expect(call).toEqual({ value: 'old' })
  })
})
