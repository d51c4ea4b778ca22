import { describe, expect, test } from 'vitest'
import { settle } from '../../support/manual-clock.ts'
import { Origin } from '../../support/origin.ts'
import { record, World } from '../../support/world.ts'

// What happens is told: an event for each thing, and the sums in stats().

describe('events', () => {
  test('refresh: a value that was given away is made anew behind the call', async () => {
    const world = new World()
    const cache = await world.warm({ ttl: '10s', localTtl: '1m', swr: '1m' })
    const refreshes = record(cache, 'refresh')
    await cache.set('k', 1)
    await world.clock.advance(11_000)
    await cache.getOrCreate('k', () => 2)
    expect(refreshes.splice(0)).toEqual([{ reason: 'swr' }])
    await settle()
    await cache.getOrCreate('k', () => 3, { eager: { beta: 1e9 } })
    expect(refreshes.splice(0)).toEqual([{ reason: 'eager' }])
    await settle()
    cache.removeLocal('k')
    await world.clock.advance(11_000)
    await cache.getOrCreate('k', () => 4)
    expect(refreshes).toEqual([{ reason: 'swr' }]) // found in L2
  })

  test('refresh: because the factory took too long, once for all who left it', async () => {
    const world = new World()
    const cache = await world.warm({ ttl: '10s', staleIfError: '1m', softTimeout: 100 })
    const refreshes = record(cache, 'refresh')
    await cache.set('k', 1)
    await world.clock.advance(11_000)
    const origin = new Origin<number>()
    const calls = Promise.all([
      cache.getOrCreate('k', origin.factory),
      cache.getOrCreate('k', origin.factory),
    ])
    await world.clock.advance(100)
    expect(await calls).toEqual([1, 1])
    expect(refreshes).toEqual([{ reason: 'timeout' }])
    origin.last.finish(2)
    await settle()
  })

  test('lease: who makes the value for the fleet, who waits for it, and who was too late', async () => {
    const world = new World()
    const options = { stampede: 'global', timeout: '2s' } as const
    const [one, other] = await Promise.all([world.warm(options), world.warm(options)])
    const [won, waiting] = [record(one, 'lease'), record(other, 'lease')]
    const origin = new Origin<number>()
    const first = one.getOrCreate('k', origin.factory)
    await settle()
    const second = other.getOrCreate('k', origin.factory)
    await world.clock.advance(200)
    expect(won).toEqual([{ state: 'won', duration: 3000 }])
    expect(waiting).toEqual([{ state: 'waiting', duration: 3000 }])
    await other.remove('k')
    origin.last.finish(1)
    await first
    expect(won.slice(1)).toEqual([{ state: 'lost', duration: 0 }])
    await world.clock.advance(1500)
    origin.last.finish(2)
    await settle()
    expect(await second).toBe(2)
  })

  test('extend: a use of a sliding entry', async () => {
    const world = new World()
    const cache = await world.warm()
    const memory = world.memoryOnly()
    for (const each of [cache, memory]) {
      const extended = record(each, 'extend')
      await each.set('k', 1, { ttl: '1h', sliding: '10s' })
      await world.clock.advance(6000)
      await each.get('k')
      await settle()
      expect(extended).toEqual([{ tier: each === cache ? 'l2' : 'l1', ttl: 10_000 }])
    }
  })

  test('remove and expire: by key, by tag, and everything, each tier once it is done', async () => {
    const world = new World()
    const cache = await world.warm()
    const [removed, expired] = [record(cache, 'remove'), record(cache, 'expire')]
    const both = (kind: string, counts: readonly [number, number]): object[] => [
      { tier: 'l1', kind, count: counts[0] },
      { tier: 'l2', kind, count: counts[1] },
    ]
    await cache.set('k', 1)
    await cache.expire(['k', 'j'])
    await cache.remove(['k', 'j', 'i'])
    await cache.removeByTag(['a', 'b', 'a'])
    await cache.expireByTag('a')
    await cache.clear()
    expect(expired).toEqual([...both('key', [1, 2]), ...both('tag', [1, 1])])
    expect(removed).toEqual([...both('key', [1, 3]), ...both('tag', [2, 2]), ...both('all', [1, 1])])
    world.cut()
    removed.length = 0
    const failing = [cache.remove('k'), cache.removeByTag('a'), cache.clear()]
    failing.forEach((each) => void each.catch(() => undefined))
    await world.clock.advance(1000)
    await Promise.allSettled(failing)
    expect(removed).toEqual([{ tier: 'l1', kind: 'key', count: 0 }])
  })

  test('check: what others have changed, or that too much was missed', async () => {
    const world = new World()
    const [cache, other] = await Promise.all([world.warm(), world.warm()])
    const checks = record(cache, 'check')
    await other.set('a', 1)
    await other.remove('b')
    await world.clock.advance(5000)
    await cache.get('c')
    expect(checks.splice(0)).toEqual([{ changes: 2, reset: false }])
    world.redis.flush()
    await world.clock.advance(5000)
    await other.set('a', 1)
    await cache.get('c')
    expect(checks).toEqual([{ changes: 0, reset: true }])
  })

  test('request: each that is sent, with its commands, how long it took, and how it ended', async () => {
    const world = new World()
    const cache = await world.warm()
    const requests = record(cache, 'request')
    await Promise.all([cache.get('a'), cache.set('b', 1)])
    expect(requests.splice(0)).toEqual([{ commands: 2, duration: 0, retry: 0, ok: true }])
    let failures = 1
    world.redis.before = async () => {
      await new Promise<void>((resolve) => void world.clock.setTimeout(resolve, 30))
      if (failures-- > 0) throw new TypeError('fetch failed')
    }
    const reading = cache.get('c')
    await world.clock.advance(200)
    await reading
    expect(requests.splice(0)).toEqual([
      { commands: 1, duration: 30, retry: 0, ok: false, code: 'L2_NETWORK' },
      { commands: 1, duration: 30, retry: 1, ok: true },
    ])
    world.redis.stall()
    const late = cache.get('c')
    await world.clock.advance(1000)
    await late
    expect(requests).toEqual([{ commands: 1, duration: 1000, retry: 0, ok: false, code: 'L2_TIMEOUT' }])
  })

  test('error: a factory that takes too long, once', async () => {
    const world = new World()
    const cache = await world.warm()
    const errors = record(cache, 'error')
    const origin = new Origin()
    const calls = [1, 2].map(() => cache.getOrCreate('k', origin.factory, { timeout: 100 }))
    const ended = Promise.allSettled(calls)
    await world.clock.advance(100)
    await ended
    expect(errors.map(({ operation, error }) => [operation, error.code])).toEqual([
      ['getOrCreate', 'FACTORY_TIMEOUT'],
    ])
  })
})

describe('statistics', () => {
  test('say which part of the reads hit', async () => {
    const world = new World()
    await world.isolate().set('k', 1)
    const cache = world.isolate()
    expect([cache.stats().l1.hitRate, cache.stats().l2.hitRate]).toEqual([0, 0])
    for (const key of ['k', 'k', 'k', 'k', 'j']) await cache.get(key)
    expect([cache.stats().l1.hitRate, cache.stats().l2.hitRate]).toEqual([3 / 5, 1 / 2])
  })

  test('say how long factories took, and how long they would have', async () => {
    const world = new World()
    const [cache, other] = await Promise.all([world.warm(), world.warm()])
    const slow = async (): Promise<number> => {
      await new Promise<void>((resolve) => void world.clock.setTimeout(resolve, 40))
      return 1
    }
    const options = { ttl: '10s', localTtl: '1m', staleIfError: '1m' } as const
    const made = cache.getOrCreate('k', slow, options)
    await world.clock.advance(40)
    await made
    expect(cache.stats().loads).toMatchObject({ duration: 40, saved: 0 })
    await cache.get('k') // from L1
    await other.get('k') // from L2
    expect([cache.stats().loads.saved, other.stats().loads.saved]).toEqual([40, 40])
    await world.clock.advance(11_000)
    await cache.getOrCreate('k', () => Promise.reject(new Error('down')), options) // stale
    expect(cache.stats()).toMatchObject({ stale: 1, loads: { saved: 80, failed: 1 } })
    await cache.set('j', 1)
    await cache.get('j') // no factory made it
    expect(cache.stats().loads.saved).toBe(80)
  })
})
