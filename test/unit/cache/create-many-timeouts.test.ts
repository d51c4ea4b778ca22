import { describe, expect, test, vi } from 'vitest'
import type { StandardSchema } from '../../../src/index.ts'
import { asking, news, olds, schemaOf } from '../../support/create-many.ts'
import { settle } from '../../support/manual-clock.ts'
import { record, watch, World } from '../../support/world.ts'

// From when on the callers of getOrCreateMany, and who joins them, count the time that they give its factory.

describe('the time that a caller gives the factory', () => {
  /** A schema that accepts everything, and takes a while for one value. */
  const lasting = (world: World, slow: string, ms: number): StandardSchema =>
    schemaOf(async (value) => {
      if (value === slow) await new Promise<void>((done) => void world.clock.setTimeout(done, ms))
      return { value }
    })

  test('begins when the factory does, however long a schema looks at what L1 has of another key', async () => {
    const world = new World()
    const cache = world.memoryOnly()
    await cache.set('b', 'old b')
    const factory = vi.fn(news)
    const many = watch(
      cache.getOrCreateMany(['a', 'b'], factory, { schema: lasting(world, 'old b', 200), timeout: 100 }),
    )
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
      const left = {
        code: 'FACTORY_TIMEOUT',
        message: 'the factory was not called within 2000 ms (timeout + l2.timeout)',
      }
      expect(events).toMatchObject([{ operation: 'getOrCreateMany', error: left }])
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
    expect(joiner.error).toMatchObject({
      code: 'FACTORY_TIMEOUT',
      message: 'the factory was not called within 1500 ms (timeout + l2.timeout)',
    })
  })

  test('of one call is not that of a joiner who set none', async () => {
    const world = new World()
    const cache = world.memoryOnly()
    await cache.set('b', 'b', { ttl: '1d' })
    const schema = lasting(world, 'b', 5000)
    const many = watch(cache.getOrCreateMany(['a', 'b'], news, { schema, timeout: '1s' }))
    await settle()
    const joiner = watch(cache.getOrCreate('a', () => 'mine'))
    await settle()
    await world.clock.advance('2s')
    expect(joiner).toEqual({})
    await world.clock.advance('3s')
    expect(joiner.value).toBe('new a')
    expect(many.error).toMatchObject({ code: 'FACTORY_TIMEOUT' })
  })

  test('of a load that has not begun in time is not waited for again by who comes later, though others still wait', async () => {
    const world = new World()
    const cache = world.memoryOnly()
    await cache.set('b', 'b', { ttl: '1d' })
    const schema = schemaOf((value) => (value === 'b' ? new Promise(() => undefined) : { value }))
    void cache.getOrCreateMany(['a', 'b'], news, { schema, timeout: '1s' })
    await settle()
    const patient = watch(cache.getOrCreate('a', () => 'never'))
    await world.clock.advance('2s')
    const later = watch(cache.getOrCreate('a', () => 'mine', { timeout: '1s' }))
    await settle()
    expect(later.value).toBe('mine')
    expect(patient).toEqual({})
  })

  test('is not reported as that of a factory that was not called, where another isolate was waited for', async () => {
    const world = new World()
    const [x, y] = [await world.warm({ stampede: 'global' }), await world.warm({ stampede: 'global' })]
    const never = (): Promise<never> => new Promise(() => undefined)
    watch(x.getOrCreate('a', never, { timeout: '2s' }))
    await settle()
    const errors = record(y, 'error')
    const factory = vi.fn(never)
    const many = watch(y.getOrCreateMany(['a'], factory, { timeout: '5s' }))
    for (let i = 0; i < 60; i++) await world.clock.advance(100)
    expect(factory).toHaveBeenCalledTimes(1)
    expect(many.error).toMatchObject({ message: 'the factory took longer than 5000 ms (timeout)' })
    expect(errors).toEqual([])
  })

  test.each([[{}], [{ forceRefresh: true }]])(
    'is not shortened where a stale value is at hand, and a schema looks at another key: %o',
    async (more) => {
      const world = new World()
      const cache = world.memoryOnly({ staleIfError: '1h' })
      const forced = 'forceRefresh' in more
      await cache.set('a', 'old a', { ttl: forced ? '1d' : '1s', localTtl: '1h' })
      await cache.set('b', 'old b', { ttl: '1d', localTtl: '1h' })
      await world.clock.advance('2s')
      const schema = lasting(world, 'old b', 400)
      const many = watch(cache.getOrCreateMany<string>(['a', 'b'], news, { schema, ...more }))
      await settle()
      await world.clock.advance(400)
      expect((many.value as Map<string, string>).get('a')).toBe('new a')
    },
  )

  test('is reported as an error, where L2 took time before, too', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('b', 'b', { ttl: '1d', localTtl: '1h' })
    world.redis.before = () => new Promise<void>((done) => void world.clock.setTimeout(done, 50))
    const errors = record(cache, 'error')
    const schema = schemaOf((value) => (value === 'b' ? new Promise(() => undefined) : { value }))
    void cache.getOrCreateMany(['a', 'b'], news, { schema, timeout: '1s' })
    await settle()
    await world.clock.advance('3s')
    expect(errors).toMatchObject([{ operation: 'getOrCreateMany', error: { code: 'FACTORY_TIMEOUT' } }])
  })

  test('does not count how long a schema looked at what L2 has of the key itself', async () => {
    const world = new World()
    await (await world.warm()).set('a', 'old')
    const cache = await world.warm()
    const schema = schemaOf(async () => {
      await new Promise<void>((done) => void world.clock.setTimeout(done, 2500))
      return { issues: [1] }
    })
    const many = watch(cache.getOrCreateMany(['a'], news, { schema, timeout: '1s' }))
    await settle()
    await world.clock.advance('3s')
    expect(many.value).toEqual(news(['a']))
  })

  test('is no longer than a timer can be', async () => {
    const world = new World()
    const cache = world.memoryOnly()
    await cache.set('b', 'b', { ttl: '1d' })
    const set = vi.spyOn(world.clock, 'setTimeout')
    const schema = schemaOf((value) => (value === 'b' ? new Promise(() => undefined) : { value }))
    void cache.getOrCreateMany(['a', 'b'], news, { schema, timeout: '30d' })
    await settle()
    expect(set.mock.calls.length).toBeGreaterThan(0)
    expect(Math.max(...set.mock.calls.map(([, ms]) => ms))).toBe(2 ** 31 - 1)
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
