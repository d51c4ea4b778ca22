import { describe, expect, test } from 'vitest'
import { compareAndSwap, setIfExists, setIfNotExists } from '../../../src/atomic/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { HOSTILE, title } from '../../lua/lua.ts'
import { record } from '../../support/world.ts'
import { Isolates } from './support.ts'

const fresh = { l1: false } as const

onEveryEngine('conditional writes', (server) => {
  const world = new Isolates(server)

  test('setIfNotExists stores where there is nothing, and only there', async () => {
    const [a, b] = [world.isolate(), world.isolate()]
    expect(await setIfNotExists(a, 'k', { by: 'a' }, { ttl: '10m' })).toBe(true)
    expect(await setIfNotExists(b, 'k', { by: 'b' })).toBe(false)
    expect(await setIfNotExists(a, 'k', { by: 'a again' })).toBe(false)
    expect(await b.get('k')).toEqual({ by: 'a' })
    expect(await world.redis('PTTL', 'e:k')).toBeGreaterThan(590_000)
  })

  test('setIfExists stores where there is something, and only there', async () => {
    const [a, b] = [world.isolate(), world.isolate()]
    expect(await setIfExists(a, 'k', 1)).toBe(false)
    expect(await world.redis('EXISTS', 'e:k')).toBe(0)
    await b.set('k', 1)
    expect(await setIfExists(a, 'k', 2, { ttl: '20m' })).toBe(true)
    expect(await a.get('k', fresh)).toBe(2)
    expect(await world.redis('PTTL', 'e:k')).toBeGreaterThan(1_190_000)
  })

  test('compareAndSwap stores in place of what is expected, and only of that', async () => {
    const cache = world.isolate()
    expect(await compareAndSwap(cache, 'k', 1, 2)).toBe(false)
    await cache.set('k', { n: 1, list: [] })
    expect(await compareAndSwap(cache, 'k', { n: 2, list: [] }, 'x')).toBe(false)
    expect(await compareAndSwap(cache, 'k', { n: 1, list: {} }, 'x')).toBe(false)
    expect(await compareAndSwap(cache, 'k', { list: [], n: 1 }, 'x')).toBe(false)
    expect(await compareAndSwap(cache, 'k', { n: 1, list: [] }, { n: 2 })).toBe(true)
    expect(await cache.get('k', fresh)).toEqual({ n: 2 })
  })

  test.each<[string, unknown, unknown]>([
    ['null', null, false],
    ['the empty string', '', null],
    ['zero and its text', 0, '0'],
    ['a big integer and a number', 12n, 12],
    ['a Date and its text', new Date(0), new Date(0).toJSON()],
    ['a set and an array', new Set([1]), [1]],
    ['a key of undefined and none', { a: undefined }, {}],
  ])('values are compared with what they are: %s', async (_, value, other) => {
    const cache = world.isolate()
    await cache.set('k', value)
    expect(await compareAndSwap(cache, 'k', other, 'x')).toBe(false)
    expect(await compareAndSwap(cache, 'k', value, other)).toBe(true)
    expect(await cache.get('k', fresh)).toEqual(other)
  })

  test('an entry that has expired by its header counts as nothing', async () => {
    const cache = world.isolate()
    const start = async (): Promise<void> => {
      await cache.set('k', 1)
      await world.expire('e:k')
    }
    await start()
    expect(await setIfExists(cache, 'k', 2)).toBe(false)
    expect(await compareAndSwap(cache, 'k', 1, 2)).toBe(false)
    expect(await cache.get('k')).toBeUndefined()
    expect(await setIfNotExists(cache, 'k', 3)).toBe(true)
    expect(await cache.get('k', fresh)).toBe(3)
  })

  test.each([
    ['a tombstone', 'h1|t|7|1700000000000|9000000000000||||||||||||e:k\n'],
    ['another program’s bytes', '{"a":1}'],
    ['an entry of another key', 'h1|e||1|9000000000000|||||00000000|j||||||e:other\n1'],
    ['an entry of another serializer', 'h1|e||1|9000000000000|||||00000000|t:other||||||e:k\n1'],
  ])('%s counts as nothing', async (_, bytes) => {
    const cache = world.isolate()
    await world.redis('SET', 'e:k', bytes)
    expect(await setIfExists(cache, 'k', 2)).toBe(false)
    expect(await compareAndSwap(cache, 'k', 1, 2)).toBe(false)
    expect(await world.redis('GET', 'e:k')).toBe(bytes)
    expect(await setIfNotExists(cache, 'k', 3)).toBe(true)
    expect(await cache.get('k', fresh)).toBe(3)
  })

  test('a list of another program counts as nothing', async () => {
    const cache = world.isolate()
    await world.redis('RPUSH', 'e:k', 'x')
    expect(await setIfExists(cache, 'k', 2)).toBe(false)
    expect(await setIfNotExists(cache, 'k', 3)).toBe(true)
  })

  test('namespaces are apart', async () => {
    const cache = world.isolate()
    expect(await setIfNotExists(cache, 'k', 'root')).toBe(true)
    expect(await setIfNotExists(cache.namespace('a'), 'k', 'a')).toBe(true)
    expect(await compareAndSwap(cache.namespace('b'), 'k', 'a', 'b')).toBe(false)
    expect(await compareAndSwap(cache.namespace('a'), 'k', 'a', 'b')).toBe(true)
    expect(await cache.get('k')).toBe('root')
  })

  test('compressed values are compared, by whoever wrote them', async () => {
    const zipped = world.isolate({ compression: { threshold: 1 } })
    const plain = world.isolate()
    const long = (tail: string): string => 'long '.repeat(1_000) + tail
    expect(await setIfNotExists(zipped, 'k', long('a'))).toBe(true)
    expect(await world.redis('GET', 'e:k')).toContain('|gzip|')
    expect(await compareAndSwap(plain, 'k', long('b'), 'x')).toBe(false)
    expect(await compareAndSwap(plain, 'k', long('a'), long('c'))).toBe(true)
    expect(await world.redis('GET', 'e:k')).not.toContain('|gzip|')
    expect(await compareAndSwap(zipped, 'k', long('c'), long('d'))).toBe(true)
    expect(await setIfExists(zipped, 'k', long('e'))).toBe(true)
    expect(await plain.get('k', fresh)).toBe(long('e'))
  })

  test('a serializer of one’s own is compared, too', async () => {
    const lines = {
      name: 'lines',
      encode: (value: unknown) => (value as string[]).join('\n'),
      decode: (data: unknown) => (data as string).split('\n'),
    }
    const cache = world.isolate({ serializer: lines })
    expect(await setIfNotExists(cache, 'k', ['a', 'b'])).toBe(true)
    expect(await setIfNotExists(cache, 'k', ['c'])).toBe(false)
    expect(await compareAndSwap(cache, 'k', ['a', 'b'], ['c'])).toBe(true)
    expect(await compareAndSwap(world.isolate(), 'k', 'c', 'x')).toBe(false)
    expect(await cache.get('k', fresh)).toEqual(['c'])
    expect(await setIfNotExists(world.isolate(), 'k', 'mine')).toBe(true)
  })

  describe.each(HOSTILE.filter((text) => text !== '').map((text) => [title(text), text] as const))(
    'the text %s',
    (_, text) => {
      test('is a key and a value like any other', async () => {
        const cache = world.isolate({ maxValueBytes: 2 ** 22 })
        const key = text.slice(0, 300)
        expect(await setIfNotExists(cache, key, text)).toBe(true)
        expect(await setIfNotExists(cache, key, 'x')).toBe(false)
        expect(await compareAndSwap(cache, key, `${text} `, 'x')).toBe(false)
        expect(await compareAndSwap(cache, key, text, [text])).toBe(true)
        expect(await setIfExists(cache, key, { [text.slice(0, 9)]: text })).toBe(true)
        expect(await cache.get(key, fresh)).toEqual({ [text.slice(0, 9)]: text })
      })
    },
  )

  test('expiresAt in the past stores nothing, and takes away what it would replace', async () => {
    const cache = world.isolate()
    const past = { expiresAt: new Date(0) }
    expect(await setIfNotExists(cache, 'k', 1, past)).toBe(false)
    expect(await setIfExists(cache, 'k', 1, past)).toBe(false)
    await cache.set('k', 1)
    expect(await compareAndSwap(cache, 'k', 2, 3, past)).toBe(false)
    expect(await compareAndSwap(cache, 'k', 1, 3, past)).toBe(true)
    expect(await world.redis('EXISTS', 'e:k')).toBe(0)
    expect(cache.getLocal('k')).toBeUndefined()
    await cache.set('k', 1)
    expect(await setIfExists(cache, 'k', 1, past)).toBe(true)
    expect(await cache.get('k')).toBeUndefined()
  })

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

    test('keeps neither of two writes that overlap', async () => {
      const cache = world.isolate()
      await cache.set('k', 0)
      const outcomes = await Promise.all([setIfExists(cache, 'k', 1), cache.set('k', 2)])
      expect(outcomes[0]).toBe(true)
      expect(cache.getLocal('k')).toBeUndefined()
      expect(await cache.get('k')).toBe(2)
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

  test('a load that was under way does not replace what was stored', async () => {
    const cache = world.isolate()
    let made: (value: string) => void = () => undefined
    const loading = cache.getOrCreate('k', () => new Promise<string>((resolve) => (made = resolve)))
    await expect.poll(() => cache.stats().l2.misses).toBe(1)
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
        isolates.map((cache, i) => compareAndSwap(cache, 'k', round, round + 1, { ttl: 1000 + i * 1000 })),
      )
      expect(won.filter(Boolean)).toHaveLength(1)
      expect(await world.isolate().get('k')).toBe(round + 1)
    }
  })

  test('a hundred clients that swap until they succeed lose no update: every success is another one', async () => {
    const isolates = Array.from({ length: 100 }, () => world.isolate())
    await world.isolate().set('k', 0)
    const results = await Promise.all(
      isolates.map(async (cache) => {
        for (;;) {
          const seen = (await cache.get<number>('k', fresh)) ?? 0
          if (await compareAndSwap(cache, 'k', seen, seen + 1)) return seen + 1
        }
      }),
    )
    expect(results.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
    expect(await world.isolate().get('k')).toBe(100)
  })

  test('a signal that has aborted ends the call before anything is sent', async () => {
    const cache = world.isolate()
    await cache.get('warm-up')
    const signal = AbortSignal.abort(new Error('enough'))
    const cost = await world.cost(async () => {
      await expect(setIfNotExists(cache, 'k', 1, { signal })).rejects.toThrow('enough')
      await expect(compareAndSwap(cache, 'k', 1, 2, { signal })).rejects.toThrow('enough')
    })
    expect(cost).toBe('0/0')
  })

  test('events tell of what was stored, with the operation', async () => {
    const cache = world.isolate()
    const stores = record(cache, 'store')
    await setIfNotExists(cache, 'k', 1)
    await setIfNotExists(cache, 'k', 2)
    await compareAndSwap(cache, 'k', 1, 2)
    expect(stores.map(({ tier, operation }) => `${tier} ${operation}`)).toEqual([
      'l2 setIfNotExists',
      'l1 setIfNotExists',
      'l2 compareAndSwap',
      'l1 compareAndSwap',
    ])
  })
})
