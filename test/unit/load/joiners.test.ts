import { describe, expect, test, vi } from 'vitest'
import type { StandardSchema } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { flightsOf, marksOf, Origin, stateOf, times } from '../../support/origin.ts'
import { record, World } from '../../support/world.ts'

// Callers of one key whose options differ: each gets what it asked for, and no more is loaded than that takes.

const refusing = (accepts: (value: unknown) => boolean): StandardSchema => ({
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => (accepts(value) ? { value } : { issues: [{ message: 'no' }] }),
  },
})

describe('timeout', () => {
  test('one who joined waits no longer than its own, and the leader gets its value', async () => {
    const world = new World()
    const cache = await world.warm()
    const origin = new Origin<string>()
    const leader = cache.getOrCreate('k', origin.factory, { timeout: 5000 })
    await settle()
    const hasty = cache.getOrCreate('k', origin.factory, { timeout: 100 })
    const late = expect(hasty).rejects.toMatchObject({ code: 'FACTORY_TIMEOUT' })
    await world.clock.advance(99)
    expect(await stateOf(hasty)).toBe('waiting')
    await world.clock.advance(1)
    await late
    expect(origin.last.context.signal.aborted).toBe(false)
    origin.last.finish('v')
    expect(await leader).toBe('v')
    expect(origin.runs).toHaveLength(1)
  })

  test('the leader gives up first: those with more patience get the value, and it is kept', async () => {
    const world = new World()
    const cache = await world.warm()
    const origin = new Origin<string>()
    const leader = expect(cache.getOrCreate('k', origin.factory, { timeout: 100 })).rejects.toMatchObject({
      code: 'FACTORY_TIMEOUT',
    })
    await settle()
    const patient = [{ timeout: 5000 }, {}].map((options) => cache.getOrCreate('k', origin.factory, options))
    await world.clock.advance(100)
    await leader
    await world.clock.advance(4000)
    expect(origin.last.context.signal.aborted).toBe(false)
    origin.last.finish('v')
    expect(await Promise.all(patient)).toEqual(['v', 'v'])
    await settle()
    expect(cache.getLocal('k')).toBe('v')
    expect([flightsOf(cache), marksOf(cache), world.clock.pending]).toEqual([0, 0, 0])
  })

  test('all give up: the signal aborts with the last reason, and a hung factory blocks nobody after', async () => {
    const world = new World()
    const cache = await world.warm()
    const origin = new Origin<string>()
    const outcomes = Promise.allSettled(
      [100, 200, 300].map((timeout) => cache.getOrCreate('k', origin.factory, { timeout })),
    )
    await world.clock.advance(299)
    expect(origin.last.context.signal.aborted).toBe(false)
    await world.clock.advance(1)
    expect(origin.last.context.signal.reason).toMatchObject({ code: 'FACTORY_TIMEOUT' })
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect([flightsOf(cache), marksOf(cache), world.clock.pending]).toEqual([0, 0, 0])
    expect(await cache.getOrCreate('k', () => 'v')).toBe('v')
  })

  test('the time that L2 takes does not count', async () => {
    const world = new World()
    const cache = await world.warm()
    const gate = world.hold('GET')
    const origin = new Origin<string>()
    const calls = times(2, () => cache.getOrCreate('k', origin.factory, { timeout: 100 }))
    await world.clock.advance(900)
    gate.open()
    await world.clock.advance(99)
    origin.last.finish('v')
    expect(await Promise.all(calls)).toEqual(['v', 'v'])
  })

  test('a load that went on behind a stale value ends with its time, or with the last who waits after that', async () => {
    const world = new World()
    const cache = await world.warm()
    const stale = { ttl: 1000, staleIfError: '1h', l2: false } as const
    await cache.set('k', 'old', stale)
    await world.clock.advance(1500)
    const origin = new Origin<string>()
    const leader = cache.getOrCreate('k', origin.factory, { ...stale, softTimeout: 100, timeout: 1000 })
    await settle()
    const controller = new AbortController()
    const joined = cache.getOrCreate('k', origin.factory, { l2: false, signal: controller.signal })
    const left = expect(joined).rejects.toThrow('gone')
    await world.clock.advance(100)
    expect(await leader).toBe('old')
    await world.clock.advance(2000)
    expect(origin.last.context.signal.aborted).toBe(false)
    controller.abort(new Error('gone'))
    await left
    await settle()
    expect(origin.last.context.signal.aborted).toBe(true)
    expect(flightsOf(cache)).toBe(0)
    const next = cache.getOrCreate('k', () => 'v', { l2: false })
    await settle()
    expect(await stateOf(next)).toBe('resolved')
  })
})

describe('schema', () => {
  const accepting = refusing((value) => value === 'new')

  test.each([1, 50])(
    '%i who join a read that finds what they refuse make one load of their own',
    async (count) => {
      const world = new World()
      await world.isolate().set('k', 'old')
      const cache = await world.warm()
      const factory = vi.fn(() => 'new')
      const leader = cache.getOrCreate('k', () => 'never')
      const strict = times(count, () => cache.getOrCreate('k', factory, { schema: accepting }))
      expect(await leader).toBe('old')
      expect(new Set(await Promise.all(strict))).toEqual(new Set(['new']))
      expect(factory).toHaveBeenCalledTimes(1)
      expect(await cache.get('k', { l1: false })).toBe('new')
      expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
    },
  )

  test('is not asked about what the factory has just made', async () => {
    const cache = await new World().warm()
    const schema = refusing(() => false)
    const origin = new Origin<string>()
    const calls = [{}, { schema }, { schema }].map((options) =>
      cache.getOrCreate('k', origin.factory, options),
    )
    await settle()
    origin.last.finish('made')
    expect(await Promise.all(calls)).toEqual(['made', 'made', 'made'])
    expect(origin.runs).toHaveLength(1)
  })

  test('that of the leader throws: nobody else is told, and the others load', async () => {
    const world = new World()
    await world.isolate().set('k', 'old')
    const cache = await world.warm()
    const schema = refusing(() => {
      throw new RangeError('the schema is broken')
    })
    const leader = expect(cache.getOrCreate('k', () => 'never', { schema })).rejects.toThrow('broken')
    const joined = times(3, () => cache.getOrCreate('k', () => 'never'))
    await leader
    expect(await Promise.all(joined)).toEqual(['old', 'old', 'old'])
    expect(world.redis.take()).toEqual([['GET'], ['GET']])
  })

  test('that of the leader refuses what L2 has: those who joined get what the factory makes', async () => {
    const world = new World()
    await world.isolate().set('k', 'old')
    const cache = await world.warm()
    const leader = cache.getOrCreate('k', () => 'new', { schema: accepting })
    const joined = cache.getOrCreate('k', () => 'never')
    expect(await Promise.all([leader, joined])).toEqual(['new', 'new'])
  })
})

describe('tiers', () => {
  test('l1: false joins and is joined, and keeps only its own value out of L1', async () => {
    const world = new World()
    const cache = await world.warm()
    const origin = new Origin<string>()
    const first = [{ l1: false }, {}].map((options) => cache.getOrCreate('a', origin.factory, options))
    const second = [{}, { l1: false }].map((options) => cache.getOrCreate('b', origin.factory, options))
    await settle()
    expect(origin.runs).toHaveLength(2)
    for (const run of origin.runs) run.finish('v')
    expect(await Promise.all([...first, ...second])).toEqual(['v', 'v', 'v', 'v'])
    expect([cache.getLocal('a'), cache.getLocal('b')]).toEqual([undefined, 'v'])
  })

  test('l2: false shares its load with its like only', async () => {
    const world = new World()
    const cache = await world.warm()
    const origin = new Origin<string>()
    const solo = times(2, () => cache.getOrCreate('k', origin.factory, { l2: false }))
    await settle()
    const others = times(2, () => cache.getOrCreate('k', origin.factory))
    await settle()
    expect([origin.runs.length, flightsOf(cache)]).toEqual([2, 2])
    origin.runs[0]?.finish('solo')
    expect(await Promise.all(solo)).toEqual(['solo', 'solo'])
    expect(world.redis.values.size).toBe(0)
    origin.runs[1]?.finish('v')
    expect(await Promise.all(others)).toEqual(['v', 'v'])
    expect(world.redis.values.size).toBe(1)
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
  })

  test('memory only: l2: false is a load apart all the same', async () => {
    const cache = new World().memoryOnly()
    const origin = new Origin<string>()
    const calls = [{ l2: false }, {}].map((options) => cache.getOrCreate('k', origin.factory, options))
    await settle()
    for (const [i, run] of origin.runs.entries()) run.finish(`v${i}`)
    expect(await Promise.all(calls)).toEqual(['v0', 'v1'])
  })
})

test("stampede: 'off' neither joins nor is joined, and nobody is disturbed", async () => {
  const cache = await new World().warm()
  const origin = new Origin<string>()
  const off = { stampede: 'off' } as const
  const calls = [{}, off, off, {}].map((options) => cache.getOrCreate('k', origin.factory, options))
  await settle()
  expect([origin.runs.length, flightsOf(cache)]).toEqual([3, 1])
  for (const [i, run] of origin.runs.entries()) run.finish(`v${i}`)
  expect(await Promise.all(calls)).toEqual(['v0', 'v1', 'v2', 'v0'])
  expect(cache.stats().loads).toMatchObject({ count: 3, joined: 1 })
  expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
})

test('how long the value lives is said by who makes it', async () => {
  const world = new World()
  const cache = await world.warm()
  const origin = new Origin<string>()
  const calls = (['10s', '1h'] as const).map((ttl) =>
    cache.getOrCreate('k', origin.factory, { ttl, localTtl: '1h' }),
  )
  await settle()
  origin.last.finish('v')
  await Promise.all(calls)
  await world.clock.advance(9999)
  expect(await cache.get('k')).toBe('v')
  await world.clock.advance(1)
  expect(await cache.get('k')).toBeUndefined()
})

describe('values that cannot be given to others', () => {
  test('a value without text is for its own caller; those who joined load themselves', async () => {
    const world = new World()
    const cache = await world.warm()
    const errors = record(cache, 'error')
    const factory = vi.fn(() => ({ call: () => 1 }))
    const values = await Promise.all(times(5, () => cache.getOrCreate('k', factory)))
    expect(new Set(values).size).toBe(5)
    expect(values.every(({ call }) => call() === 1)).toBe(true)
    expect(factory).toHaveBeenCalledTimes(5)
    expect(errors.map(({ error }) => error.code)).toEqual(times(5, async () => 0).map(() => 'SERIALIZE'))
    expect([flightsOf(cache), marksOf(cache), world.redis.values.size]).toEqual([0, 0, 0])
  })

  test('unless values are shared as they are', async () => {
    const world = new World()
    const cache = await world.warm({ memory: { isolation: 'share' } })
    const factory = vi.fn(() => ({ call: () => 1 }))
    const values = await Promise.all(times(5, () => cache.getOrCreate('k', factory)))
    expect(new Set(values).size).toBe(1)
    expect(factory).toHaveBeenCalledTimes(1)
    expect([flightsOf(cache), marksOf(cache), world.redis.values.size]).toEqual([0, 0, 0])
  })

  test('one that is too large to be kept is given to all, and reported once', async () => {
    const world = new World()
    const cache = await world.warm({ maxValueBytes: 10 })
    const errors = record(cache, 'error')
    const factory = vi.fn(() => ['x'.repeat(20)])
    const values = await Promise.all(times(5, () => cache.getOrCreate('k', factory)))
    expect(new Set(values).size).toBe(5)
    expect(values).toEqual(values.map(() => ['x'.repeat(20)]))
    expect(factory).toHaveBeenCalledTimes(1)
    expect(errors.map(({ error }) => error.code)).toEqual(['TOO_LARGE'])
    expect([flightsOf(cache), cache.stats().l1.entries, world.redis.values.size]).toEqual([0, 0, 0])
  })

  test('what is skipped and has no text is no error', async () => {
    const cache = await new World().warm()
    const errors = record(cache, 'error')
    const value = { call: () => 1 }
    const made = await cache.getOrCreate('k', (context) => {
      context.skip()
      return value
    })
    expect(made).toBe(value)
    expect(errors).toEqual([])
  })
})
