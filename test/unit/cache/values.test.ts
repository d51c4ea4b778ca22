import { describe, expect, test } from 'vitest'
import type { StandardSchema } from '../../../src/index.ts'
import { record, World } from '../../support/world.ts'

const name: StandardSchema<{ name: string }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof (value as { name?: unknown }).name === 'string'
        ? { value: { name: (value as { name: string }).name.toUpperCase() } }
        : { issues: [{ message: 'no name' }] },
  },
}

describe('schema', () => {
  test('what it makes of a stored value is what the caller gets, from either tier', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', { name: 'ada', secret: 1 })
    expect(await cache.get('k', { schema: name })).toEqual({ name: 'ADA' })
    expect(await world.isolate().get('k', { schema: name })).toEqual({ name: 'ADA' })
    expect(await cache.getMany(['k'], { schema: name })).toEqual(new Map([['k', { name: 'ADA' }]]))
    expect(await cache.get('k')).toEqual({ name: 'ada', secret: 1 })
  })

  test('a stored value that it refuses is a miss and an event, and getOrCreate makes a new one', async () => {
    const world = new World()
    const cache = await world.warm()
    const discarded = record(cache, 'discard')
    await cache.set('k', { title: 'old shape' })
    expect(await cache.get('k', { schema: name })).toBeUndefined()
    expect(discarded).toEqual([
      { tier: 'l1', reason: 'schema' },
      { tier: 'l2', reason: 'schema' },
    ])
    expect(await cache.getOrCreate('k', () => ({ name: 'new' }), { schema: name })).toEqual({ name: 'new' })
    expect(await cache.get('k', { schema: name })).toEqual({ name: 'NEW' })
  })

  test('null can be a value that it lets through', async () => {
    const world = new World()
    const anything: StandardSchema<unknown> = {
      '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
    }
    await world.isolate().set('k', null)
    const cache = world.isolate()
    expect(await cache.get('k', { schema: anything })).toBeNull()
    expect(await cache.get('k', { schema: anything })).toBeNull()
    expect(cache.stats()).toMatchObject({ l1: { hits: 1 }, l2: { hits: 1 } })
  })

  test('getOrCreate gives what was stored, checked but as its factory made it', async () => {
    const world = new World()
    const cache = world.isolate()
    const call = () => cache.getOrCreate('k', () => ({ name: 'ada' }), { schema: name })
    const isolate = world.isolate()
    expect([
      await call(),
      await call(),
      await isolate.getOrCreate('k', () => ({ name: 'never' }), { schema: name }),
    ]).toEqual(Array.from({ length: 3 }, () => ({ name: 'ada' })))
  })

  test('it may be asynchronous', async () => {
    const cache = new World().memoryOnly()
    await cache.set('k', 5)
    const double: StandardSchema<number> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: async (value) => ({ value: (value as number) * 2 }),
      },
    }
    expect(await cache.get('k', { schema: double })).toBe(10)
  })
})

describe('keys', () => {
  const bad: unknown[] = [
    '',
    'x'.repeat(1025),
    'ü'.repeat(513),
    '\ud800',
    'a\udc00b',
    1,
    null,
    undefined,
    {},
    Symbol('k'),
  ]

  test.each(bad)('%o is refused by every method before anything is sent', async (value) => {
    const world = new World()
    const cache = world.isolate()
    const key = value as string
    for (const call of [
      () => cache.get(key),
      () => cache.getMany([key]),
      () => cache.getOrCreate(key, () => 1),
      () => cache.set(key, 1),
      () => cache.setMany([[key, 1]]),
      () => cache.remove(typeof value === 'string' ? key : [key]),
    ]) {
      await expect(call()).rejects.toThrow(TypeError)
    }
    expect(() => cache.getLocal(key)).toThrow(TypeError)
    expect(() => cache.removeLocal([key])).toThrow(TypeError)
    expect(world.redis.requests).toEqual([])
  })

  const hostile = [
    '__proto__',
    'constructor',
    'toString',
    '\0',
    '\n',
    'a|b',
    'a%7cb',
    '%',
    ':',
    'e:x',
    'n:a:e:x',
    '🙂',
    ' ',
    '*',
    '"',
    '\\',
  ]

  test('hostile keys are stored and read each on its own', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.setMany(hostile.map((key, i) => [key, i]))
    const other = world.isolate()
    for (const [i, key] of hostile.entries()) {
      expect(cache.getLocal(key)).toBe(i)
      expect(await other.get(key)).toBe(i)
    }
    expect(world.redis.values.size).toBe(hostile.length)
  })

  test('1 and "1" are not the same key: one of them is none', async () => {
    const cache = new World().memoryOnly()
    await cache.set('1', 'text')
    await expect(cache.get(1 as never)).rejects.toThrow(TypeError)
  })
})

describe('undefined', () => {
  test('it cannot be set', async () => {
    await expect(new World().isolate().set('k', undefined)).rejects.toThrow(/store null, or remove/)
  })
})

async function stored(change: (bytes: string, world: World) => string) {
  const world = new World()
  const writer = world.isolate()
  await writer.set('k', { balance: 100 })
  await writer.set('other', { balance: 999 })
  const entry = world.redis.values.get('hc:e:k')
  if (entry === undefined) throw new Error('nothing was stored')
  entry.value = change(entry.value, world)
  const cache = await world.warm()
  const discarded = record(cache, 'discard')
  return { cache, discarded, world }
}

describe('bytes in Redis that are not this entry', () => {
  test.each([
    ['foreign', () => '{"balance":100}'],
    ['foreign', () => ''],
    ['foreign', () => 'h2|e|1|2|3'],
    ['corrupt', () => 'h1|e|'],
    ['corrupt', (bytes: string) => bytes.slice(0, -1)],
    ['corrupt', (bytes: string) => bytes.replace('100', '900')],
    ['corrupt', (bytes: string) => `${bytes} `],
    ['key', (_: string, world: World) => world.redis.values.get('hc:e:other')?.value ?? ''],
  ] as const)('%s: a miss, an event, and the next load replaces them', async (reason, change) => {
    const { cache, discarded } = await stored(change)
    expect(await cache.get('k')).toBeUndefined()
    expect(discarded).toEqual([{ tier: 'l2', reason }])
    expect(await cache.getOrCreate('k', () => 'new')).toBe('new')
    cache.removeLocal('k')
    expect(await cache.get('k')).toBe('new')
  })

  test('an entry above the cap of the reader is a miss', async () => {
    const world = new World()
    await world.isolate().set('k', 'x'.repeat(100))
    const cache = world.isolate({ maxValueBytes: 101 })
    const discarded = record(cache, 'discard')
    expect(await cache.get('k')).toBeUndefined()
    expect(discarded).toEqual([{ tier: 'l2', reason: 'too-large' }])
  })

  test('an entry of a serializer that this cache does not have is a miss', async () => {
    const world = new World()
    const serializer = { name: 'mine', encode: String, decode: (data: string | Uint8Array) => data }
    await world.isolate({ serializer }).set('k', 'v')
    const cache = world.isolate()
    const discarded = record(cache, 'discard')
    expect(await cache.get('k')).toBeUndefined()
    expect(discarded).toEqual([{ tier: 'l2', reason: 'codec' }])
  })
})

describe('statistics and events', () => {
  test('every hit, miss, load and store is counted and told, never with a key or a value', async () => {
    const world = new World()
    const cache = await world.warm()
    const events = record(cache, 'hit', 'miss', 'load', 'store', 'remove')
    await cache.getOrCreate('secret-key', () => 'secret-value')
    await cache.get('secret-key')
    cache.removeLocal('secret-key')
    await world.clock.advance(50)
    await cache.get('secret-key')
    await cache.remove('secret-key')
    expect(events).toEqual([
      { operation: 'getOrCreate' },
      { duration: 0, ok: true, background: false },
      expect.objectContaining({ tier: 'l2', operation: 'getOrCreate' }),
      { tier: 'l1', operation: 'getOrCreate', bytes: 14 },
      { tier: 'l1', operation: 'get', age: 0 },
      { tier: 'l2', operation: 'get', age: 50 },
      { tier: 'l1', kind: 'key', count: 1 },
      { tier: 'l2', kind: 'key', count: 1 },
    ])
    expect(JSON.stringify(events)).not.toContain('secret')
    expect(cache.stats()).toMatchObject({
      l1: { hits: 1, entries: 0, bytes: 0, evictions: 0 },
      l2: { hits: 1, misses: 2, errors: 0 },
      loads: { count: 1, failed: 0 },
    })
  })

  test('requests and commands are counted as they are sent', async () => {
    const world = new World()
    const cache = world.isolate()
    await cache.getOrCreate('k', () => 1)
    await cache.setMany([
      ['a', 1],
      ['b', 2],
    ])
    expect(cache.stats().l2).toMatchObject({ requests: 3, commands: 6 })
  })

  test('an eviction is told with the bytes it freed', async () => {
    const cache = new World().memoryOnly({ memory: { maxEntries: 1 } })
    const evictions = record(cache, 'evict')
    await cache.set('a', 1)
    await cache.set('b', 1)
    expect(evictions).toHaveLength(1)
    expect(cache.stats().l1).toMatchObject({ entries: 1, evictions: 1 })
  })

  test('a listener can be taken off, and one that throws disturbs nobody', async () => {
    const cache = new World().memoryOnly({
      on: {
        miss: () => {
          throw new Error('a bad listener')
        },
      },
    })
    const seen: unknown[] = []
    const stop = cache.on('miss', (event) => seen.push(event))
    await cache.get('k')
    stop()
    await cache.get('k')
    expect(seen).toHaveLength(1)
    expect(() => cache.on('miss', 'nothing' as never)).toThrow(TypeError)
  })

  test('an event that does not exist is a TypeError that lists those that do', () => {
    const cache = new World().memoryOnly()
    for (const event of ['eror', 'constructor', '__proto__']) {
      expect(() => cache.on(event as never, () => undefined)).toThrow(/error/)
    }
  })

  test('a listener that rejects, or that ends itself and listens anew, disturbs nobody either', async () => {
    const cache = new World().memoryOnly()
    let calls = 0
    cache.on('miss', async () => {
      throw new Error('a bad listener')
    })
    const listen = (): void => {
      const stop = cache.on('miss', () => {
        calls++
        stop()
        listen()
      })
    }
    listen()
    await cache.get('k')
    await cache.get('k')
    expect(calls).toBe(2)
  })
})
