import { describe, expect, test, vi } from 'vitest'
import type { CacheOptions, HybridCache } from '../../../src/index.ts'
import { asked, asking, news, olds, schemaOf } from '../../support/create-many.ts'
import { settle } from '../../support/manual-clock.ts'
import { Gate, record, watch, World } from '../../support/world.ts'

// Which keys of getOrCreateMany one call of the factory is for, and when.

describe('stale values', () => {
  test('are given at once, and made anew together behind the call', async () => {
    const world = new World()
    const cache = await world.warm()
    const options = { ttl: '1s', localTtl: '1h', swr: '1h' } as const
    await cache.setMany(olds('a', 'b'), options)
    await world.clock.advance(1000)
    const stale = record(cache, 'stale')
    const factory = vi.fn(news)
    expect([...(await cache.getOrCreateMany(['a', 'b'], factory, options)).values()]).toEqual([
      'old a',
      'old b',
    ])
    await settle()
    expect(stale).toHaveLength(2)
    expect(asked(factory)).toEqual([['a', 'b']])
    expect([...(await cache.getOrCreateMany(['a', 'b'], factory, options)).values()]).toEqual([
      'new a',
      'new b',
    ])
  })

  test('that only L2 has are made anew together, too, apart from what is nowhere', async () => {
    const world = new World()
    const options = { ttl: '1s', swr: '1h' } as const
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
    await (await world.warm()).setMany(olds(...keys), options)
    await world.clock.advance(1000)
    const cache = await world.warm()
    const factory = vi.fn(news)
    const found = await cache.getOrCreateMany([...keys, 'nowhere'], factory, options)
    expect(found).toEqual(olds(...keys).set('nowhere', 'new nowhere'))
    await settle()
    expect(asked(factory)).toEqual([['nowhere'], keys.toSorted()])
    expect(cache.getLocal('k19')).toBe('new k19')
  })

  test('nobody who has nothing waits for the leases of those that are made anew', async () => {
    const world = new World()
    const options = { ttl: '1s', swr: '1h', timeout: '800ms' } as const
    await (await world.warm()).set('stale', 'old', options)
    await world.clock.advance(1000)
    const cache = await world.warm()
    const lease = world.hold('LeaseEntry', 'before')
    const factory = vi.fn(news)
    const found = await cache.getOrCreateMany(['nowhere', 'stale'], factory, options)
    expect(found).toEqual(news(['nowhere']).set('stale', 'old'))
    expect(asked(factory)).toEqual([['nowhere']])
    await lease.reached
    lease.open()
    await settle()
    expect(asked(factory)).toEqual([['nowhere'], ['stale']])
  })
})

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
