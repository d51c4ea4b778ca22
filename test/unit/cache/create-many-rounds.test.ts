import { describe, expect, test, vi } from 'vitest'
import type { CacheOptions, HybridCache, StandardSchema } from '../../../src/index.ts'
import { storeTagged } from '../../support/coherence.ts'
import { settle } from '../../support/manual-clock.ts'
import { Gate, record, watch, World } from '../../support/world.ts'

// Which keys of getOrCreateMany one call of the factory is for, and when.

const news = (keys: readonly string[]): Map<string, string> => new Map(keys.map((key) => [key, `new ${key}`]))
const olds = (...keys: string[]): Map<string, string> => new Map(keys.map((key) => [key, `old ${key}`]))
const asked = (factory: { mock: { calls: [readonly string[], ...unknown[]][] } }): string[][] =>
  factory.mock.calls.map(([keys]) => keys.toSorted())

function schemaOf(validate: StandardSchema['~standard']['validate']): StandardSchema {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

describe('in the fleet', () => {
  const options = { ttl: '1s', swr: '1h', stampede: 'global' } as const

  /** An isolate that has nothing of what another has stored, which has ended since. */
  async function ended(world: World, keys: string[], given: CacheOptions = {}): Promise<HybridCache<true>> {
    await (await world.warm(given)).setMany(olds(...keys), options)
    await world.clock.advance(1000)
    return world.warm(given)
  }

  test('stale values that L2 has are made anew apart from what is nowhere, by the leases that came with them', async () => {
    const world = new World()
    const cache = await ended(world, ['a', 'b'])
    const slow = vi.fn(async (keys: readonly string[]) => {
      if (keys.includes('a')) await new Promise<void>((done) => void world.clock.setTimeout(done, 300))
      return news(keys)
    })
    const many = watch(cache.getOrCreateMany(['a', 'nowhere', 'b'], slow, options))
    await settle()
    expect(many.value).toEqual(olds('a', 'b').set('nowhere', 'new nowhere'))
    expect(asked(slow)).toEqual([['nowhere'], ['a', 'b']])
    expect(world.redis.take()).toEqual([['LeaseEntry', 'LeaseEntry', 'LeaseEntry'], ['CommitEntry']])
    await world.clock.advance(300)
    expect(world.redis.take()).toEqual([['CommitEntry', 'CommitEntry']])
    expect([cache.getLocal('a'), cache.getLocal('b')]).toEqual(['new a', 'new b'])
  })
})

describe('where a schema looks at what L1 has', () => {
  const stale = { ttl: '1s', localTtl: '1h', staleIfError: '1h' } as const
  const fine = schemaOf((value) => ({ value }))
  const refusing = schemaOf((value) => (String(value).startsWith('old') ? { issues: [value] } : { value }))

  test.each([
    ['stale values that are to be replaced', 1000, { ...stale, schema: fine }, undefined],
    ['stale values that it refuses', 1000, { ...stale, schema: refusing }, undefined],
    ['fresh values that it refuses', 0, { ...stale, schema: refusing }, undefined],
    ['fresh values that it refuses, and L2 is left out', 0, { ...stale, schema: refusing, l2: false }, {}],
  ])('%s are made together with what is nowhere', async (_, age, options, redis) => {
    const world = new World()
    const cache = redis === undefined ? world.memoryOnly() : world.isolate()
    await cache.setMany(olds('a', 'b'), stale)
    await world.clock.advance(age)
    const factory = vi.fn(news)
    const found = await cache.getOrCreateMany(['a', 'nowhere', 'b'], factory, options)
    expect([...found.values()]).toEqual(['new a', 'new nowhere', 'new b'])
    expect(asked(factory)).toEqual([['a', 'b', 'nowhere']])
  })

  test('the factory waits for the last of its answers, be it that a value will do, or an error', async () => {
    const cache = new World().memoryOnly()
    await cache.setMany(olds('a', 'b'))
    for (const answer of ['good', 'bad']) {
      let say!: () => void
      const said = new Promise<void>((resolve) => void (say = resolve))
      const schema = schemaOf(async (value) => {
        if (value === 'old b') await said
        if (answer === 'bad') throw new Error('cannot tell')
        return { value }
      })
      const factory = vi.fn(news)
      const many = watch(cache.getOrCreateMany(['a', answer, 'b'], factory, { schema }))
      await settle()
      expect(factory).not.toHaveBeenCalled()
      say()
      await settle()
      expect(asked(factory)).toEqual([[answer]])
      expect(cache.getLocal(answer)).toBe(`new ${answer}`)
      if (answer === 'bad') expect(many.error).toMatchObject({ message: 'cannot tell' })
      else expect(many.value).toEqual(olds('a', 'b').set('good', 'new good'))
    }
  })

  test('nobody waits for what is joined, which another has begun', async () => {
    const cache = new World().memoryOnly()
    let finish!: (value: string) => void
    const other = cache.getOrCreate('a', () => new Promise<string>((resolve) => void (finish = resolve)))
    const factory = vi.fn(news)
    const many = cache.getOrCreateMany(['a', 'b'], factory, { schema: fine })
    await settle()
    expect(asked(factory)).toEqual([['b']])
    finish('from another')
    expect(await other).toBe('from another')
    expect([...(await many).values()]).toEqual(['from another', 'new b'])
  })
})

/** An isolate that has to ask for a tag when it has read `k`, and waits for the answer. */
async function asking(): Promise<{ world: World; cache: HybridCache<true>; tag: Gate }> {
  const world = new World()
  await storeTagged(world)
  const cache = await world.warm()
  const tag = new Gate()
  world.redis.before = async (commands) => {
    if (commands.flat().some((part) => String(part).endsWith(':t:news'))) await tag.pass()
  }
  return { world, cache, tag }
}

describe('nobody works for nobody', () => {
  test('who leaves while L2 is asked for one key calls no factory for the others', async () => {
    const { cache, tag } = await asking()
    const loads = record(cache, 'load')
    const controller = new AbortController()
    const factory = vi.fn(news)
    const { signal } = controller
    const many = watch(cache.getOrCreateMany(['k', 'a', 'b'], factory, { signal }))
    await tag.reached
    await settle()
    controller.abort(new Error('gone'))
    await settle()
    expect(many.error).toMatchObject({ message: 'gone' })
    tag.open()
    await settle()
    expect(factory).not.toHaveBeenCalled()
    expect(loads).toEqual([])
    expect(cache.stats().loads).toMatchObject({ count: 0, failed: 0 })
    expect(await cache.getOrCreateMany(['a'], factory)).toEqual(news(['a']))
  })

  test('but for those whom others wait for', async () => {
    const { cache, tag } = await asking()
    const controller = new AbortController()
    const factory = vi.fn(news)
    const { signal } = controller
    const many = watch(cache.getOrCreateMany(['k', 'a', 'b'], factory, { signal }))
    await tag.reached
    await settle()
    const joined = cache.getOrCreate('b', () => 'never')
    await settle()
    controller.abort(new Error('gone'))
    expect(await joined).toBe('new b')
    expect(asked(factory)).toEqual([['b']])
    expect(many.error).toMatchObject({ message: 'gone' })
    tag.open()
  })
})

describe('the time that a caller gives the factory', () => {
  const slowly = (world: World): StandardSchema =>
    schemaOf(async (value) => {
      await new Promise<void>((done) => void world.clock.setTimeout(done, 200))
      return { value }
    })

  test('begins when the factory does, however long a schema looks at what L1 has of another key', async () => {
    const world = new World()
    const cache = world.memoryOnly()
    await cache.set('b', 'old b')
    const factory = vi.fn(news)
    const many = watch(cache.getOrCreateMany(['a', 'b'], factory, { schema: slowly(world), timeout: 100 }))
    await settle()
    await world.clock.advance(200)
    expect(many.value).toEqual(new Map([['a', 'new a']]).set('b', 'old b'))
    expect(cache.stats().loads).toMatchObject({ count: 1, failed: 0, duration: 0 })
  })

  test('begins when the factory does, however long L2 is asked for another key; no origin rests that was not asked', async () => {
    const { world, cache, tag } = await asking()
    const options = { ttl: '10s', localTtl: '1h', staleIfError: '1h', timeout: '100ms' } as const
    await cache.set('a', 'old a', options)
    await world.clock.advance('11s')
    const factory = vi.fn(news)
    const errors = record(cache, 'error')
    const many = watch(cache.getOrCreateMany(['k', 'a'], factory, options))
    await tag.reached
    await settle()
    await world.clock.advance(150)
    expect(factory).not.toHaveBeenCalled()
    tag.open()
    await settle()
    expect(many.value).toEqual(new Map([['k', 'v']]).set('a', 'new a'))
    expect(errors).toEqual([])
  })

  test('runs for each key when the factory is called, so that all that it does counts', async () => {
    const cache = new World().memoryOnly()
    const counted: unknown[] = []
    await cache.getOrCreateMany(['a', 'b'], (keys) => {
      counted.push(cache.stats().loads.count)
      return news(keys)
    })
    expect(counted).toEqual([2])
  })

  test.each([
    ['has no end', undefined, { code: 'FACTORY_TIMEOUT' }],
    ['has a stale value', 'old a', undefined],
  ])(
    'does not begin for ever where a schema never answers for another key, for who joins and %s',
    async (_, stale, error) => {
      const world = new World()
      const cache = world.memoryOnly()
      const options = { ttl: '1s', localTtl: '1h', staleIfError: '1h', timeout: '1s' } as const
      if (stale !== undefined) await cache.set('a', stale, options)
      await world.clock.advance('2s')
      await cache.set('b', 'b', { ttl: '1d' })
      const schema = schemaOf((value) => (value === 'b' ? new Promise(() => undefined) : { value }))
      const events = record(cache, 'error')
      void cache.getOrCreateMany(['a', 'b'], news, { ...options, schema })
      await settle()
      const joiner = watch(cache.getOrCreate('a', () => 'never', options))
      await settle()
      await world.clock.advance('2s') // `timeout`, and that of L2
      expect(joiner.value).toBe(stale)
      if (error !== undefined) expect(joiner.error).toMatchObject(error)
      expect(events).toMatchObject([{ operation: 'getOrCreateMany', error: { code: 'FACTORY_TIMEOUT' } }])
      expect(await cache.getOrCreate('a', () => 'mine', options)).toBe('mine')
    },
  )

  test('nor for a joiner that gives it less time than the call that it joins', async () => {
    const world = new World()
    const cache = world.memoryOnly()
    await cache.set('b', 'b', { ttl: '1d' })
    const schema = schemaOf((value) => (value === 'b' ? new Promise(() => undefined) : { value }))
    void cache.getOrCreateMany(['a', 'b'], news, { schema })
    await settle()
    const joiner = watch(cache.getOrCreate('a', () => 'never', { timeout: '500ms' }))
    await settle()
    await world.clock.advance(1499)
    expect(joiner).toEqual({})
    await world.clock.advance(1)
    expect(joiner.error).toMatchObject({ code: 'FACTORY_TIMEOUT' })
  })

  test('who joins and has a stale value waits no longer for what L2 says of another key than for L2', async () => {
    const { world, cache, tag } = await asking()
    const options = { ttl: '10s', localTtl: '1h', staleIfError: '1h' } as const
    await cache.set('a', 'old a', options)
    await world.clock.advance('11s')
    const many = watch(cache.getOrCreateMany(['k', 'a'], news, options))
    await tag.reached
    await settle()
    const joiner = watch(cache.getOrCreate('a', () => 'never', options))
    await settle()
    await world.clock.advance(299)
    expect(joiner).toEqual({})
    await world.clock.advance(1)
    expect(joiner.value).toBe('old a')
    tag.open()
    await settle()
    expect(many).toHaveProperty('value')
  })

  test('ends for all keys at once', async () => {
    const { world, cache, tag } = await asking()
    const factory = vi.fn(() => new Promise<never>(() => undefined))
    const many = watch(cache.getOrCreateMany(['k', 'a', 'b'], factory, { timeout: '100ms' }))
    await tag.reached
    await settle()
    await world.clock.advance(150)
    tag.open()
    await settle()
    await world.clock.advance(99)
    expect(many.error).toBeUndefined()
    await world.clock.advance(1)
    expect(many.error).toMatchObject({ code: 'FACTORY_TIMEOUT' })
    expect(factory).toHaveBeenCalledTimes(1)
  })

  test('of a refresh, too, while a schema looks at what another has found', async () => {
    const world = new World()
    const options = { ttl: '10s', localTtl: '1h', swr: '1h', timeout: '100ms' } as const
    const cache = await world.warm()
    await cache.setMany(olds('a', 'b'), options)
    await world.clock.advance('11s')
    await (await world.warm()).set('b', 'other b', options)
    const schema = schemaOf(async (value) => {
      if (value === 'other b') await new Promise<void>((done) => void world.clock.setTimeout(done, 200))
      return { value }
    })
    const errors = record(cache, 'error')
    expect(await cache.getOrCreateMany(['a', 'b'], news, { ...options, schema })).toEqual(olds('a', 'b'))
    await settle()
    await world.clock.advance(200)
    await settle()
    expect(errors).toEqual([])
    expect([cache.getLocal('a'), cache.getLocal('b')]).toEqual(['new a', 'other b'])
  })
})

describe('what is made anew behind the call', () => {
  const options = { ttl: '10s', localTtl: '1h', swr: '1h' } as const

  /** An isolate with a stale copy of `near` in L1, and none of `far`, which is stale in L2. */
  async function nearAndFar(world: World): Promise<HybridCache<true>> {
    await (await world.warm()).setMany(olds('near', 'far'), options)
    const cache = await world.warm()
    await cache.get('near')
    await world.clock.advance('11s')
    return cache
  }

  test('waits for no key whose caller leaves while its entry is looked at', async () => {
    const world = new World()
    const cache = await nearAndFar(world)
    const gates = { near: new Gate(), far: new Gate() }
    let looksAtNear = 0
    const schema = schemaOf(async (value) => {
      if (value === 'old far') await gates.far.pass()
      if (value === 'old near' && ++looksAtNear > 1) await gates.near.pass()
      return { value }
    })
    const controller = new AbortController()
    const work: Promise<unknown>[] = []
    const bound = cache.bind({ waitUntil: (promise) => work.push(promise) })
    const factory = vi.fn(news)
    const given = { ...options, schema, signal: controller.signal }
    const many = watch(bound.getOrCreateMany(['near', 'far'], factory, given))
    await gates.far.reached
    controller.abort(new Error('gone'))
    await settle()
    gates.far.open()
    await settle()
    gates.near.open()
    await settle()
    await settle() // whoever else has left
    expect(many.error).toEqual(new Error('gone'))
    expect(asked(factory)).toEqual([['near']])
    await Promise.all(work)
    expect(cache.getLocal('near')).toBe('new near')
  })

  test('has all of its time for the factory, however long the look at another key takes', async () => {
    const world = new World()
    const cache = await nearAndFar(world)
    const gate = new Gate()
    const schema = schemaOf(async (value) => {
      if (value === 'old far') await gate.pass()
      return { value }
    })
    const factory = vi.fn(news)
    const errors = record(cache, 'error')
    const many = cache.getOrCreateMany(['near', 'far'], factory, { ...options, schema, timeout: 100 })
    await gate.reached
    await world.clock.advance(200)
    gate.open()
    expect(await many).toEqual(olds('near', 'far'))
    await settle()
    expect(errors).toEqual([])
    expect(asked(factory).flat().toSorted()).toEqual(['far', 'near'])
  })
})
