import { runInNewContext } from 'node:vm'
import { describe, expect, test, vi } from 'vitest'
import type { BatchContext } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'

const lengths = (keys: readonly string[]): Map<string, string> =>
  new Map(keys.map((key) => [key, `made ${key}`]))

describe('the factory', () => {
  test('is called once with what is in neither tier; one request reads, one stores', async () => {
    const world = new World()
    await world.isolate().setMany([
      ['b', 'in L2'],
      ['d', 'in L2'],
    ])
    const cache = await world.warm()
    await cache.set('a', 'in L1')
    world.redis.take()
    const factory = vi.fn(lengths)
    const found = await cache.getOrCreateMany(['e', 'a', 'b', 'c', 'd'], factory)
    expect([...found]).toEqual([
      ['e', 'made e'],
      ['a', 'in L1'],
      ['b', 'in L2'],
      ['c', 'made c'],
      ['d', 'in L2'],
    ])
    expect(factory.mock.calls.map(([missing]) => missing)).toEqual([['e', 'c']])
    expect(world.redis.take()).toEqual([['MGET'], ['SET', 'SET']])
    expect([...(await cache.getOrCreateMany(['c', 'e'], factory)).values()]).toEqual(['made c', 'made e'])
    expect(world.redis.take()).toEqual([])
  })

  test('is given a key once, however often it was asked for, and is not called for nothing', async () => {
    const cache = new World().memoryOnly()
    const factory = vi.fn(lengths)
    expect([...(await cache.getOrCreateMany(['a', 'b', 'a'], factory)).keys()]).toEqual(['a', 'b'])
    expect(factory.mock.calls[0]?.[0]).toEqual(['a', 'b'])
    await cache.getOrCreateMany(['b', 'a'], factory)
    expect(await cache.getOrCreateMany([], factory)).toEqual(new Map())
    expect(factory).toHaveBeenCalledTimes(1)
  })

  test('leaves out what is not there: it is missing in the result, is not stored, and is asked for again', async () => {
    const world = new World()
    const cache = await world.warm()
    const factory = vi.fn(
      () =>
        new Map<string, unknown>([
          ['a', null],
          ['b', undefined],
          ['zzz', 'ignored'],
        ]),
    )
    expect([...(await cache.getOrCreateMany(['a', 'b', 'c'], factory))]).toEqual([['a', null]])
    expect([...world.redis.values.keys()]).toEqual(['hc:e:a'])
    await cache.getOrCreateMany(['a', 'b', 'c'], factory)
    expect(factory.mock.calls.map(([missing]: unknown[]) => missing)).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
    ])
  })

  test.each([
    ['an object', {}],
    ['nothing', undefined],
    ['an array', [['a', 1]]],
  ])('that gives %s instead of a Map is a TypeError', async (_, wrong) => {
    const cache = new World().memoryOnly()
    await expect(cache.getOrCreateMany(['a'], () => wrong as never)).rejects.toThrow(TypeError)
  })

  test('may give any map that can be read, one of another realm too', async () => {
    const cache = new World().memoryOnly()
    const foreign = runInNewContext('new Map([["a", 1]])') as Map<string, number>
    const own: ReadonlyMap<string, number> = Object.create(foreign, {
      get: { value: (key: string) => key.length },
    }) as never
    expect([...(await cache.getOrCreateMany(['a'], () => foreign))]).toEqual([['a', 1]])
    expect([...(await cache.getOrCreateMany(['bb'], () => own))]).toEqual([['bb', 2]])
  })

  test('and keys of the wrong kind are a TypeError before anything is sent', async () => {
    const world = new World()
    const cache = await world.warm()
    for (const bad of [['a', ''], ['a', 5], 5]) {
      await expect(cache.getOrCreateMany(bad as never, lengths)).rejects.toThrow(TypeError)
    }
    await expect(cache.getOrCreateMany(['a'], 'x' as never)).rejects.toThrow(TypeError)
    await expect(cache.getOrCreateMany(['a'], lengths, { ttl: 0 })).rejects.toThrow(TypeError)
    expect(world.redis.requests).toEqual([])
  })
})

describe('single flight', () => {
  test('joins what is being loaded already, alone or by another batch, and is joined', async () => {
    const world = new World()
    const cache = await world.warm()
    let finish!: (value: string) => void
    const alone = cache.getOrCreate('a', () => new Promise<string>((resolve) => void (finish = resolve)))
    await settle()
    let finishMany!: () => void
    const factory = vi.fn(async (keys: readonly string[]) => {
      await new Promise<void>((resolve) => void (finishMany = resolve))
      return lengths(keys)
    })
    const many = cache.getOrCreateMany(['a', 'b', 'c'], factory)
    await settle()
    const joining = cache.getOrCreate('b', () => 'never')
    const other = cache.getOrCreateMany(['c', 'b'], () => {
      throw new Error('never')
    })
    await settle()
    expect(factory.mock.calls.map(([keys]) => keys)).toEqual([['b', 'c']])
    finishMany()
    expect(await joining).toBe('made b')
    expect([...(await other).values()]).toEqual(['made c', 'made b'])
    finish('alone')
    expect(await alone).toBe('alone')
    expect([...(await many).values()]).toEqual(['alone', 'made b', 'made c'])
  })

  test('a removal of one key meanwhile keeps its old value out of both tiers, and no other', async () => {
    const world = new World()
    const cache = await world.warm()
    let finish!: () => void
    const many = cache.getOrCreateMany(['a', 'b'], async (keys) => {
      await new Promise<void>((resolve) => void (finish = resolve))
      return lengths(keys)
    })
    await settle()
    await cache.remove('a')
    finish()
    expect([...(await many).values()]).toEqual(['made a', 'made b'])
    expect(cache.getLocal('a')).toBeUndefined()
    expect(await world.isolate().getMany(['a', 'b'])).toEqual(new Map([['b', 'made b']]))
  })

  test('in the fleet: each key is made by one isolate, and the leases go and come in one request', async () => {
    const world = new World()
    const [one, two] = [await world.warm({ stampede: 'global' }), await world.warm({ stampede: 'global' })]
    let finish!: () => void
    const first = vi.fn(async (keys: readonly string[]) => {
      await new Promise<void>((resolve) => void (finish = resolve))
      return lengths(keys)
    })
    const second = vi.fn(lengths)
    const a = one.getOrCreateMany(['a', 'b'], first)
    await settle()
    expect(world.redis.take()).toEqual([['LeaseEntry', 'LeaseEntry']])
    const b = two.getOrCreateMany(['b', 'c'], second)
    await settle()
    expect(second.mock.calls.map(([keys]) => keys)).toEqual([['c']])
    finish()
    await a
    await world.clock.advance(1000)
    expect([...(await b)]).toEqual([
      ['b', 'made b'],
      ['c', 'made c'],
    ])
    expect([first, second].map((factory) => factory.mock.calls.length)).toEqual([1, 1])
  })
})

describe('failures', () => {
  const options = { ttl: '1s', staleIfError: '1h' } as const

  test('what the factory throws is thrown on unchanged, unless there are stale values for all', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.setMany(lengths(['a', 'b']), options)
    await world.clock.advance(1000)
    const failure = new Error('origin down')
    const failing = (): never => {
      throw failure
    }
    expect([...(await cache.getOrCreateMany(['a', 'b'], failing, options)).values()]).toEqual([
      'made a',
      'made b',
    ])
    await expect(cache.getOrCreateMany(['a', 'c'], failing, options)).rejects.toBe(failure)
  })

  test('of one key: the others are stored, a stale value stands in, else the call rejects with its reason', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('a', 'stale a', options)
    await world.clock.advance(1000)
    const reason = new Error('no b')
    const partly = (keys: readonly string[], context: BatchContext<string>): Map<string, string> => {
      context.fail('a', 'no a')
      if (keys.includes('b')) context.fail('b', reason)
      return lengths(keys)
    }
    await expect(cache.getOrCreateMany(['a', 'b', 'c'], partly, options)).rejects.toBe(reason)
    expect(cache.getLocal('c')).toBe('made c')
    expect([...(await cache.getOrCreateMany(['a', 'c'], partly, options)).values()]).toEqual([
      'stale a',
      'made c',
    ])
    const foreign = runInNewContext('new TypeError("of another realm")') as unknown
    const wholly = (_: readonly string[], context: BatchContext<string>): Map<string, string> => {
      context.fail('d', foreign)
      return new Map()
    }
    await expect(cache.getOrCreateMany(['d'], wholly, options)).rejects.toBe(foreign)
  })

  test('a caller that leaves gets its reason, and the factory’s signal aborts', async () => {
    const cache = await new World().warm()
    const controller = new AbortController()
    let signal!: AbortSignal
    const many = cache.getOrCreateMany(
      ['a', 'b'],
      (_, context) => {
        signal = context.signal
        return new Promise<Map<string, string>>(() => {})
      },
      { signal: controller.signal },
    )
    await settle()
    expect(signal.aborted).toBe(false)
    controller.abort(new Error('gone'))
    await expect(many).rejects.toThrow('gone')
    expect(signal.reason).toMatchObject({ message: 'gone' })
  })

  test('while Redis is down the factory makes all', async () => {
    const world = new World()
    const cache = await world.warm()
    world.cut()
    const many = cache.getOrCreateMany(['a', 'b'], lengths)
    await world.clock.advance(1000)
    expect([...(await many).values()]).toEqual(['made a', 'made b'])
  })
})

describe('the context', () => {
  test('says more about each key: validators, life, skip, not modified', async () => {
    const world = new World()
    const cache = await world.warm()
    const options = { ttl: '1m', staleIfError: '1h' } as const
    await cache.getOrCreateMany(
      ['a', 'b', 'c'],
      (keys, context) => {
        expect(context.stale('a')).toBeUndefined()
        expect(() => context.notModified('a')).toThrow(TypeError)
        expect(() => context.skip('x')).toThrow(TypeError)
        context.set('a', { etag: '"1"', lastModified: 'yesterday', ttl: '1s' })
        context.skip('c')
        return lengths(keys)
      },
      options,
    )
    expect([...world.redis.values.keys()]).toEqual(['hc:e:a', 'hc:e:b'])
    await world.clock.advance(1000)
    const again = await cache.getOrCreateMany(
      ['a', 'b'],
      (keys, context) => {
        expect(keys).toEqual(['a'])
        expect(context.stale('a')).toEqual({ value: 'made a', etag: '"1"', lastModified: 'yesterday' })
        context.notModified('a')
        return new Map()
      },
      options,
    )
    expect([...again.values()]).toEqual(['made a', 'made b'])
    await world.clock.advance(59_000)
    expect(cache.getLocal('a')).toBeUndefined() // its localTtl is 30 s
    expect(await cache.get('a')).toBe('made a')
  })

  test('keep the tags of the call where `set` leaves them undefined', async () => {
    const cache = new World().memoryOnly()
    const factory = (keys: readonly string[], context: BatchContext<string>): Map<string, string> => {
      context.set('a', { ttl: '1m', tags: undefined as never })
      return lengths(keys)
    }
    await cache.getOrCreateMany(['a'], factory, { tags: ['t'] })
    await cache.removeByTag('t')
    expect(cache.getLocal('a')).toBeUndefined()
  })
})
