import { describe, expect, test, vi } from 'vitest'
import { World } from '../../support/world.ts'

const minute = 60_000

/** For how long Redis keeps what is under a key, in milliseconds. */
function lifeOf({ redis, clock }: World, key: string): number {
  return (redis.values.get(`hc:e:${key}`)?.expires ?? 0) - clock.monotonic()
}

describe('ttl', () => {
  test('a value lives for its ttl in both tiers, and not a millisecond longer', async () => {
    const world = new World()
    const cache = world.isolate()
    await cache.set('k', 'v', { ttl: '10s' })
    await world.clock.advance(9999)
    expect(cache.getLocal('k')).toBe('v')
    expect(await world.isolate().get('k')).toBe('v')
    await world.clock.advance(1)
    expect(cache.getLocal('k')).toBeUndefined()
    expect(await cache.get('k')).toBeUndefined()
  })

  test('the default is five minutes, in L1 thirty seconds', async () => {
    const world = new World()
    const cache = world.isolate()
    await cache.set('k', 'v')
    expect(lifeOf(world, 'k')).toBe(5 * minute)
    await world.clock.advance(29_999)
    expect(cache.getLocal('k')).toBe('v')
    await world.clock.advance(1)
    expect(cache.getLocal('k')).toBeUndefined()
    await world.clock.advance(5 * minute - 30_001)
    expect(await cache.get('k')).toBe('v')
    await world.clock.advance(1)
    expect(await cache.get('k')).toBeUndefined()
  })

  test('expiresAt is an absolute end, as a Date or in milliseconds', async () => {
    const world = new World()
    const cache = world.isolate()
    await cache.set('date', 1, { expiresAt: new Date(world.clock.now() + 5000) })
    await cache.set('number', 1, { expiresAt: world.clock.now() + 5000 })
    await world.clock.advance(4999)
    expect((await world.isolate().getMany(['date', 'number'])).size).toBe(2)
    await world.clock.advance(1)
    expect((await world.isolate().getMany(['date', 'number'])).size).toBe(0)
  })

  test('an expiresAt in the past stores nothing, and removes what was there', async () => {
    const world = new World()
    const cache = world.isolate()
    await cache.set('k', 'old')
    await cache.set('k', 'new', { expiresAt: world.clock.now() - 1 })
    expect(await cache.get('k')).toBeUndefined()
    expect(world.redis.values.get('hc:e:k')?.value).toMatch(/^h1\|t\|\d+\n$/)
    const factory = vi.fn(() => 'loaded')
    const past = { expiresAt: new Date(0) }
    expect(await cache.getOrCreate('k', factory, past)).toBe('loaded')
    expect(await cache.getOrCreate('k', factory, past)).toBe('loaded')
    expect(factory).toHaveBeenCalledTimes(2)
  })

  test('expiresAt is judged by the clock of the server, not of an isolate that is an hour off', async () => {
    const world = new World()
    world.redis.skew = 60 * minute
    const cache = world.isolate()
    await cache.set('k', 'v', { expiresAt: world.redis.now() + 5000 })
    await world.clock.advance(4000)
    expect(await world.isolate().get('k')).toBe('v')
    await world.clock.advance(1000)
    expect(await world.isolate().get('k')).toBeUndefined()
  })
})

describe('localTtl', () => {
  test('L1 gives up its copy first, and reads L2 again', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'v', { ttl: '1m', localTtl: '5s' })
    world.redis.take()
    await world.clock.advance(4999)
    expect(await cache.get('k')).toBe('v')
    expect(world.redis.take()).toEqual([])
    await world.clock.advance(1)
    expect(await cache.get('k')).toBe('v')
    expect(world.redis.take()).toEqual([['ZRANGE', 'GET']])
  })

  test('L1 never outlives L2: neither by a longer localTtl nor by a late read', async () => {
    const world = new World()
    const writer = world.isolate({ localTtl: '1h' })
    await writer.set('k', 'v', { ttl: '10s' })
    await world.clock.advance(9000)
    const reader = world.isolate({ localTtl: '1h' })
    expect(await reader.get('k')).toBe('v')
    await world.clock.advance(1000)
    expect(writer.getLocal('k')).toBeUndefined()
    expect(reader.getLocal('k')).toBeUndefined()
  })

  test('a localTtl of the call counts for the copy that a read keeps', async () => {
    const world = new World()
    await world.isolate().set('k', 'v', { ttl: '1h' })
    const cache = world.isolate()
    await cache.getOrCreate('k', () => 'never', { localTtl: '2s' })
    await world.clock.advance(1999)
    expect(cache.getLocal('k')).toBe('v')
    await world.clock.advance(1)
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test('in memory only, and for entries that are kept out of L2, L1 keeps a value for its whole ttl', async () => {
    const world = new World()
    const memory = world.memoryOnly()
    const cache = world.isolate()
    await memory.set('k', 'v')
    await cache.set('k', 'v', { l2: false })
    await world.clock.advance(5 * minute - 1)
    expect(memory.getLocal('k')).toBe('v')
    expect(cache.getLocal('k')).toBe('v')
    await world.clock.advance(1)
    expect(memory.getLocal('k')).toBeUndefined()
    expect(cache.getLocal('k')).toBeUndefined()
  })
})

describe('clocks', () => {
  test.each([-60, 60])(
    'isolates whose clocks are %s minutes off the server agree on what is fresh',
    async (minutes) => {
      const world = new World()
      world.redis.skew = minutes * minute
      const writer = world.isolate()
      await writer.set('k', 'v', { ttl: '10s' })
      await world.clock.advance(9999)
      expect(await world.isolate().get('k')).toBe('v')
      expect(await writer.get('k', { l1: false })).toBe('v')
    },
  )

  test('what Redis still holds although it has ended is not served', async () => {
    const world = new World()
    const cache = world.isolate()
    await cache.set('k', 'v', { ttl: '10s' })
    const stored = world.redis.values.get('hc:e:k')
    if (stored !== undefined) stored.expires += minute
    await world.clock.advance(10_000)
    expect(await cache.get('k')).toBeUndefined()
  })

  test('a clock that is set back does not keep a copy in L1 alive', async () => {
    const world = new World()
    const cache = world.isolate()
    await cache.set('k', 'v', { ttl: '10s' })
    world.clock.set(world.clock.now() - 60 * minute)
    expect(cache.getLocal('k')).toBeUndefined()
    expect(await cache.get('k')).toBe('v') // L2 goes by its own clock, which the isolate asks for again
    expect(world.redis.requests.at(-1)?.map(([name]) => name)).toEqual(['MGET', 'TIME', 'GET'])
  })

  test('a clock that is set forward ends copies in L1 early and entries in L2 on time', async () => {
    const world = new World()
    const cache = world.isolate()
    await cache.set('k', 'v', { ttl: '10s' })
    world.clock.set(world.clock.now() + 60 * minute)
    expect(cache.getLocal('k')).toBeUndefined()
    // The server was not set: its clock now is an hour behind the isolate's.
    world.redis.skew = -60 * minute
    expect(await cache.get('k')).toBe('v')
  })

  test('everything works on a clock that stands still', async () => {
    const world = new World()
    const cache = world.isolate()
    await cache.set('k', 1)
    await cache.set('k', 2)
    expect(await cache.get('k')).toBe(2)
    await cache.remove('k')
    expect(await cache.getOrCreate('k', () => 3)).toBe(3)
    expect(await world.isolate().get('k')).toBe(3)
  })
})

describe('L1 and L2 count from the same moment', () => {
  test('a slow answer to a set does not make L1 outlive L2', async () => {
    const world = new World()
    const cache = await world.warm()
    const gate = world.hold('SetEntry', 'after')
    const setting = cache.set('k', 'v', { ttl: 1000 })
    await gate.reached
    await world.clock.advance(900)
    gate.open()
    await setting
    await world.clock.advance(99)
    expect(cache.getLocal('k')).toBe('v')
    await world.clock.advance(1)
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test.each([-600_000, 600_000])(
    'while nothing is heard of the time of a server %i ms ahead, nothing counts as fresh, and L1 keeps nothing',
    async (skew) => {
      const world = new World()
      world.redis.skew = skew
      await world.isolate().set('k', 'v', { ttl: '30s' })
      const cache = world.isolate()
      world.redis.replies.set('TIME', 'never')
      expect(await cache.get('k')).toBeUndefined()
      expect(cache.getLocal('k')).toBeUndefined()
      world.redis.replies.delete('TIME')
      expect(await cache.get('k')).toBe('v')
      expect(cache.getLocal('k')).toBe('v')
    },
  )

  test.each([-600_000, 600_000])(
    'what is read while the first request is away is judged by the time of a server %i ms ahead, too',
    async (skew) => {
      const world = new World()
      world.redis.skew = skew
      await world.isolate().set('k', 'v', { ttl: '30s' })
      world.redis.take()
      const cache = world.isolate()
      const gate = world.holdNext()
      const first = cache.get('other')
      await gate.reached
      expect(await cache.get('k')).toBe('v')
      expect(cache.getLocal('k')).toBe('v')
      gate.open()
      await first
      await cache.get('another')
      const asks = ['MGET', 'TIME', 'GET']
      expect(world.redis.take()).toEqual([asks, asks, ['GET']])
    },
  )

  test('a clock that gives fractions of milliseconds stores entries that can be read', async () => {
    const world = new World()
    world.clock.set(world.clock.now() + 0.123)
    await world.isolate().set('k', 'v')
    expect(await world.isolate().get('k')).toBe('v')
  })

  test('an expiresAt that was accepted is kept within maxTtl by the clock of the server', async () => {
    const world = new World()
    world.redis.skew = -60_000
    const cache = world.isolate({ maxTtl: '1h' })
    expect(await cache.getOrCreate('k', () => 'v', { expiresAt: world.clock.now() + 60 * minute })).toBe('v')
    expect(await world.isolate().get('k')).toBe('v')
  })

  test('a maxTtl below the default ttl lowers it', async () => {
    const world = new World()
    const cache = world.isolate({ maxTtl: '1m' })
    await cache.set('k', 'v')
    expect(world.redis.values.get('hc:e:k')?.value.split('|')[4]).toBe(String(world.clock.now() + minute))
  })
})

describe('bad options', () => {
  const bad: [string, object][] = [
    ['ttl', { ttl: 0 }],
    ['ttl', { ttl: -1 }],
    ['ttl', { ttl: Number.NaN }],
    ['ttl', { ttl: Infinity }],
    ['ttl', { ttl: 'soon' }],
    ['ttl', { ttl: '31d' }],
    ['localTtl', { localTtl: 0 }],
    ['sliding', { sliding: '0s' }],
    ['expiresAt', { expiresAt: new Date(Number.NaN) }],
    ['expiresAt', { expiresAt: 'tomorrow' }],
    ['expiresAt', { expiresAt: Number.MAX_SAFE_INTEGER }],
    ['either ttl or expiresAt', { ttl: '1m', expiresAt: new Date() }],
  ]

  test.each(bad)('%s: %o throws before anything is sent or called', async (name, options) => {
    const world = new World()
    const factory = vi.fn(() => 1)
    for (const cache of [world.isolate(), world.memoryOnly()]) {
      for (const call of [
        () => cache.set('k', 1, options),
        () => cache.setMany([['k', 1]], options),
        () => cache.getOrCreate('k', factory, options),
      ]) {
        await expect(call()).rejects.toThrow(TypeError)
        await expect(call()).rejects.toThrow(name)
      }
    }
    expect(factory).not.toHaveBeenCalled()
    expect(world.redis.requests).toEqual([])
  })
})
