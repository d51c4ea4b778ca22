import { describe, expect, test, vi } from 'vitest'
import { type CacheOptions, type HybridCache, RedisReplyError } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { outcomeOf } from '../../support/outcome.ts'
import { record, World } from '../../support/world.ts'
import { quick, read } from './quick-breaker.ts'

/** A cache that has used Redis, and two requests later leaves it alone. */
async function opened(world: World, options: CacheOptions = {}): Promise<HybridCache> {
  const cache = await world.warm({ ...quick, ...options })
  await cache.set('k', 1)
  world.cut()
  await read(cache)
  await read(cache)
  world.redis.take()
  return cache
}

describe('an open breaker', () => {
  test('lets no request leave: reads miss, the factory is asked, writes reject', async () => {
    const world = new World()
    const cache = await opened(world)
    expect(cache.getLocal('k')).toBe(1)
    expect(await cache.get('k')).toBe(1)
    expect(await read(cache)).toBeUndefined()
    expect(await cache.getMany(['k', 'j'], { l1: false })).toEqual(new Map())
    expect(await cache.getOrCreate('new', () => 'made')).toBe('made')
    expect(cache.getLocal('new')).toBe('made')
    for (const write of [
      () => cache.set('k', 2),
      () => cache.setMany([['k', 2]]),
      () => cache.remove('k'),
      () => cache.scripts?.execute("return redis.call('GET', KEYS[1])", { keys: ['k'] }),
    ])
      await expect(write()).rejects.toMatchObject({ code: 'BREAKER_OPEN', retryable: true })
    expect(world.redis.requests).toEqual([])
    expect(world.clock.pending).toBe(0)
  })

  test('fails at once: nobody waits for the clock', async () => {
    const world = new World()
    const cache = await opened(world)
    const done = vi.fn()
    void cache.getOrCreate('new', () => 'made').then(done)
    await settle()
    expect(done).toHaveBeenCalledWith('made')
  })

  test.each<[string, (cache: HybridCache) => Promise<void>]>([
    ['set', (cache) => cache.set('k', 2)],
    ['setMany', (cache) => cache.setMany([['k', 2]])],
    ['remove', (cache) => cache.remove('k')],
  ])('%s rejects, and the copy in L1 is gone all the same', async (_, write) => {
    const cache = await opened(new World())
    expect(cache.getLocal('k')).toBe(1)
    await expect(write(cache)).rejects.toMatchObject({ code: 'BREAKER_OPEN' })
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test('rejects the first write of an isolate too, which has to ask for the time', async () => {
    const world = new World()
    world.cut()
    const cache = world.isolate({ ...quick, breaker: { failures: 1 } })
    expect(await outcomeOf(cache.set('k', 1))).toBe('L2_NETWORK')
    expect(await outcomeOf(cache.set('k', 1))).toBe('BREAKER_OPEN')
    expect(world.redis.take()).toEqual([['TIME']])
  })

  test('is told of by every call, and once by an event of its own', async () => {
    const world = new World()
    const cache = await world.warm(quick)
    const [errors, changes] = [record(cache, 'error'), record(cache, 'breaker')]
    world.cut()
    for (let i = 0; i < 4; i++) await read(cache)
    expect(errors.map(({ operation, error }) => `${operation} ${error.code}`)).toEqual([
      'get L2_NETWORK',
      'get L2_NETWORK',
      'get BREAKER_OPEN',
      'get BREAKER_OPEN',
    ])
    expect(changes).toEqual([{ state: 'open', reason: 'L2_NETWORK' }])
  })

  test('counts as no request and no failed one, and shows in the statistics', async () => {
    const world = new World()
    const cache = await world.warm(quick)
    expect(cache.stats().l2.breaker).toBe('closed')
    world.cut()
    for (let i = 0; i < 4; i++) await read(cache)
    expect(cache.stats().l2).toMatchObject({ requests: 3, errors: 2, breaker: 'open' })
  })

  test('gives a caller who has left the reason for leaving', async () => {
    const cache = await opened(new World())
    const reason = new Error('gone')
    await expect(cache.get('j', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test('is one for all namespaces and bound views, and each isolate has its own', async () => {
    const world = new World()
    const cache = await opened(world)
    await cache.namespace('n').get('k')
    expect(world.redis.requests).toEqual([])
    await read(world.isolate(quick))
    expect(world.redis.requests).toHaveLength(1)
  })

  test('says nothing of keys, values and addresses', async () => {
    const cache = await opened(new World())
    const error = await cache.set('canary-key', 'canary-value').catch((reason: unknown) => reason)
    expect((error as Error).message).toContain('L2_NETWORK')
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('canary-')
  })
})

describe('after a while', () => {
  test('one request tries, all others still fail at once, and its success ends it', async () => {
    const world = new World()
    const cache = await opened(world)
    const changes = record(cache, 'breaker')
    world.redis.before = undefined
    await world.clock.advance(4999)
    expect(await outcomeOf(cache.set('k', 2))).toBe('BREAKER_OPEN')
    await world.clock.advance(1)
    const gate = world.hold('GET')
    const probe = read(cache)
    await gate.reached
    expect(cache.stats().l2.breaker).toBe('half-open')
    expect(await outcomeOf(cache.set('k', 2))).toBe('BREAKER_OPEN')
    expect(await read(cache)).toBeUndefined()
    expect(world.redis.take()).toEqual([['ZRANGE', 'GET']])
    gate.open()
    expect(await probe).toBe(1)
    await cache.set('k', 2)
    expect(await read(cache)).toBe(2)
    expect(changes).toEqual([{ state: 'half-open' }, { state: 'closed' }])
    expect(cache.stats().l2.breaker).toBe('closed')
  })

  test('a request that fails opens it again', async () => {
    const world = new World()
    const cache = await opened(world)
    const changes = record(cache, 'breaker')
    for (let i = 0; i < 3; i++) {
      await world.clock.advance(5000)
      expect(await outcomeOf(cache.remove('k'))).toBe('L2_NETWORK')
      expect(await outcomeOf(cache.remove('k'))).toBe('BREAKER_OPEN')
    }
    expect(world.redis.take()).toEqual([['RemoveEntries'], ['RemoveEntries'], ['RemoveEntries']])
    expect(changes.map(({ state }) => state)).toEqual([
      'half-open',
      'open',
      'half-open',
      'open',
      'half-open',
      'open',
    ])
  })

  test('an answer that is an error says that Redis is back', async () => {
    const world = new World()
    const cache = await opened(world)
    world.redis.before = undefined
    world.redis.replies.set('GET', new RedisReplyError('WRONGTYPE wrong kind'))
    await world.clock.advance(5000)
    await read(cache)
    expect(cache.stats().l2.breaker).toBe('closed')
  })

  test('of several requests of one tick the first tries, and the next go only once it was answered', async () => {
    const large = Array.from({ length: 3 }, (_, i) => [`k${i}`, 'x'.repeat(1_040_000)] as const)
    const world = new World()
    const cache = await opened(world)
    await world.clock.advance(5000)
    expect(await outcomeOf(cache.setMany(large))).toBe('L2_NETWORK')
    expect(world.redis.take()).toHaveLength(1)
    await world.clock.advance(5000)
    world.redis.before = undefined
    const gate = world.hold('SetEntry')
    const writing = cache.setMany(large)
    await gate.reached
    expect(await outcomeOf(cache.remove('other'))).toBe('BREAKER_OPEN')
    expect(world.redis.requests).toHaveLength(1)
    gate.open()
    await writing
    expect(world.redis.take().flat()).toEqual(['SetEntry', 'SetEntry', 'SetEntry'])
  })

  test('a request that was cancelled with its platform, and never ends, keeps nobody out for ever', async () => {
    const world = new World()
    const cache = await opened(world, { l2: { retries: 0, timeout: '1s' } })
    await world.clock.advance(5000)
    world.redis.before = () => new Promise(() => undefined)
    // What a cancelled request sets never fires either.
    const { setTimeout } = world.clock
    world.clock.setTimeout = () => 0
    void read(cache)
    await settle()
    world.clock.setTimeout = setTimeout
    world.redis.before = undefined
    await world.clock.advance(1999)
    expect(await outcomeOf(cache.set('k', 2))).toBe('BREAKER_OPEN')
    await world.clock.advance(1)
    await cache.set('k', 2)
    expect(cache.stats().l2.breaker).toBe('closed')
  })

  test('a request that all its callers left makes room for another at once', async () => {
    const world = new World()
    const cache = await opened(world)
    await world.clock.advance(5000)
    world.redis.stall()
    const controller = new AbortController()
    const probe = outcomeOf(cache.get('k', { l1: false, signal: controller.signal }))
    await settle()
    controller.abort('gone')
    expect(await probe).toBe('gone')
    world.redis.before = undefined
    expect(await read(cache)).toBe(1)
  })
})

test("with breaker: 'off' every call tries", async () => {
  const world = new World()
  const cache = await world.warm({ l2: { retries: 0 }, breaker: 'off' })
  const changes = record(cache, 'breaker')
  world.cut()
  for (let i = 0; i < 30; i++) await read(cache)
  expect(await outcomeOf(cache.remove('k'))).toBe('L2_NETWORK')
  expect(world.redis.take()).toHaveLength(31)
  expect(changes).toEqual([])
  expect(cache.stats().l2).toMatchObject({ errors: 31, breaker: 'off' })
})

test('a listener of the breaker that fails, or uses the cache, disturbs nobody', async () => {
  const world = new World()
  const seen: unknown[] = []
  const cache = await world.warm(quick)
  cache.on('breaker', () => {
    throw new Error('listener')
  })
  cache.on('breaker', () => void cache.get('k', { l1: false }).then((value) => seen.push(value)))
  world.cut()
  for (let i = 0; i < 3; i++) await read(cache)
  expect(cache.stats().l2.breaker).toBe('open')
  expect(seen).toEqual([undefined])
})
