import { describe, expect, test, vi } from 'vitest'
import { record, World } from '../../support/world.ts'

describe('l1 and l2 of a call', () => {
  test('l1: false reads past L1 and keeps nothing there', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'new', { l1: false })
    expect(cache.getLocal('k')).toBeUndefined()
    await cache.set('k', 'local', { l2: false })
    expect(await cache.get('k', { l1: false })).toBe('new')
    expect(await cache.get('k')).toBe('local')
    await cache.removeLocal('k')
    await cache.getOrCreate('k', () => 'never', { l1: false })
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test('l2: false never asks Redis', async () => {
    const world = new World()
    const cache = world.isolate()
    await cache.set('k', 1, { l2: false })
    expect(await cache.get('k', { l2: false })).toBe(1)
    expect(await cache.get('other', { l2: false })).toBeUndefined()
    expect(await cache.getOrCreate('third', () => 3, { l2: false })).toBe(3)
    expect((await cache.getMany(['k', 'none'], { l2: false })).size).toBe(1)
    expect(world.redis.requests).toEqual([])
  })

  test('without either tier the factory makes the value each time', async () => {
    const world = new World()
    const cache = world.isolate()
    const factory = vi.fn(() => 1)
    const neither = { l1: false, l2: false }
    await cache.getOrCreate('k', factory, neither)
    await cache.getOrCreate('k', factory, neither)
    expect(factory).toHaveBeenCalledTimes(2)
    await cache.set('k', 1, neither)
    expect(cache.getLocal('k')).toBeUndefined()
    expect(world.redis.requests).toEqual([])
  })
})

describe('memory only', () => {
  test('everything works without Redis', async () => {
    const cache = new World().memoryOnly()
    await cache.set('k', { n: 1 })
    expect(await cache.get('k')).toEqual({ n: 1 })
    expect(await cache.getOrCreate('j', () => 2)).toBe(2)
    await cache.setMany([['a', 1]])
    expect(await cache.getMany(['a', 'k', 'none'])).toEqual(
      new Map<string, unknown>([
        ['a', 1],
        ['k', { n: 1 }],
      ]),
    )
    await cache.remove('k')
    expect(await cache.get('k')).toBeUndefined()
    expect(cache.stats().l2).toEqual({
      hits: 0,
      misses: 0,
      hitRate: 0,
      requests: 0,
      commands: 0,
      errors: 0,
      breaker: 'off',
    })
  })

  test('with isolation share, what cannot be serialised can still be kept', async () => {
    const cache = new World().memoryOnly({ memory: { isolation: 'share' } })
    const value = { call: () => 1 }
    await cache.set('k', value)
    expect(await cache.get('k')).toBe(value)
  })

  test('with isolation clone, what cannot be serialised is refused', async () => {
    const cache = new World().memoryOnly()
    await expect(cache.set('k', { call: () => 1 })).rejects.toMatchObject({ code: 'SERIALIZE' })
  })
})

describe('removal', () => {
  test('remove takes a key out of both tiers, for everybody', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 1)
    world.redis.take()
    await cache.remove('k')
    expect(world.redis.take()).toEqual([['RemoveEntries']])
    expect(await cache.get('k')).toBeUndefined()
    expect(await world.isolate().get('k')).toBeUndefined()
  })

  test('remove takes many keys in one command, each once', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.setMany([
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ])
    world.redis.requests.length = 0
    await cache.remove(['a', 'b', 'a'])
    expect(world.redis.requests[0]?.[0]?.slice(2).join(' ')).toBe(
      '4 hc:m:v hc:e:a hc:e:b hc:m:log 60000 k||a k||b',
    )
    expect(world.redis.take()).toEqual([['RemoveEntries']])
    expect([...(await cache.getMany(['a', 'b', 'c'])).keys()]).toEqual(['c'])
    world.redis.take()
  })

  test.each(['remove', 'expire'] as const)('%s of no keys is none', async (name) => {
    const world = new World()
    const cache = await world.warm()
    world.redis.take()
    const events = record(cache, name)
    await cache[name]([])
    expect(world.redis.take()).toEqual([])
    expect(events).toEqual([])
  })

  test('removeLocal touches this isolate only', async () => {
    const world = new World()
    const [cache, other] = [await world.warm(), await world.warm()]
    await cache.set('k', 1)
    await other.get('k')
    world.redis.take()
    cache.removeLocal('k')
    expect(cache.getLocal('k')).toBeUndefined()
    expect(other.getLocal('k')).toBe(1)
    expect(world.redis.take()).toEqual([])
    expect(await cache.get('k')).toBe(1)
    cache.removeLocal(['k', 'none'])
    expect(cache.getLocal('k')).toBeUndefined()
  })
})

describe('many', () => {
  test('getMany gives what was found in the order asked, from L1 and one MGET', async () => {
    const world = new World()
    await world.isolate().setMany(new Map(Object.entries({ a: 1, b: 2, c: 3, d: null })))
    const cache = await world.warm()
    await cache.get('c')
    world.redis.requests.length = 0
    const found = await cache.getMany(['d', 'c', 'none', 'a', 'c', 'b'])
    expect([...found]).toEqual([
      ['d', null],
      ['c', 3],
      ['a', 1],
      ['b', 2],
    ])
    expect(world.redis.requests).toEqual([[['MGET', 'hc:e:d', 'hc:e:none', 'hc:e:a', 'hc:e:b']]])
    expect([...(await cache.getMany(['a', 'b', 'c', 'd'])).values()]).toEqual([1, 2, 3, null])
    expect(world.redis.requests).toHaveLength(1)
    expect(await cache.getMany([])).toEqual(new Map())
  })

  test('setMany stores all in one request, the last of a key that is given twice', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.setMany(
      [
        ['a', 1],
        ['b', 2],
        ['a', 3],
      ],
      { ttl: '1m' },
    )
    expect(world.redis.take()).toEqual([['SetEntry', 'SetEntry']])
    expect(await world.isolate().getMany(['a', 'b'])).toEqual(
      new Map([
        ['a', 3],
        ['b', 2],
      ]),
    )
  })

  test('one bad value or key in setMany stores none', async () => {
    const world = new World()
    const cache = world.isolate()
    await expect(
      cache.setMany([
        ['a', 1],
        ['b', () => 1],
      ]),
    ).rejects.toMatchObject({ code: 'SERIALIZE' })
    await expect(
      cache.setMany([
        ['a', 1],
        ['', 2],
      ]),
    ).rejects.toThrow(TypeError)
    await expect(
      cache.setMany([
        ['a', 1],
        ['b', undefined],
      ]),
    ).rejects.toThrow(TypeError)
    await expect(cache.setMany({ a: 1 } as never)).rejects.toThrow(TypeError)
    expect(world.redis.requests).toEqual([])
    expect(cache.getLocal('a')).toBeUndefined()
  })

  test('more keys than one command takes are read in several, in one request', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k1500', 'found')
    cache.removeLocal('k1500')
    world.redis.take()
    const keys = Array.from({ length: 2000 }, (_, i) => `k${i}`)
    expect(await cache.getMany(keys)).toEqual(new Map([['k1500', 'found']]))
    expect(world.redis.take()).toEqual([['MGET', 'MGET']])
  })
})

describe('one tick', () => {
  test('what is issued in one tick shares one request, in order', async () => {
    const world = new World()
    const cache = await world.warm()
    const [, value] = await Promise.all([
      cache.set('a', 1),
      cache.get('a', { l1: false }),
      cache.get('b'),
      cache.remove('c'),
    ])
    expect(value).toBe(1)
    expect(world.redis.take()).toEqual([['SetEntry', 'MGET', 'RemoveEntries']])
  })

  test('a first write asks for the time first, and a read issued after it stays behind it', async () => {
    const world = new World()
    const cache = world.isolate()
    const [, value] = await Promise.all([cache.set('a', 1), cache.get('a', { l1: false })])
    expect(value).toBe(1)
    expect(world.redis.take()).toEqual([
      ['TIME', 'MGET'],
      ['SetEntry', 'GET'],
    ])
  })
})

describe('namespaces', () => {
  test('a namespace has keys of its own, in both tiers', async () => {
    const world = new World()
    const cache = await world.warm()
    const tenant = cache.namespace('tenant')
    await cache.set('k', 'root')
    await tenant.set('k', 'tenant')
    expect([cache.getLocal('k'), tenant.getLocal('k')]).toEqual(['root', 'tenant'])
    expect([...world.redis.values.keys()]).toEqual(['hc:e:k', 'hc:n:tenant:e:k'])
    await tenant.remove('k')
    expect(await cache.get('k')).toBe('root')
    expect(await tenant.get('k')).toBeUndefined()
  })

  test('no root key reaches into a namespace', async () => {
    const world = new World()
    const cache = await world.warm()
    const inside = cache.namespace('e')
    await inside.set('x', 'inside')
    for (const key of ['e:x', 'n:e:e:x', 'ex', 'e\u0000x']) expect(await cache.get(key)).toBeUndefined()
    await expect(cache.get('e\ud800x')).rejects.toThrow(TypeError)
  })

  test.each(['', 'a:b', 'a b', 'ä', 'x'.repeat(65), 7])('%o is no namespace', (name) => {
    expect(() => new World().isolate().namespace(name as string)).toThrow(TypeError)
  })

  test('namespaces do not nest', () => {
    expect(() => new World().isolate().namespace('a').namespace('b')).toThrow(/do not nest/)
  })

  test('caches with different prefixes do not see each other', async () => {
    const world = new World()
    await world.isolate({ keyPrefix: 'a' }).set('k', 1)
    expect(await world.isolate({ keyPrefix: 'b' }).get('k')).toBeUndefined()
    await world.isolate({ keyPrefix: '{app}' }).set('k', 1)
    expect([...world.redis.values.keys()]).toEqual(['a:e:k', '{app}:e:k'])
  })
})
