import { describe, expect, test, vi } from 'vitest'
import type { CacheOptions, HybridCache } from '../../../src/index.ts'
import type { Isolation } from '../../../src/memory/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { flightsOf, marksOf, Origin, reasonOf, stateOf, times } from '../../support/origin.ts'
import { record, World } from '../../support/world.ts'

interface Value {
  list: number[]
}

type Make = (world: World, options?: CacheOptions) => HybridCache

describe.each<[string, Make]>([
  ['both tiers', (world, options) => world.isolate(options)],
  ['memory only', (world, options) => world.memoryOnly(options)],
])('with %s', (_, make) => {
  test.each([1, 2, 50, 10_000])('%i callers of a cold key share one load', async (count) => {
    const cache = make(new World())
    const origin = new Origin<Value>()
    const calls = times(count, () => cache.getOrCreate('k', origin.factory))
    await settle()
    expect(origin.runs).toHaveLength(1)
    expect(flightsOf(cache)).toBe(1)
    origin.last.finish({ list: [1] })
    const values = await Promise.all(calls)
    expect(new Set(values).size).toBe(count) // each a copy of its own
    expect(values.every(({ list }) => list.length === 1 && list[0] === 1)).toBe(true)
    expect(new Set(values.map(({ list }) => list)).size).toBe(count)
    expect(cache.stats().loads).toMatchObject({ count: 1, failed: 0, joined: count - 1 })
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
    expect(await cache.getOrCreate('k', origin.factory)).toEqual({ list: [1] })
    expect(origin.runs).toHaveLength(1)
  })

  test('what one caller does to its copy, no other sees', async () => {
    const cache = make(new World())
    const origin = new Origin<Value>()
    const calls = times(3, () => cache.getOrCreate('k', origin.factory))
    await settle()
    origin.last.finish({ list: [1] })
    const [first, second, third] = (await Promise.all(calls)) as [Value, Value, Value]
    first.list.push(2)
    second.list.push(3)
    expect(third).toEqual({ list: [1] })
    expect(await cache.get('k')).toEqual({ list: [1] })
  })

  test.each<[Isolation, number, boolean]>([
    ['share', 1, false],
    ['freeze', 2, true],
  ])('%s: those who joined share %i object at most with the others', async (isolation, distinct, frozen) => {
    const cache = make(new World(), { memory: { isolation } })
    const origin = new Origin<Value>()
    const calls = times(5, () => cache.getOrCreate('k', origin.factory))
    await settle()
    origin.last.finish({ list: [1] })
    const [own, ...joined] = (await Promise.all(calls)) as [Value, ...Value[]]
    expect(new Set([own, ...joined]).size).toBe(distinct)
    expect(joined.map((value) => Object.isFrozen(value) && Object.isFrozen(value.list))).toEqual(
      joined.map(() => frozen),
    )
    expect(Object.isFrozen(own)).toBe(false) // it is the caller's: nobody else has it
    own.list.push(2)
    expect((await cache.get<Value>('k'))?.list).toHaveLength(isolation === 'share' ? 2 : 1)
  })

  test('a failure reaches all as it is, and the next call loads again', async () => {
    const cache = make(new World())
    const origin = new Origin()
    const failure = new RangeError('the origin is down')
    const reasons = Promise.all(times(5, () => reasonOf(cache.getOrCreate('k', origin.factory))))
    await settle()
    origin.last.fail(failure)
    for (const reason of await reasons) expect(reason).toBe(failure)
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
    expect(cache.stats().loads).toMatchObject({ count: 1, failed: 1, joined: 4 })
    expect(await cache.getOrCreate('k', () => 'better')).toBe('better')
  })

  test('a factory that rejects with undefined has failed like any other', async () => {
    const cache = make(new World())
    const fail = (): Promise<unknown> => Promise.reject(undefined)
    const outcomes = await Promise.allSettled(times(3, () => cache.getOrCreate('k', fail)))
    expect(outcomes).toEqual(outcomes.map(() => ({ status: 'rejected', reason: undefined })))
    expect(cache.stats().loads).toMatchObject({ count: 1, failed: 1, joined: 2 })
    expect(flightsOf(cache)).toBe(0)
  })

  test('undefined and what is skipped are given to all and stored nowhere; the next call loads again', async () => {
    const world = new World()
    const cache = make(world)
    const origin = new Origin<unknown>()
    const load = (): Promise<unknown> => cache.getOrCreate('k', origin.factory)
    const [nothing, skipped] = [times(4, load), times(4, () => cache.getOrCreate('s', origin.factory))]
    await settle()
    origin.runs[0]?.finish(undefined)
    origin.last.context.skip()
    origin.last.finish({ list: [1] })
    expect(await Promise.all(nothing)).toEqual([undefined, undefined, undefined, undefined])
    const values = await Promise.all(skipped)
    expect(values).toEqual(values.map(() => ({ list: [1] })))
    expect(new Set(values).size).toBe(4)
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
    expect(origin.runs).toHaveLength(2)
    expect(world.redis.values.size).toBe(0)
    expect(cache.stats().l1.entries).toBe(0)
    expect(await cache.getOrCreate('k', () => null)).toBeNull()
    expect(await cache.getOrCreate('s', () => 'kept')).toBe('kept')
  })

  test('null is a value: all get it, and nobody loads it again', async () => {
    const cache = make(new World())
    const factory = vi.fn(() => null)
    expect(await Promise.all(times(3, () => cache.getOrCreate('k', factory)))).toEqual([null, null, null])
    expect(await cache.getOrCreate('k', factory)).toBeNull()
    expect(factory).toHaveBeenCalledTimes(1)
  })

  test('namespaces have loads of their own', async () => {
    const cache = make(new World())
    const origin = new Origin<string>()
    const calls = ['a', 'b', undefined, 'a'].map((name) =>
      (name === undefined ? cache : cache.namespace(name)).getOrCreate('k', origin.factory),
    )
    await settle()
    expect(origin.runs).toHaveLength(3)
    for (const [i, run] of origin.runs.entries()) run.finish(`v${i}`)
    expect(await Promise.all(calls)).toEqual(['v0', 'v1', 'v2', 'v0'])
    expect(flightsOf(cache)).toBe(0)
  })

  test('a write in one namespace leaves the load of another joinable', async () => {
    const cache = make(new World())
    const origin = new Origin<string>()
    const first = cache.namespace('a').getOrCreate('k', origin.factory)
    await settle()
    await cache.set('k', 'root')
    await cache.namespace('b').remove('k')
    const second = cache.namespace('a').getOrCreate('k', origin.factory)
    await settle()
    origin.last.finish('v')
    expect(await Promise.all([first, second])).toEqual(['v', 'v'])
    expect(origin.runs).toHaveLength(1)
    expect(cache.namespace('a').getLocal('k')).toBe('v')
  })

  test('bound views of one cache share loads', async () => {
    const cache = make(new World())
    const origin = new Origin<string>()
    const work: Promise<unknown>[] = []
    const calls = times(5, () =>
      cache.bind({ waitUntil: (each) => void work.push(each) }).getOrCreate('k', origin.factory),
    )
    await settle()
    expect(origin.runs).toHaveLength(1)
    origin.last.finish('v')
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['v']))
    expect(work).toHaveLength(1)
  })
})

test('those who find a value in L2 at the same time send one request and decode copies of their own', async () => {
  const world = new World()
  await world.isolate().set('k', { list: [1] })
  const cache = await world.warm()
  const never = vi.fn(() => ({ list: [0] }))
  const values = await Promise.all(times(20, () => cache.getOrCreate('k', never)))
  expect(world.redis.take()).toEqual([['GET']])
  expect(new Set(values).size).toBe(20)
  expect(values.every(({ list }) => list[0] === 1)).toBe(true)
  expect(never).not.toHaveBeenCalled()
  expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
})

test('a join is an event, and one miss is counted for a load', async () => {
  const cache = await new World().warm()
  const [joins, misses] = [record(cache, 'join'), record(cache, 'miss')]
  await Promise.all(times(4, () => cache.getOrCreate('k', () => 1)))
  expect(joins).toEqual(times(3, async () => 0).map(() => ({ operation: 'getOrCreate' })))
  expect(misses).toHaveLength(1)
})

describe('what a request is asked to wait for', () => {
  const outcomes: [string, (origin: Origin) => void][] = [
    ['a value', (origin) => origin.last.finish('v')],
    ['undefined', (origin) => origin.last.finish(undefined)],
    ['a value without text', (origin) => origin.last.finish(() => 1)],
    ['a failure', (origin) => origin.last.fail(new Error('down'))],
  ]

  test.each(outcomes)('is one promise a load, which never rejects: %s', async (_, end) => {
    const cache = await new World().warm()
    const work: Promise<unknown>[] = []
    const bound = cache.bind({ waitUntil: (each) => void work.push(each) })
    const origin = new Origin()
    const calls = Promise.allSettled([bound.getOrCreate('k', origin.factory)])
    await settle()
    expect(work).toHaveLength(1)
    end(origin)
    await calls
    await expect(work[0]).resolves.toBeUndefined()
    expect(work).toHaveLength(1)
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
  })

  test('settles when the value is written; the caller has it before', async () => {
    const world = new World()
    const cache = await world.warm()
    const gate = world.hold('SET')
    const work: Promise<unknown>[] = []
    const bound = cache.bind({ waitUntil: (each) => void work.push(each) })
    expect(await bound.getOrCreate('k', () => 'v')).toBe('v')
    expect(await stateOf(work[0] as Promise<unknown>)).toBe('waiting')
    gate.open()
    await work[0]
    expect(await world.isolate().get('k')).toBe('v')
  })

  test('where it refuses, or there is nobody, the caller waits for the write itself', async () => {
    const world = new World()
    const cache = await world.warm()
    const gate = world.hold('SET')
    const over = {
      waitUntil: () => {
        throw new TypeError('the request is over')
      },
    }
    const calls = [cache.getOrCreate('a', () => 1), cache.bind(over).getOrCreate('b', () => 1)]
    await gate.reached
    for (const call of calls) expect(await stateOf(call)).toBe('waiting')
    gate.open()
    expect(await Promise.all(calls)).toEqual([1, 1])
    expect(world.redis.values.size).toBe(2)
  })
})

test('records of loads that never end stay within bounds: the oldest cannot be joined any more', async () => {
  const cache = new World().memoryOnly()
  const origin = new Origin<string>()
  const calls = Array.from({ length: 10_001 }, (_, i) => cache.getOrCreate(`k${i}`, origin.factory))
  await settle()
  expect(flightsOf(cache)).toBe(10_000)
  const again = ['k0', 'k2'].map((key) => cache.getOrCreate(key, origin.factory))
  await settle()
  expect(origin.runs).toHaveLength(10_002)
  for (const run of origin.runs) run.finish('v')
  expect(new Set(await Promise.all([...calls, ...again]))).toEqual(new Set(['v']))
  expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
})
