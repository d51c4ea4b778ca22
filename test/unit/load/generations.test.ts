import { describe, expect, test } from 'vitest'
import { compareAndSwap, setIfExists, setIfNotExists } from '../../../src/atomic/index.ts'
import type { EntryOptions, HybridCache } from '../../../src/index.ts'
import { nameOf } from '../../support/fake-redis.ts'
import { settle } from '../../support/manual-clock.ts'
import { flightsOf, marksOf, Origin } from '../../support/origin.ts'
import { Gate, World } from '../../support/world.ts'

// A write to a key ends the generation of the loads that began before it: nobody joins them, and what they make is kept nowhere.

type Write = [string, (cache: HybridCache) => Promise<unknown> | void]

const writes: Write[] = [
  ['set', (cache) => cache.set('k', 'new')],
  ['setMany', (cache) => cache.setMany([['k', 'new']])],
  ['remove', (cache) => cache.remove('k')],
  ['remove of many', (cache) => cache.remove(['other', 'k'])],
]
const removeLocal: Write = ['removeLocal', (cache) => cache.removeLocal('k')]

async function inFlight(options: EntryOptions = {}) {
  const world = new World()
  const cache = await world.warm()
  const origin = new Origin<string>()
  const first = cache.getOrCreate('k', origin.factory, options)
  await settle()
  return { world, cache, origin, first }
}

describe.each(writes)('%s while a load is on its way', (_, write) => {
  test('nobody joins it any more, and its value is in no tier', async () => {
    const { world, cache, origin, first } = await inFlight()
    await write(cache)
    expect(flightsOf(cache)).toBe(0)
    const expected = await cache.get('k')
    const second = cache.getOrCreate('k', origin.factory)
    await settle()
    origin.runs[0]?.finish('old')
    expect(await first).toBe('old')
    expect([cache.getLocal('k'), await world.isolate().get('k')]).toEqual([expected, expected])
    if (expected === undefined) {
      expect(origin.runs).toHaveLength(2)
      origin.last.finish('newer')
    }
    expect(await second).toBe(expected ?? 'newer')
    expect(cache.getLocal('k')).toBe(expected ?? 'newer')
    expect(await world.isolate().get('k')).toBe(expected ?? 'newer')
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
  })

  test('the end of the older load leaves the newer one in place', async () => {
    const { cache, origin, first } = await inFlight()
    await write(cache)
    cache.removeLocal('k')
    const options = { forceRefresh: true }
    const second = cache.getOrCreate('k', origin.factory, options)
    await settle()
    origin.runs[0]?.finish('old')
    await first
    await settle()
    const third = cache.getOrCreate('k', origin.factory)
    await settle()
    expect([origin.runs.length, flightsOf(cache)]).toEqual([2, 1])
    origin.last.finish('newer')
    expect(await Promise.all([second, third])).toEqual(['newer', 'newer'])
  })

  test('a load that leaves L2 out is ended too', async () => {
    const { cache, origin, first } = await inFlight({ l2: false })
    await write(cache)
    expect(flightsOf(cache)).toBe(0)
    origin.last.finish('old')
    expect(await first).toBe('old')
    expect(cache.getLocal('k')).not.toBe('old')
  })

  test('before its answer and after: who comes between does not outlive it either', async () => {
    const { world, cache, origin, first } = await inFlight()
    const gate = new Gate()
    world.redis.before = async (commands) => {
      if (commands.some((each) => ['SetEntry', 'RemoveEntries'].includes(nameOf(each)))) await gate.pass()
    }
    const writing = write(cache)
    await gate.reached
    const between = cache.getOrCreate('k', origin.factory)
    await settle()
    expect(origin.runs).toHaveLength(2)
    gate.open()
    await writing
    world.redis.before = undefined
    const expected = await world.isolate().get('k')
    origin.runs[0]?.finish('old')
    expect(await first).toBe('old')
    expect(await world.isolate().get('k')).toBe(expected)
    origin.runs[1]?.finish('between')
    expect(await between).toBe('between')
    expect(cache.getLocal('k')).toBe(expected)
  })
})

test('removeLocal: nobody joins, L1 takes nothing; L2 was not meant', async () => {
  const { world, cache, origin, first } = await inFlight()
  await removeLocal[1](cache)
  const second = cache.getOrCreate('k', origin.factory)
  await settle()
  expect(origin.runs).toHaveLength(2)
  origin.runs[0]?.finish('first')
  expect(await first).toBe('first')
  expect(cache.getLocal('k')).toBeUndefined()
  expect(await world.isolate().get('k')).toBe('first')
  origin.runs[1]?.finish('second')
  expect(await second).toBe('second')
  expect(cache.getLocal('k')).toBeUndefined() // L2 has the other
})

describe('writes that depend on what Redis holds', () => {
  const scripted: [string, (cache: HybridCache<true>) => Promise<boolean>][] = [
    ['setIfNotExists', (cache) => setIfNotExists(cache, 'k', 'new')],
    ['setIfExists', (cache) => setIfExists(cache, 'k', 'new')],
    ['compareAndSwap', (cache) => compareAndSwap(cache, 'k', 'a', 'new')],
  ]

  test.each(scripted)('%s ends the load whether it stores or not', async (_, write) => {
    const { world, cache, origin, first } = await inFlight()
    for (const name of ['SetEntryIfNotExists', 'SetEntryIfExists', 'CompareAndSwapEntry'])
      world.redis.replies.set(name, [0, 0, null])
    await write(cache as HybridCache<true>)
    world.redis.replies.clear()
    expect(flightsOf(cache)).toBe(0)
    origin.last.finish('old')
    expect(await first).toBe('old')
    expect(cache.getLocal('k')).toBeUndefined()
    expect(world.redis.values.size).toBe(0)
  })
})

test('two removals that overlap: a load that began between them is kept nowhere', async () => {
  const { world, cache, origin, first } = await inFlight()
  const gate = world.hold('RemoveEntries', 'after')
  const one = cache.remove('k')
  await gate.reached
  const between = cache.getOrCreate('k', origin.factory)
  await settle()
  world.redis.after = undefined
  await cache.remove('k')
  for (const run of origin.runs) run.finish('old')
  expect(await Promise.all([first, between])).toEqual(['old', 'old'])
  gate.open()
  await one
  expect([origin.runs.length, await world.isolate().get('k'), cache.getLocal('k')]).toEqual([
    2,
    undefined,
    undefined,
  ])
  const last = cache.getOrCreate('k', origin.factory)
  await settle()
  origin.last.finish('new')
  expect(await last).toBe('new')
  expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
})

test('a removal that failed still ends the load', async () => {
  const { world, cache, origin, first } = await inFlight()
  world.cut()
  const failed = expect(cache.remove('k')).rejects.toMatchObject({ code: 'L2_NETWORK' })
  await world.clock.advance(1000)
  await failed
  world.redis.before = undefined
  origin.last.finish('old')
  expect(await first).toBe('old')
  expect([world.redis.values.size, cache.getLocal('k'), flightsOf(cache)]).toEqual([0, undefined, 0])
})

describe('forceRefresh', () => {
  const kinds: [string, EntryOptions, EntryOptions][] = [
    ['', {}, {}],
    [' with l2: false', {}, { l2: false }],
    [' of a load with l2: false', { l2: false }, {}],
    [" with stampede: 'off'", {}, { stampede: 'off' }],
  ]

  test.each(kinds)(
    'does not join, and what was being loaded is too old for all who come after%s',
    async (...kind) => {
      const [, before, forcing] = kind
      const { world, cache, origin, first } = await inFlight(before)
      const forced = cache.getOrCreate('k', origin.factory, { ...forcing, forceRefresh: true })
      await settle()
      expect(origin.runs).toHaveLength(2)
      const later = cache.getOrCreate('k', origin.factory, before)
      await settle()
      origin.runs[0]?.finish('old')
      expect(await first).toBe('old')
      await settle()
      expect([world.redis.values.size, cache.getLocal('k')]).toEqual([0, undefined])
      for (const run of origin.runs.slice(1)) run.finish('new')
      expect(await Promise.all([forced, later])).toEqual(['new', 'new'])
      expect(cache.getLocal('k')).toBe('new')
      expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
    },
  )

  test('can be joined by those who come later', async () => {
    const { cache, origin, first } = await inFlight()
    const forced = cache.getOrCreate('k', origin.factory, { forceRefresh: true })
    await settle()
    const later = cache.getOrCreate('k', origin.factory)
    await settle()
    origin.runs[1]?.finish('new')
    expect(await Promise.all([forced, later])).toEqual(['new', 'new'])
    origin.runs[0]?.finish('old')
    expect(await first).toBe('old')
    expect(cache.getLocal('k')).toBe('new')
    expect(origin.runs).toHaveLength(2)
  })

  test('each has its own load, and the last one counts', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'stored')
    const origin = new Origin<string>()
    const calls = [1, 2].map(() => cache.getOrCreate('k', origin.factory, { forceRefresh: true }))
    await settle()
    expect(origin.runs).toHaveLength(2)
    origin.runs[1]?.finish('second')
    await settle()
    origin.runs[0]?.finish('first')
    expect(await Promise.all(calls)).toEqual(['first', 'second'])
    expect([cache.getLocal('k'), await world.isolate().get('k')]).toEqual(['second', 'second'])
  })

  test('spares what a caller is storing', async () => {
    const world = new World()
    const cache = await world.warm({ compression: { threshold: 10 } })
    const setting = cache.set('k', 'x'.repeat(500))
    const origin = new Origin<string>()
    const forced = cache.getOrCreate('k', origin.factory, { forceRefresh: true })
    await setting
    origin.last.fail(new Error('down'))
    await expect(forced).rejects.toThrow('down')
    expect(await world.isolate().get('k')).toBe('x'.repeat(500))
  })
})
