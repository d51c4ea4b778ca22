import { describe, expect, test } from 'vitest'
import { compareAndSwap, setIfExists, setIfNotExists } from '../../../src/atomic/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { Isolates } from './support.ts'

const fresh = { l1: false } as const

onEveryEngine('conditional writes in company', (server) => {
  const world = new Isolates(server)

  describe('L1', () => {
    test('gets what was stored, and loses what was not', async () => {
      const [a, b] = [world.isolate(), world.isolate()]
      await setIfNotExists(a, 'k', 1)
      expect(a.getLocal('k')).toBe(1)
      await b.get('k')
      await compareAndSwap(a, 'k', 1, 2)
      expect([a.getLocal('k'), b.getLocal('k')]).toEqual([2, 1])
      expect(await compareAndSwap(b, 'k', 1, 3)).toBe(false)
      expect(b.getLocal('k')).toBeUndefined()
      expect(await b.get('k')).toBe(2)
      await setIfExists(b, 'k', 4)
      expect([b.getLocal('k'), await a.get('k', fresh)]).toEqual([4, 4])
      expect(await setIfNotExists(a, 'k', 5)).toBe(false)
      expect(await a.get('k')).toBe(4)
    })

    test('keeps nothing of a call without it, and is changed by nobody', async () => {
      const cache = world.isolate()
      await setIfNotExists(cache, 'k', 1, fresh)
      expect(cache.getLocal('k')).toBeUndefined()
      const value = { n: 1 }
      await setIfExists(cache, 'k', value)
      value.n = 2
      expect(cache.getLocal('k')).toEqual({ n: 1 })
      expect(await compareAndSwap(cache, 'k', { n: 1 }, value, { localTtl: '1ms' })).toBe(true)
    })

    test('keeps the later one of two writes that overlap', async () => {
      const cache = world.isolate()
      await setIfNotExists(cache, 'other', 0)
      await cache.set('k', 0)
      const outcomes = await Promise.all([setIfExists(cache, 'k', 1), cache.set('k', 2)])
      expect(outcomes[0]).toBe(true)
      expect(cache.getLocal('k')).toBe(2)
      expect(await cache.get('k', fresh)).toBe(2)
    })

    test('a sliding entry slides', async () => {
      const cache = world.isolate()
      await setIfNotExists(cache, 'k', 1, { ttl: '10m', sliding: '1m' })
      expect(await world.redis('PTTL', 'e:k')).toBeLessThanOrEqual(60_000)
      expect(await world.redis('GET', 'e:k')).toMatch(/\|60000\|\|/)
    })
  })

  test('a set that is still being compressed is not lost to a swap that comes to nothing', async () => {
    const cache = world.isolate({ compression: { threshold: 100 } })
    await cache.set('k', 'old')
    const long = 'long '.repeat(20_000)
    const outcomes = await Promise.all([cache.set('k', long), compareAndSwap(cache, 'k', 'no', 'x')])
    expect(outcomes[1]).toBe(false)
    expect(await cache.get('k', fresh)).toBe(long)
  })

  test('a conditional write that a set overtakes while it is being compressed still tells the truth', async () => {
    const cache = world.isolate({ compression: { threshold: 100 } })
    await cache.set('k', 'old')
    const long = 'long '.repeat(20_000)
    const outcomes = await Promise.all([setIfNotExists(cache, 'k', long), cache.set('k', 'new')])
    expect(outcomes[0]).toBe(false)
    expect(await cache.get('k')).toBe('new')
  })

  test('a load that was under way does not replace what was stored', async () => {
    const cache = await world.warm()
    let made: (value: string) => void = () => undefined
    const loading = cache.getOrCreate('k', () => new Promise<string>((resolve) => (made = resolve)))
    await expect.poll(() => cache.stats().l2.misses).toBe(2)
    expect(await setIfNotExists(cache, 'k', 'stored')).toBe(true)
    made('loaded')
    expect(await loading).toBe('loaded')
    expect(await cache.get('k', fresh)).toBe('stored')
    expect(await cache.get('k')).toBe('stored')
  })

  test('of a hundred isolates one stores first, and of a hundred swaps one wins each round', async () => {
    const isolates = Array.from({ length: 100 }, () => world.isolate())
    const first = await Promise.all(isolates.map((cache, i) => setIfNotExists(cache, 'k', i)))
    expect(first.filter(Boolean)).toHaveLength(1)
    expect(await world.isolate().get('k')).toBe(first.indexOf(true))
    await world.isolate().set('k', 0)
    for (let round = 0; round < 3; round++) {
      const won = await Promise.all(
        // Each with bytes of its own, none of which may end before the next round, however slow the machine is.
        isolates.map((cache, i) => compareAndSwap(cache, 'k', round, round + 1, { ttl: 60_000 + i * 1000 })),
      )
      expect(won.filter(Boolean)).toHaveLength(1)
      expect(await world.isolate().get('k')).toBe(round + 1)
    }
  })

  // Each success of one is a failure of all the others: their attempts grow with the square of their number.
  test('fifty clients that swap until they succeed lose no update: every success is another one', async () => {
    const isolates = Array.from({ length: 50 }, () => world.isolate())
    await world.isolate().set('k', 0)
    const results = await Promise.all(
      isolates.map(async (cache) => {
        for (;;) {
          const seen = (await cache.get<number>('k', fresh)) ?? 0
          if (await compareAndSwap(cache, 'k', seen, seen + 1)) return seen + 1
        }
      }),
    )
    expect(results.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
    expect(await world.isolate().get('k')).toBe(50)
  })
})
