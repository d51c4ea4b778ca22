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
    expect(await world.redis('GET', 'e:k')).toMatch(/^h1\|t\|\d+\n$/)
    expect(cache.getLocal('k')).toBeUndefined()
    await cache.set('k', 1)
    expect(await setIfExists(cache, 'k', 1, past)).toBe(true)
    expect(await cache.get('k')).toBeUndefined()
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
