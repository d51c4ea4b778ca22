import { describe, expect, test } from 'vitest'
import { counter, list } from '../../../src/atomic/index.ts'
import { type Reply, RedisReplyError } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { TierFixture } from '../../support/tier.ts'
import { record, World } from '../../support/world.ts'

const minute = 60_000

describe('the first request of an isolate', () => {
  test('asks for the time where it reads, and no later one does', async () => {
    const { tier, redis } = new TierFixture()
    await tier.read('k')
    await tier.read('k')
    await tier.readMany(['k', 'l'])
    expect(redis.take()).toEqual([['TIME', 'GET'], ['GET'], ['MGET']])
  })

  test('asks once, however many reads of one tick share it', async () => {
    const { tier, redis } = new TierFixture()
    await Promise.all([tier.read('a'), tier.read('b'), tier.readMany(['c', 'd'])])
    expect(redis.take()).toEqual([['TIME', 'MGET', 'MGET']])
  })

  test('is one for the time alone where a write comes first, however many', async () => {
    const fixture = new TierFixture()
    await Promise.all([fixture.store('a', '1'), fixture.store('b', '2')])
    await fixture.store('c', '3')
    expect(fixture.redis.take()).toEqual([['TIME'], ['SET', 'SET'], ['SET']])
  })

  test('asks once where a read and a write share the tick', async () => {
    const fixture = new TierFixture()
    await Promise.all([fixture.tier.read('a'), fixture.store('a', '1')])
    expect(
      fixture.redis
        .take()
        .flat()
        .filter((name) => name === 'TIME'),
    ).toHaveLength(1)
  })
})

describe('the time is asked for again', () => {
  test('by the first read after ten minutes', async () => {
    const { tier, redis, clock } = new TierFixture()
    await tier.read('k')
    await clock.advance(10 * minute)
    await tier.read('k')
    await clock.advance(1)
    await tier.read('k')
    await tier.read('k')
    expect(redis.take()).toEqual([['TIME', 'GET'], ['GET'], ['TIME', 'GET'], ['GET']])
  })

  test('by one request at a time, unless that has not come back for two seconds', async () => {
    const { tier, redis, clock } = new TierFixture()
    await tier.read('k')
    await clock.advance(10 * minute + 1)
    let release!: () => void
    redis.before = () => {
      redis.before = undefined
      return new Promise((resolve) => (release = resolve))
    }
    const held = tier.read('k')
    await settle()
    await tier.read('k')
    await clock.advance(500)
    await tier.read('k')
    expect(redis.take()).toEqual([['TIME', 'GET'], ['TIME', 'GET'], ['GET'], ['GET']])
    release()
    await held
  })

  test('after the wall clock was set by more than a second: by a read, and before a write', async () => {
    const reading = new TierFixture()
    await reading.tier.read('k')
    await reading.clock.advance(0)
    reading.clock.set(reading.clock.now() - 60 * minute)
    await reading.tier.read('k')
    expect(reading.redis.take()).toEqual([
      ['TIME', 'GET'],
      ['TIME', 'GET'],
    ])
    const writing = new TierFixture()
    await writing.store('k', '1')
    writing.clock.set(writing.clock.now() + 1001)
    await writing.store('k', '2')
    expect(writing.redis.take()).toEqual([['TIME'], ['SET'], ['TIME'], ['SET']])
  })

  test('by the next read where the first could not be answered', async () => {
    const fixture = new TierFixture({ retries: 0 })
    fixture.fail(1)
    await expect(fixture.tier.read('k')).rejects.toMatchObject({ code: 'L2_NETWORK' })
    await fixture.tier.read('k')
    await fixture.tier.read('k')
    expect(fixture.redis.take()).toEqual([['TIME', 'GET'], ['TIME', 'GET'], ['GET']])
    expect(fixture.stats.errors).toBe(1)
  })
})

describe.each([3_600_000, -3_600_000, 1500, 0])('with a server that is %i ms ahead', (skew) => {
  test('entries are fresh for as long as they were given, for a reader with a clock of its own', async () => {
    const world = new World()
    world.redis.skew = skew
    await world.isolate().set('k', 'v', { ttl: '1m' })
    const stored = [...world.redis.values.values()][0]?.value.split('|') ?? []
    expect(Number(stored[3])).toBe(world.clock.now() + skew)
    expect(Number(stored[4])).toBe(world.clock.now() + skew + minute)
    const reader = world.isolate()
    await world.clock.advance(minute - 1)
    expect(await reader.get('k', { l1: false })).toBe('v')
    await world.clock.advance(1)
    expect(await reader.get('k', { l1: false })).toBeUndefined()
  })
})

describe('calls of one tick on a cold isolate', () => {
  test('keep their order: a get behind a set sees it', async () => {
    const cache = new World().isolate()
    const [, value] = await Promise.all([cache.set('k', 'new'), cache.get('k', { l1: false })])
    expect(value).toBe('new')
  })

  test('keep their order: getMany behind setMany sees it', async () => {
    const cache = new World().isolate()
    const [, values] = await Promise.all([cache.setMany([['k', 'new']]), cache.getMany(['k'], { l1: false })])
    expect(values).toEqual(new Map([['k', 'new']]))
  })

  test('keep their order: the last of two sets wins', async () => {
    const cache = new World().isolate()
    await Promise.all([cache.set('k', 1), cache.set('k', 2)])
    expect(await cache.get('k', { l1: false })).toBe(2)
  })

  test('keep their order: a remove behind a set removes it', async () => {
    const cache = new World().isolate()
    await Promise.all([cache.set('k', 'new'), cache.remove('k')])
    expect(await cache.get('k', { l1: false })).toBeUndefined()
  })

  test('keep their order: a set behind a remove stands', async () => {
    const cache = new World().isolate()
    await Promise.all([cache.remove('k'), cache.set('k', 'new')])
    expect(await cache.get('k', { l1: false })).toBe('new')
  })

  test('keep their order: what is appended behind a clear stays, whatever is written beside', async () => {
    const cache = new World().isolate()
    const recent = list(cache, 'recent', { maxSize: 9 })
    await Promise.all([cache.set('k', 1), recent.append('a'), recent.clear(), recent.append('b')])
    expect(await recent.read()).toEqual(['b'])
  })

  test('keep their order: a counter begins anew before it counts on, whatever is written beside', async () => {
    const world = new World()
    await counter(world.isolate(), 'n').increment(5)
    const cache = world.isolate()
    const visits = counter(cache, 'n')
    const [, , before, , after] = await Promise.all([
      cache.set('k', 1),
      visits.reset(),
      visits.get(),
      visits.increment(),
      visits.get(),
    ])
    expect([before, after]).toEqual([0, 1])
  })
})

const refused = new RedisReplyError("NOPERM no permissions to run the 'time' command")

describe.each<[string, string, Reply | RedisReplyError]>([
  ['an error', 'L2_AUTH', refused],
  ['an error of no known kind', 'L2_REPLY', new RedisReplyError("ERR unknown command 'TIME'")],
  ...(['OK', 5, [], ['x', 'y'], ['', '']] as const).map((reply): [string, string, Reply] => [
    JSON.stringify(reply),
    'L2_REPLY',
    reply,
  ]),
])('where TIME is answered with %s', (_, code, reply) => {
  test('what goes by it rejects, and asks no more than it would anyway', async () => {
    const fixture = new TierFixture()
    const { tier, redis } = fixture
    redis.replies.set('TIME', reply)
    await expect(tier.read('k')).rejects.toMatchObject({ code })
    await expect(tier.readMany(['k', 'l'])).rejects.toMatchObject({ code })
    await expect(fixture.store('k', 'v')).rejects.toMatchObject({ code })
    expect(tier.clock.now()).toBe(fixture.clock.now())
    expect(redis.take()).toEqual([['TIME', 'GET'], ['TIME', 'MGET'], ['TIME']])
  })

  test('get and getMany miss, and tell of it, until it is known', async () => {
    const world = new World()
    await world.isolate().set('k', 'v', { ttl: '1h' })
    const cache = world.isolate()
    const errors = record(cache, 'error')
    world.redis.replies.set('TIME', reply)
    world.redis.take()
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getMany(['k', 'l'])).toEqual(new Map())
    expect(errors.map(({ operation, error }) => [operation, error.code])).toEqual([
      ['get', code],
      ['getMany', code],
    ])
    expect(world.redis.take()).toEqual([
      ['MGET', 'TIME', 'GET'],
      ['TIME', 'MGET'],
    ])
    world.redis.replies.delete('TIME')
    expect(await cache.get('k')).toBe('v')
    expect(errors).toHaveLength(2)
  })

  test('a load of which the fleet makes one goes on without L2 at once, and leaves no lease behind', async () => {
    const world = new World()
    await world.isolate().set('there', 'v', { ttl: '1h' })
    world.redis.replies.set('TIME', reply)
    const cache = world.isolate({ stampede: 'global' })
    const errors = record(cache, 'error')
    expect(await cache.getOrCreate('there', () => 'made', { l1: false })).toBe('made')
    expect(errors.map(({ error }) => error.code)).toEqual([code])
    expect(await cache.getOrCreate('k', () => 'first', { l1: false })).toBe('first')
    expect(await cache.getOrCreate('k', () => 'second', { l1: false })).toBe('second')
    await settle()
    expect([...world.redis.values.keys()].filter((key) => key.startsWith('hc:l:'))).toEqual([])
  })

  test('it is no failure of a read that goes by a time that is known, if old', async () => {
    const world = new World()
    const cache = await world.warm()
    const errors = record(cache, 'error')
    await cache.set('k', 'v', { ttl: '1h' })
    await world.clock.advance(11 * minute)
    world.redis.replies.set('TIME', reply)
    expect(await cache.get('k', { l1: false })).toBe('v')
    expect(world.redis.requests.at(-1)?.map(([name]) => name)).toContain('TIME')
    expect(errors).toEqual([])
  })

  test('a stale value in L1 stands in for a load that fails, and the failure is told once', async () => {
    const world = new World()
    const cache = await world.warm({ localTtl: '1h' })
    const errors = record(cache, 'error')
    await cache.set('k', 'old', { ttl: '1s', staleIfError: '3h' })
    await world.clock.advance('2s')
    world.redis.replies.set('TIME', reply)
    world.clock.set(world.clock.now() + 2000)
    const fails = (): Promise<string> => Promise.reject(new Error('down'))
    expect(await cache.getOrCreate('k', fails, { staleIfError: '3h' })).toBe('old')
    expect(errors.map(({ operation, error }) => [operation, error.code])).toEqual([['getOrCreate', code]])
  })
})
