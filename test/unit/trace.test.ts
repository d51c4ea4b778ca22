import { describe, expect, test, vi } from 'vitest'
import {
  type CacheOptions,
  type HybridCache,
  RedisReplyError,
  type StandardSchema,
  type Trace,
  type TraceAttributes,
} from '../../src/index.ts'
import { traced, type TraceSpan } from '../../src/trace.ts'
import { World } from '../support/world.ts'

const span: TraceSpan = { name: 'work', kind: 'internal', attributes: {} }

describe('a trace hook', () => {
  const hooks: Record<string, Trace> = {
    'that wraps the work': (_, run) => run(() => undefined),
    'that throws': () => {
      throw new Error('onlooker')
    },
    'that rejects': async () => Promise.reject(new Error('onlooker')),
    'that rejects after the work': async (_, run) => {
      await run(() => undefined)
      throw new Error('onlooker')
    },
    'that never runs the work': () => undefined,
    'that runs it late': async (_, run) => {
      await undefined
      await run(() => undefined)
    },
    'that runs it twice': (_, run) => [run(() => undefined), run(() => undefined)],
    'whose note throws': (_, run) =>
      run(() => {
        throw new Error('onlooker')
      }),
    'that changes the value': async (_, run) => {
      await run(() => undefined)
      return 'another'
    },
  }

  test.each(Object.entries(hooks))(
    '%s changes nothing: the work runs once, and gives what it gives',
    async (_, trace) => {
      const work = vi.fn(async (note: (attributes: TraceAttributes) => void) => {
        note({ seen: true })
        return 'value'
      })
      expect(await traced(trace, span, work)).toBe('value')
      const failing = vi.fn(() => Promise.reject(new RangeError('its own')))
      await expect(traced(trace, span, failing)).rejects.toThrow('its own')
      expect([work.mock.calls.length, failing.mock.calls.length]).toEqual([1, 1])
    },
  )

  test('that is no function is refused', () => {
    expect(() => new World().memoryOnly({ trace: {} as never })).toThrow(TypeError)
  })
})

interface Seen {
  readonly name: string
  readonly kind: string
  attributes: TraceAttributes
}

/** A cache whose spans are recorded, in the order in which they begin. */
async function watched(
  world: World,
  options: CacheOptions | 'memoryOnly' = {},
): Promise<{ cache: HybridCache; seen: Seen[] }> {
  const seen: Seen[] = []
  const trace: Trace = ({ name, kind, attributes }, run) => {
    const each = { name, kind, attributes }
    seen.push(each)
    return run((more) => (each.attributes = { ...each.attributes, ...more }))
  }
  const cache =
    options === 'memoryOnly' ? world.memoryOnly({ trace }) : await world.warm({ trace, ...options })
  seen.length = 0
  return { cache, seen }
}

const anything: StandardSchema = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
}
const redis = { 'db.system.name': 'redis' }

describe('spans', () => {
  test('of a load: the call, the request, the factory, the write', async () => {
    const { cache, seen } = await watched(new World())
    await cache.getOrCreate('k', () => 1)
    expect(seen).toEqual([
      {
        name: 'cache.getOrCreate',
        kind: 'internal',
        attributes: { 'cache.operation': 'getOrCreate', 'cache.hit': false, 'cache.joined': false },
      },
      { name: 'GET', kind: 'client', attributes: { ...redis, 'db.operation.name': 'GET' } },
      { name: 'cache.factory', kind: 'internal', attributes: { 'cache.background': false } },
      { name: 'SET', kind: 'client', attributes: { ...redis, 'db.operation.name': 'SET' } },
    ])
  })

  test('of reads say where the value was; a hit in L1 has none', async () => {
    const world = new World()
    const { cache, seen } = await watched(world)
    const levels = (): unknown[] =>
      seen
        .splice(0)
        .flatMap(({ name, attributes }) =>
          name.startsWith('cache.')
            ? [[attributes['cache.hit'], attributes['cache.level'], attributes['cache.stale']]]
            : [],
        )
    await cache.get('k')
    expect(levels()).toEqual([[false, undefined, undefined]])
    await world.isolate().set('k', 1, { ttl: '10s', swr: '1m' })
    await cache.get('k')
    expect(levels()).toEqual([[true, 'l2', undefined]])
    await cache.get('k')
    await cache.getOrCreate('k', () => 1)
    expect(seen).toEqual([])
    cache.removeLocal('k')
    await cache.getOrCreate('k', () => 1)
    expect(levels()).toEqual([[true, 'l2', false]])
    await world.clock.advance(11_000)
    await cache.getOrCreate('k', () => 2, { swr: '1m' })
    expect(levels()[0]).toEqual([true, 'l1', true])
    await cache.getMany(['k', 'j'], { l2: false })
    expect(seen[0]?.attributes).toMatchObject({ 'cache.keys': 2 })
  })

  test('of a hit in L1 say so where a schema or chance has its say, too', async () => {
    const { cache, seen } = await watched(new World())
    await cache.set('k', 1)
    for (const options of [{ eager: true }, { schema: anything }]) {
      seen.length = 0
      await cache.getOrCreate('k', () => 2, options)
      expect(seen).toEqual([
        {
          name: 'cache.getOrCreate',
          kind: 'internal',
          attributes: { 'cache.operation': 'getOrCreate', 'cache.hit': true, 'cache.level': 'l1' },
        },
      ])
    }
  })

  test.each<[string, string, CacheOptions | undefined, boolean]>([
    ['L2, where that was asked', 'l2', {}, false],
    ['L1, where Redis is down', 'l1', { l2: { retries: 0 } }, true],
    ['L1, where there is no Redis', 'l1', undefined, false],
  ])('of a stale value say that it was in %s', async (_, level, options, down) => {
    const world = new World()
    const { cache, seen } = await watched(world, options ?? 'memoryOnly')
    await cache.set('k', 1, { ttl: '1s', staleIfError: '1m' })
    await world.clock.advance(2000)
    if (down) world.cut()
    seen.length = 0
    const fails = (): Promise<never> => Promise.reject(new Error('the origin is down'))
    expect(await cache.getOrCreate('k', fails, { staleIfError: '1m' })).toBe(1)
    const attributes = { 'cache.hit': true, 'cache.level': level, 'cache.stale': true }
    expect(seen[0]).toMatchObject({ name: 'cache.getOrCreate', attributes })
  })

  test('of requests with several commands, of scripts, and of retries', async () => {
    const world = new World()
    const { cache, seen } = await watched(world)
    await Promise.all([cache.set('a', 1), cache.set('b', 1)])
    expect(seen.map(({ name }) => name)).toEqual(['cache.set', 'cache.set', 'PIPELINE EVALSHA'])
    expect(seen[2]?.attributes).toEqual({
      ...redis,
      'db.operation.name': 'PIPELINE EVALSHA',
      'db.operation.batch.size': 2,
    })
    seen.length = 0
    await Promise.all([cache.set('a', 1), cache.get('none')])
    expect(seen.map(({ name }) => name)).toContain('PIPELINE')
    seen.length = 0
    await cache.set('c', 1)
    expect(seen[1]?.attributes).toMatchObject({ 'db.stored_procedure.name': 'SetEntry' })
    seen.length = 0
    let failures = 1
    world.redis.before = () => {
      if (failures-- > 0) throw new TypeError('fetch failed')
    }
    const reading = cache.get('none')
    await world.clock.advance(100)
    await reading
    expect(
      seen.map(({ attributes }) => [attributes['error.type'], attributes['http.request.resend_count']]),
    ).toEqual([
      [undefined, undefined],
      ['TypeError', undefined],
      [undefined, 1],
    ])
  })

  test('of failures name their kind and say no more', async () => {
    const world = new World()
    const { cache, seen } = await watched(world, { l2: { retries: 0 } })
    const fails = (): Promise<never> => Promise.reject(new RangeError('canary'))
    await expect(cache.getOrCreate('canary', fails)).rejects.toThrow('canary')
    expect(seen.map(({ attributes }) => attributes['error.type'])).toEqual([
      'RangeError',
      undefined,
      'RangeError',
    ])
    seen.length = 0
    world.redis.replies.set('GET', new RedisReplyError('WRONGTYPE canary'))
    await cache.get('canary')
    expect(seen[1]?.attributes).toMatchObject({
      'db.response.status_code': 'WRONGTYPE',
      'error.type': 'WRONGTYPE',
    })
    seen.length = 0
    world.cut()
    await expect(cache.remove('canary')).rejects.toThrow()
    expect(seen[0]?.attributes).toMatchObject({ 'error.type': 'L2_NETWORK' })
    expect(JSON.stringify(seen)).not.toContain('canary')
  })

  test('of a script that failed name a kind of Redis itself, and no word of its own', async () => {
    const world = new World()
    const { cache, seen } = await watched(world)
    const kinds = async (error: string): Promise<unknown[]> => {
      world.redis.replies.set('EVALSHA', new RedisReplyError(error))
      await expect(cache.scripts?.execute('return 1', { args: ['CANARY'] })).rejects.toMatchObject({
        code: 'SCRIPT',
      })
      return seen
        .splice(0)
        .map(({ attributes }) => [attributes['db.response.status_code'], attributes['error.type']])
    }
    expect(await kinds('CANARY is sold out')).toEqual([['ERR', 'ERR']])
    expect(await kinds('OOMCANARY is sold out')).toEqual([['ERR', 'ERR']])
    expect(await kinds('OOM command not allowed, CANARY')).toEqual([['OOM', 'OOM']])
  })

  test('of a value that has not changed is no failure', async () => {
    const world = new World()
    const { cache, seen } = await watched(world)
    await cache.set('k', 1, { ttl: '1s', staleIfError: '1m' })
    await world.clock.advance(2000)
    seen.length = 0
    expect(await cache.getOrCreate('k', (ctx) => ctx.notModified(), { staleIfError: '1m' })).toBe(1)
    const factory = seen.find(({ name }) => name === 'cache.factory')
    expect(factory?.attributes).toEqual({ 'cache.background': false })
  })

  test.each([
    'remove',
    'expire',
    'removeByTag',
    'expireByTag',
    'clear',
    'setMany',
    'getOrCreateMany',
  ] as const)('there is one of %s', async (name) => {
    const { cache, seen } = await watched(new World())
    const calls = {
      remove: () => cache.remove('k'),
      expire: () => cache.expire('k'),
      removeByTag: () => cache.removeByTag('t'),
      expireByTag: () => cache.expireByTag('t'),
      clear: () => cache.clear(),
      setMany: () => cache.setMany([['k', 1]]),
      getOrCreateMany: () => cache.getOrCreateMany(['k'], () => new Map([['k', 1]])),
    }
    await calls[name]()
    expect(seen[0]).toMatchObject({ name: `cache.${name}`, attributes: { 'cache.operation': name } })
  })
})
