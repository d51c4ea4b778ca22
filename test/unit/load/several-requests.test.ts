import { describe, expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { slowDown, timeout, waited } from '../../support/slow-redis.ts'
import { record, watch, World } from '../../support/world.ts'

// R4, where one request does not take all keys of a tick, or has to ask for the time first: one deadline for each read.

const long = Array.from({ length: 5000 }, (_, i) => `${'x'.repeat(1000)}${i}`)
const many = Array.from({ length: 2001 }, (_, i) => `k${i}`)

describe('more keys than one request takes', () => {
  test.each([
    ['getMany', (cache: HybridCache, done: () => void) => cache.getMany(long).then(done)],
    [
      'getOrCreateMany',
      (cache: HybridCache, done: () => void) =>
        cache.getOrCreateMany(many, (keys) => {
          done()
          return new Map(keys.map((key) => [key, 1]))
        }),
    ],
  ])('%s waits for one deadline', async (_, read) => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout } })
    slowDown(world, 900)
    expect(await waited(world, (done) => read(cache, done))).toBe(timeout)
  })

  test('what is written takes its time', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout } })
    slowDown(world, 900)
    const written = watch(cache.setMany(long.slice(0, 2500).map((key) => [key, 'x'.repeat(1000)])))
    await world.clock.advance(10 * timeout)
    expect(written).toEqual({ value: undefined })
    expect(world.redis.take().length).toBeGreaterThan(1)
  })
})

describe('reads that need more than one request', () => {
  const tick = many.slice(0, 1001)

  test('a write behind them is sent all the same', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout } })
    slowDown(world, 600)
    void cache.getOrCreateMany(many, (keys) => new Map(keys.map((key) => [key, 1])))
    const [set, removed] = [watch(cache.set('x', 1)), watch(cache.remove('y'))]
    await world.clock.advance(10 * timeout)
    expect([set, removed]).toEqual([{ value: undefined }, { value: undefined }])
  })

  test('a read that goes with that write leaves it at the deadline', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout } })
    slowDown(world, 900)
    let set: object = {}
    const at = await waited(world, (done) => {
      for (const key of many.slice(0, 1000)) void cache.get(key)
      set = watch(cache.set('x', 1))
      return cache.get('last').then(done)
    })
    expect(at).toBe(timeout)
    expect(set).toEqual({ value: undefined })
  })

  test('what they had no time for says nothing of Redis: the breaker stays closed', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout } })
    const changes = record(cache, 'breaker')
    slowDown(world, 600)
    for (let i = 0; i < 12; i++) {
      void Promise.all(tick.map((key) => cache.get(key)))
      await world.clock.advance(timeout)
    }
    expect(changes).toEqual([])
  })
})

test('a write that asks for the time in vain does not make the reads of its tick wait twice', async () => {
  const world = new World()
  const cache = world.isolate({ l2: { timeout } })
  world.redis.before = () => new Promise(() => undefined)
  const at = await waited(world, (made) => {
    cache.set('a', 1).catch(() => undefined)
    return cache.getOrCreate('k', made)
  })
  expect(at).toBe(timeout)
})

test('a read in the tick of a write that asks for the time waits for both within one deadline', async () => {
  const world = new World()
  const cache = world.isolate({ l2: { timeout } })
  slowDown(world, 900)
  const at = await waited(world, (made) => {
    cache.set('a', 1).catch(() => undefined)
    return cache.getOrCreate('k', made)
  })
  expect(at).toBe(timeout)
})
