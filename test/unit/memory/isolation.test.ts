import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { formatEntry } from '../../../src/entry/header.ts'
import { sealEntry } from '../../../src/entry/index.ts'
import { type CacheOptions, type HybridCache, type Isolation, type Serializer } from '../../../src/index.ts'
import { headerOf } from '../../support/entries.ts'
import { record, World } from '../../support/world.ts'
import { anyData, nested } from '../../support/values.ts'

interface Doc {
  list: number[]
  deep: { name: string; at?: Date }
}
const doc = (): Doc => ({ list: [1, 2], deep: { name: 'a' } })
const dated = (): Doc => ({ list: [1, 2], deep: { name: 'a', at: new Date(0) } })
const memory = (isolation: Isolation, options: CacheOptions = {}): HybridCache =>
  new World().memoryOnly({ memory: { isolation }, ...options })

/** Does all that a caller can do to change a value; what is frozen stays. */
function vandalise(value: Doc): void {
  for (const change of [
    () => value.list.push(99),
    () => (value.deep.name = 'changed'),
    () => Reflect.deleteProperty(value, 'list'),
    () => value.deep.at?.setTime(5),
    () => Object.setPrototypeOf(value.deep, null),
  ]) {
    try {
      change()
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
    }
  }
}

describe.each(['clone', 'freeze'] as const)('isolation %s', (isolation) => {
  test.each([
    ['plain data', doc],
    ['data with a Date', dated],
  ])('what one caller does to %s never changes what another gets', async (_, make) => {
    const cache = memory(isolation)
    const given = make()
    await cache.set('k', given)
    vandalise(given)
    const reads = [
      () => cache.get<Doc>('k'),
      () => cache.getLocal<Doc>('k'),
      async () => (await cache.getMany<Doc>(['k'])).get('k'),
      () => cache.getOrCreate('k', make),
    ]
    for (const read of [...reads, ...reads]) {
      const value = await read()
      expect(value).toEqual(make())
      vandalise(value as Doc)
    }
  })

  test('what a factory made and its caller then changed is not what the next one gets', async () => {
    const cache = memory(isolation)
    vandalise(await cache.getOrCreate('k', doc))
    expect(await cache.get('k')).toEqual(doc())
  })

  test('what was read from Redis and then changed is not what the next one gets', async () => {
    const world = new World()
    await world.isolate().set('k', dated())
    const cache = world.isolate({ memory: { isolation } })
    for (let i = 0; i < 3; i++) {
      const value = await cache.get<Doc>('k')
      expect(value).toEqual(dated())
      vandalise(value as Doc)
    }
  })

  test('any data comes back equal, and never as the object that was stored', async () => {
    await fc.assert(
      fc.asyncProperty(anyData, async (data) => {
        const cache = memory(isolation)
        await cache.set('k', { data })
        expect(cache.getLocal('k')).toStrictEqual({ data })
        expect(cache.getLocal('k')).toStrictEqual({ data })
      }),
    )
  })

  test('a serializer of your own is what makes the copies', async () => {
    const serializer: Serializer = {
      name: 'doc',
      encode: (value) => JSON.stringify(value),
      decode: (data) => ({ ...(JSON.parse(data as string) as Doc), by: 'doc' }),
    }
    const cache = memory(isolation, { serializer })
    await cache.set('k', doc())
    const first = cache.getLocal('k')
    expect(first).toEqual({ ...doc(), by: 'doc' })
    expect(cache.getLocal('k')).not.toBe(first)
  })

  test('data as deep as can be stored can be read', async () => {
    for (let depth = 500; depth < 10_000; depth += 500) {
      const world = new World()
      const cache = world.memoryOnly({ memory: { isolation } })
      const stored = await cache.set('k', nested(depth)).then(
        () => true,
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'SERIALIZE' })
          return false
        },
      )
      expect(cache.getLocal('k') !== undefined).toBe(stored)
    }
  })

  test('data in Redis that is deeper than the stack is read or is a miss, the second time too', async () => {
    const world = new World()
    const text = '['.repeat(100_000) + ']'.repeat(100_000)
    const sealed = sealEntry(
      { payload: text, zip: '', digest: '' },
      {
        codec: 'j',
        life: { ttl: 60_000, idle: 0, localTtl: 1, staleFor: 0 },
        took: 0,
        validators: { etag: '', modified: '' },
        stamp: 0,
        tags: [],
        address: 'e:k',
        now: world.clock.now(),
      },
    )
    world.redis.values.set('hc:e:k', { value: sealed, expires: Infinity })
    const cache = world.isolate({ memory: { isolation } })
    for (let i = 0; i < 3; i++)
      await expect(cache.get('k').then(Array.isArray)).resolves.toBeTypeOf('boolean')
  })
})

describe('isolation freeze', () => {
  test('gives every later caller the same frozen plain data, frozen all the way down', async () => {
    const cache = memory('freeze')
    await cache.set('k', doc())
    cache.getLocal('k')
    const value = cache.getLocal<Doc>('k')
    expect(cache.getLocal('k')).toBe(value)
    for (const part of [value, value?.list, value?.deep]) expect(Object.isFrozen(part)).toBe(true)
  })

  test('gives the first caller frozen data too', async () => {
    const cache = memory('freeze')
    await cache.set('k', doc())
    expect(Object.isFrozen(cache.getLocal('k'))).toBe(true)
  })

  test('clones what freezing does not keep from changing: dates, maps, sets', async () => {
    const cache = memory('freeze')
    for (const value of [new Date(0), new Map([[1, 2]]), new Set([1]), { in: [new Date(0)] }]) {
      await cache.set('k', value)
      expect(cache.getLocal('k')).toEqual(value)
      expect(cache.getLocal('k')).not.toBe(cache.getLocal('k'))
    }
  })
})

describe('isolation share', () => {
  test('gives every caller the very object that was stored', async () => {
    const cache = memory('share')
    const value = new Response('a class instance')
    await cache.set('k', value)
    expect(cache.getLocal('k')).toBe(value)
    expect(await cache.get('k')).toBe(value)
    expect(await cache.getOrCreate('k', () => ({}))).toBe(value)
  })

  test('holds what cannot be serialised, functions and promises too', async () => {
    const cache = memory('share')
    for (const value of [() => 1, Promise.resolve(1), Symbol('x')]) {
      await cache.set('k', value)
      expect(cache.getLocal('k')).toBe(value)
    }
  })

  test.each<[string, () => unknown]>([
    ['nested deeper than the stack', () => nested(100_000)],
    [
      'with a getter that throws',
      () => ({
        get broken(): string {
          throw new Error('broken')
        },
      }),
    ],
    [
      'a revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {})
        revoke()
        return [proxy]
      },
    ],
  ])('gives back what a factory made, even where its size cannot be told: %s', async (_, make) => {
    const cache = memory('share')
    const value = make()
    const errors = record(cache, 'error')
    expect((await cache.getOrCreate('k', () => [value]))[0]).toBe(value)
    expect(errors.length).toBeLessThanOrEqual(1)
  })
})

describe('primitives', () => {
  test.each(['clone', 'freeze', 'share'] as const)('are the same in every mode: %s', async (isolation) => {
    const cache = memory(isolation)
    for (const value of [null, 0, -0, '', 'text', false, 5n, Number.NaN, Infinity]) {
      await cache.set('k', value)
      expect(cache.getLocal('k')).toBe(value)
    }
  })
})

describe('isolation freeze', () => {
  test('data that holds null is frozen and shared like any other', async () => {
    const cache = memory('freeze')
    await cache.set('k', { a: null, b: [null] })
    const value = await cache.get('k')
    expect(value).toEqual({ a: null, b: [null] })
    expect(Object.isFrozen(value)).toBe(true)
    expect(await cache.get('k')).toBe(value)
  })

  test('data that is too deep to be frozen is copied for each caller', async () => {
    const world = new World()
    const cache = await world.warm({ memory: { isolation: 'freeze', maxBytes: 2 ** 24 } })
    const depth = 200_000
    const now = world.redis.now()
    const header = headerOf({ stamp: 0, created: now, fresh: now + 60_000, address: 'e:k' })
    const payload = '['.repeat(depth) + ']'.repeat(depth)
    world.redis.values.set('hc:e:k', {
      value: formatEntry({ header: { ...header, stamp: now * 1000 + 1 }, payload }),
      expires: Infinity,
    })
    const first = (await cache.get('k')) as unknown[]
    first.push('changed')
    const second = cache.getLocal('k') as unknown[]
    expect(second).toHaveLength(1)
    second.push('changed')
    expect(cache.getLocal('k')).toHaveLength(1)
  })
})
