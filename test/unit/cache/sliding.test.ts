import { describe, expect, test } from 'vitest'
import { getAndExtend } from '../../../src/atomic/index.ts'
import type { HybridCache } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { record, World } from '../../support/world.ts'

const sliding = { sliding: '10s', ttl: '1m' } as const

describe('in memory only', () => {
  test('an entry that nobody uses ends with its window', async () => {
    const world = new World()
    const cache = world.memoryOnly()
    await cache.set('k', 'v', sliding)
    await world.clock.advance(9999)
    expect(await cache.get('k')).toBe('v')
    await cache.set('k', 'v', sliding)
    await world.clock.advance(10_000)
    expect(await cache.get('k')).toBeUndefined()
  })

  test('a use in the second half of the window starts it anew, one in the first half does not', async () => {
    const world = new World()
    const cache = world.memoryOnly()
    await cache.set('k', 'v', sliding)
    await world.clock.advance(4999)
    expect(cache.getLocal('k')).toBe('v')
    await world.clock.advance(5001)
    expect(cache.getLocal('k')).toBeUndefined()
    await cache.set('k', 'v', sliding)
    await world.clock.advance(5000)
    expect(cache.getLocal('k')).toBe('v')
    await world.clock.advance(9999)
    expect(cache.getLocal('k')).toBe('v')
  })

  test('no use extends it past its absolute end', async () => {
    const world = new World()
    const cache = world.memoryOnly()
    await cache.set('k', 'v', sliding)
    for (let second = 0; second < 59; second++) {
      await world.clock.advance(1000)
      expect(cache.getLocal('k')).toBe('v')
    }
    await world.clock.advance(1000)
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test('only a use that gains something extends it', async () => {
    const world = new World()
    const cache = world.memoryOnly({ localTtl: '30s' })
    const events = record(cache, 'extend')
    await cache.set('k', 'v', { sliding: '10m', ttl: '1h' })
    await world.clock.advance(20_000)
    cache.getLocal('k')
    expect(events).toEqual([])
    await cache.set('k', 'v', { sliding: '20s', ttl: '30s' })
    for (const pause of [10_000, 5_000, 5_000, 9_000]) {
      await world.clock.advance(pause)
      expect(cache.getLocal('k')).toBe('v')
    }
    expect(events).toEqual([{ tier: 'l1', ttl: 20_000 }])
  })

  test('without a ttl of its own its absolute end is maxTtl', async () => {
    const world = new World()
    const cache = world.memoryOnly({ maxTtl: '1h', ttl: '1m' })
    await cache.set('k', 'v', { sliding: '10m' })
    for (let minute = 0; minute < 59; minute++) {
      await world.clock.advance(60_000)
      expect(cache.getLocal('k')).toBe('v')
    }
    await world.clock.advance(60_000)
    expect(cache.getLocal('k')).toBeUndefined()
  })
})

describe('in both tiers', () => {
  test('its header says when its window ends, and when it ends for good', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'v', sliding)
    const fields = world.redis.values.get('hc:e:k')?.value.split('|').map(Number) ?? []
    const start = world.clock.now()
    expect([fields[4], fields[6], fields[7]]).toEqual([start + 10_000, start + 60_000, 10_000])
    await world.clock.advance(10_000)
    expect(world.redis.values.has('hc:e:k')).toBe(true) // loads that began before are told by it
    expect(await cache.get('k')).toBeUndefined()
  })

  test('a use in L1 in the second half of the window extends both tiers, with one request behind the call', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'v', sliding)
    world.redis.take()
    await world.clock.advance(4000)
    expect(cache.getLocal('k')).toBe('v')
    expect(world.redis.take()).toEqual([])
    await world.clock.advance(1000)
    expect([cache.getLocal('k'), cache.getLocal('k'), cache.getLocal('k')]).toEqual(['v', 'v', 'v'])
    await settle()
    expect(world.redis.take()).toEqual([['SlideEntry']])
    await world.clock.advance(9999)
    expect(cache.getLocal('k')).toBe('v')
    expect(await world.isolate().get('k')).toBe('v')
  })

  const windows = [
    ['10m', 30_000],
    ['1m', 29_000],
  ] as const
  test.each(windows)(
    'while less than half of a window of %s has gone no use in L1 asks Redis',
    async (window, within) => {
      const world = new World()
      const cache = await world.warm({ localTtl: '30s' })
      await cache.set('k', 'v', { sliding: window, ttl: '1h' })
      world.redis.take()
      for (let second = 1000; second < within; second += 1000) {
        await world.clock.advance(1000)
        expect(cache.getLocal('k')).toBe('v')
      }
      await settle()
      expect(world.redis.take()).toEqual([])
    },
  )

  test('once it lives until its absolute end no use asks for more, in either tier', async () => {
    const world = new World()
    const cache = await world.warm({ localTtl: '1h', coherence: 'off' })
    await cache.set('k', 'v', { sliding: '40s', ttl: '1m' })
    await world.clock.advance(25_000)
    expect(cache.getLocal('k')).toBe('v')
    await settle()
    expect(world.redis.take()).toEqual([['SetEntry'], ['SlideEntry']])
    await world.clock.advance(30_000)
    expect([cache.getLocal('k'), await cache.get('k', { l1: false })]).toEqual(['v', 'v'])
    await settle()
    expect(world.redis.take()).toEqual([['GET']])
    await world.clock.advance(4999)
    expect(cache.getLocal('k')).toBe('v')
    await world.clock.advance(1)
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test('a use in L2 extends it, and L1 learns from the answer how long it lives', async () => {
    const world = new World()
    await world.isolate().set('k', 'v', sliding)
    const cache = await world.warm()
    await world.clock.advance(8000)
    expect(await cache.get('k')).toBe('v')
    await settle()
    expect(world.redis.take()).toEqual([['ZRANGE', 'GET'], ['SlideEntry']])
    await world.clock.advance(9999)
    expect(cache.getLocal('k')).toBe('v')
    await settle()
  })

  test('use keeps it alive up to its absolute end, and not beyond', async () => {
    const world = new World()
    const [one, two] = [world.isolate(), world.isolate()]
    await one.set('k', 'v', sliding)
    for (let second = 3; second < 60; second += 3) {
      await world.clock.advance(3000)
      expect(await (second % 2 === 0 ? one : two).get('k')).toBe('v')
      await settle()
    }
    await world.clock.advance(3000)
    expect(await one.get('k')).toBeUndefined()
    expect(await two.get('k')).toBeUndefined()
  })

  test('extending never shortens what a newer set has given', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old', sliding)
    await world.clock.advance(6000)
    const other = await world.warm()
    await other.set('k', 'new', { ttl: '1h' })
    expect(cache.getLocal('k')).toBe('old')
    await settle()
    await world.clock.advance(30_000)
    expect(await world.isolate().get('k')).toBe('new')
  })

  test('L1 drops its copy when the answer is that the entry is gone', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'v', sliding)
    await world.isolate().remove('k')
    await world.clock.advance(5000)
    expect(cache.getLocal('k')).toBe('v')
    await settle()
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test.each<[string, (cache: HybridCache<true>) => Promise<unknown>]>([
    ['extended for a shorter time', (cache) => getAndExtend(cache, 'k', '1m')],
    ['replaced with a shorter window', (cache) => cache.set('k', 'w', { sliding: '1m', ttl: '1h' })],
  ])('L1 does not outlive what another isolate has %s', async (_, shorten) => {
    const world = new World()
    const [other, cache] = [await world.warm(), await world.warm({ localTtl: '1h' })]
    await other.set('k', 'v', { sliding: '10m', ttl: '1h' })
    await cache.get('k')
    await world.clock.advance(310_000)
    await shorten(other as HybridCache<true>)
    expect(cache.getLocal('k')).toBe('v') // asks for the whole window, and hears of a minute
    await settle()
    await world.clock.advance(60_000)
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test('a set that comes while the window is being extended is not undone by the answer', async () => {
    const world = new World()
    await world.isolate().set('k', 'old', sliding)
    const cache = await world.warm()
    await world.clock.advance(5000)
    const gate = world.hold('SlideEntry', 'after')
    expect(await cache.get('k')).toBe('old')
    await gate.reached
    await cache.set('k', 'new', { ttl: '1h' })
    gate.open()
    await settle()
    expect(await cache.get('k')).toBe('new')
  })

  test('a Redis that fails to extend is reported, and the copy ends with its window', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { retries: 0 } })
    const errors = record(cache, 'error')
    await cache.set('k', 'v', sliding)
    await world.clock.advance(5000)
    world.cut()
    expect(cache.getLocal('k')).toBe('v')
    await settle()
    expect(errors).toMatchObject([{ operation: 'slide', error: { code: 'L2_NETWORK' } }])
    expect(cache.getLocal('k')).toBe('v') // no answer does not mean that it is gone
    await world.clock.advance(5000)
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test('an extension whose answer never comes is asked for again', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout: '500ms', retries: 0 } })
    await cache.set('k', 'v', sliding)
    await world.clock.advance(5000)
    world.redis.before = () => new Promise(() => undefined)
    cache.getLocal('k')
    cache.getLocal('k')
    await settle()
    expect(world.redis.take()).toEqual([['SetEntry'], ['SlideEntry']])
    // The isolate's request is cancelled: not even its deadline comes back.
    world.redis.before = undefined
    world.clock.set(world.clock.now() + 500)
    cache.getLocal('k')
    await settle()
    expect(world.redis.take()).toEqual([['SlideEntry']])
  })

  test.each(['L1', 'L2'])('a slow answer after a use in %s does not make L1 outlive L2', async (tier) => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout: '5s' } })
    await cache.set('k', 'v', { sliding: 1000, ttl: 1800 })
    if (tier === 'L2') cache.removeLocal('k')
    await world.clock.advance(600)
    const gate = world.hold('SlideEntry', 'after')
    expect(await cache.get('k')).toBe('v')
    await gate.reached
    await world.clock.advance(900)
    gate.open()
    await settle()
    await world.clock.advance(100) // it lives until 1600, the answer came at 1500
    expect(world.redis.values.get('hc:e:k')?.value.split('|')[4]).toBe(String(world.clock.now()))
    expect(cache.getLocal('k')).toBeUndefined()
  })
})

test('a use that leaves L1 out extends it in L2 as well', async () => {
  const world = new World()
  const cache = await world.warm()
  await cache.set('k', 1, { ttl: '10m', sliding: '1m', l1: false })
  for (let used = 0; used < 5; used++) {
    await world.clock.advance(40_000)
    expect(await cache.get('k', { l1: false })).toBe(1)
    await settle()
  }
  await world.clock.advance(60_000)
  expect(await cache.get('k', { l1: false })).toBeUndefined()
})
