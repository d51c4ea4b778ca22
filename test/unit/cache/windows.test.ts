import { describe, expect, test } from 'vitest'
import type { CacheOptions, EntryOptions } from '../../../src/index.ts'
import { Origin, reasonOf, stateOf } from '../../support/origin.ts'
import { World } from '../../support/world.ts'

// Every window of time, at its edges: none, negative, endless, and as short as it can be.

const wrong = [0, -1, -0.5, Number.NaN, Infinity, -Infinity, '0s', '-1s', 'Infinity', '', '1', 'soon', {}]

const ofEntries = [
  'ttl',
  'localTtl',
  'sliding',
  'swr',
  'staleIfError',
  'softTimeout',
  'timeout',
  'jitter',
  'negativeTtl',
]

const ofCaches: Record<string, (value: never) => CacheOptions> = {
  ttl: (ttl) => ({ ttl }),
  localTtl: (localTtl) => ({ localTtl }),
  maxTtl: (maxTtl) => ({ maxTtl }),
  swr: (swr) => ({ swr }),
  staleIfError: (staleIfError) => ({ staleIfError }),
  softTimeout: (softTimeout) => ({ softTimeout }),
  timeout: (timeout) => ({ timeout }),
  jitter: (jitter) => ({ jitter }),
  negativeTtl: (negativeTtl) => ({ negativeTtl }),
  'l2.timeout': (timeout) => ({ l2: { timeout } }),
  'l2.softTimeout': (softTimeout) => ({ l2: { softTimeout } }),
  'coherence.interval': (interval) => ({ coherence: { interval } }),
  'coherence.maxStaleness': (maxStaleness) => ({ coherence: { maxStaleness } }),
  'breaker.window': (window) => ({ breaker: { window } }),
  'breaker.open': (open) => ({ breaker: { open } }),
}

describe('a window that cannot be', () => {
  test.each(ofEntries)('%s of a call is a TypeError before anything is sent', async (name) => {
    const world = new World()
    const cache = await world.warm()
    for (const value of wrong) {
      const options = { [name]: value } as EntryOptions
      const factory = (): number => expect.unreachable()
      await expect(cache.getOrCreate('k', factory, options)).rejects.toThrow(new RegExp(`${name} must be`))
      if (name !== 'softTimeout' && name !== 'timeout')
        await expect(cache.set('k', 1, options)).rejects.toThrow(TypeError)
    }
    expect(world.redis.take()).toEqual([])
  })

  test.each(Object.entries(ofCaches))('%s of a cache is a TypeError at its creation', (name, options) => {
    for (const value of wrong)
      expect(() => new World().isolate(options(value as never))).toThrow(new RegExp(`${name} must be`))
  })
})

describe('a window of one millisecond', () => {
  /** A value that ends after a second, and what a call is given `late` milliseconds past that. */
  async function past(late: number, options: EntryOptions, fails: boolean): Promise<unknown> {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old', { ttl: '1s', ...options })
    await world.clock.advance(1000 + late)
    const factory = (): string => {
      if (fails) throw new Error('down')
      return 'new'
    }
    return cache.getOrCreate('k', factory, { ttl: '1s', ...options }).catch(() => 'refused')
  }

  test.each([1, 0.1, '1ms'])('of ttl (%s) holds until it ends, and no longer', async (ttl) => {
    const world = new World()
    for (const cache of [await world.warm(), world.memoryOnly()]) {
      await cache.set('k', 'old', { ttl: ttl as number })
      expect(await cache.get('k')).toBe('old')
      await world.clock.advance(1)
      expect(await cache.get('k')).toBeUndefined()
    }
  })

  test.each([1, 0.1, '1ms'])(
    'of swr and staleIfError (%s) lets a value serve that long past its end',
    async (ms) => {
      const [swr, staleIfError] = [{ swr: ms as number }, { staleIfError: ms as number }]
      expect([await past(-1, swr, false), await past(0, swr, false), await past(1, swr, false)]).toEqual([
        'old',
        'old',
        'new',
      ])
      expect([await past(-1, staleIfError, true), await past(0, staleIfError, true)]).toEqual(['old', 'old'])
      expect([await past(1, staleIfError, true), await past(0, {}, true)]).toEqual(['refused', 'refused'])
    },
  )

  test('of localTtl asks L2 after it, and of sliding ends the entry', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('a', 1, { localTtl: 1 })
    await cache.set('b', 1, { sliding: 1 })
    expect([cache.getLocal('a'), cache.getLocal('b')]).toEqual([1, 1])
    await world.clock.advance(1)
    expect([cache.getLocal('a'), await cache.get('a'), await cache.get('b')]).toEqual([
      undefined,
      1,
      undefined,
    ])
  })

  test('of timeout and softTimeout is how long a call waits', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old', { ttl: '1s', staleIfError: '1h' })
    await world.clock.advance(1000)
    const origin = new Origin<string>()
    const refused = reasonOf(cache.getOrCreate('none', origin.factory, { timeout: 1 }))
    const given = cache.getOrCreate('k', origin.factory, { softTimeout: 1, staleIfError: '1h' })
    expect(await stateOf(given)).toBe('waiting')
    await world.clock.advance(1)
    expect(await refused).toMatchObject({ code: 'FACTORY_TIMEOUT' })
    expect(await given).toBe('old')
    for (const run of origin.runs) run.finish('late')
  })

  test('of negativeTtl keeps a null that long, and of jitter takes no more than that', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.getOrCreate('k', () => null, { ttl: '1h', negativeTtl: 1 })
    expect(await cache.get('k')).toBeNull()
    await world.clock.advance(1)
    expect(await cache.get('k')).toBeUndefined()
    await cache.set('j', 1, { ttl: '1s', jitter: 1 })
    await world.clock.advance(998)
    expect(await cache.get('j')).toBe(1)
  })
})

test('a window without an end is said with `false`, or as long as may be', async () => {
  const world = new World()
  const cache = await world.warm({ timeout: 1, softTimeout: 1, swr: '1s', staleIfError: '1s' })
  const origin = new Origin<string>()
  const call = cache.getOrCreate('k', origin.factory, { timeout: false, softTimeout: false })
  await world.clock.advance(3_600_000)
  expect(await stateOf(call)).toBe('waiting')
  origin.last.finish('in time')
  expect(await call).toBe('in time')
  await expect(cache.set('k', 1, { ttl: '31d' })).rejects.toThrow('maxTtl')
  await expect(cache.set('k', 1, { ttl: '30d' })).rejects.toThrow('stale window')
  await cache.set('k', 1, { ttl: '30d', swr: false, staleIfError: false })
})
