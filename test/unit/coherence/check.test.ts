import { describe, expect, test } from 'vitest'
import { due, logFrom, patient, versionOf } from '../../support/coherence.ts'
import { settle } from '../../support/manual-clock.ts'
import { record, World } from '../../support/world.ts'

describe('a check', () => {
  test('comes with the first read after the interval, before its value, and with no other', async () => {
    const world = new World()
    const cache = await world.warm()
    await world.clock.advance(due - 1)
    await cache.get('k')
    expect(world.redis.take()).toEqual([['GET']])
    await world.clock.advance(1)
    await Promise.all([cache.get('k'), cache.get('l')])
    expect(world.redis.take()).toEqual([['ZRANGE', 'MGET']])
    await cache.get('k')
    expect(world.redis.take()).toEqual([['GET']])
  })

  test('asks from what is applied on, itself included, and for one more than the log holds', async () => {
    const world = new World()
    const cache = await world.warm()
    const at = versionOf(world)
    await world.clock.advance(due)
    await cache.get('k')
    expect(world.redis.requests[0]?.[0]?.map(String)).toEqual(
      `ZRANGE hc:m:log ${at} +inf BYSCORE LIMIT 0 1025 WITHSCORES`.split(' '),
    )
  })

  test('V33: the interval is measured from when it was sent', async () => {
    const world = new World()
    const cache = await world.warm(patient)
    await world.clock.advance(due)
    const gate = world.hold('ZRANGE', 'after')
    const checking = cache.get('k')
    await gate.reached
    await world.clock.advance(1900)
    world.redis.after = undefined
    gate.open()
    await checking
    world.redis.take()
    await world.clock.advance(due - 1901)
    await cache.get('k')
    expect(world.redis.take()).toEqual([['GET']])
    await world.clock.advance(1)
    await cache.get('k')
    expect(world.redis.take()).toEqual([['ZRANGE', 'GET']])
  })

  test('V33: so is that of the first request', async () => {
    const world = new World()
    const cache = world.isolate(patient)
    const gate = world.hold('MGET', 'after')
    const first = cache.get('k')
    await gate.reached
    await world.clock.advance(1900)
    world.redis.after = undefined
    gate.open()
    await first
    world.redis.take()
    await world.clock.advance(due - 1900)
    await cache.get('k')
    expect(world.redis.take()).toEqual([['ZRANGE', 'GET']])
  })

  test('that failed is made again by the next read', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { retries: 0 } })
    await world.clock.advance(due)
    world.cut()
    await cache.get('k')
    world.redis.before = undefined
    await cache.get('k')
    await cache.get('k')
    expect(world.redis.take()).toEqual([['ZRANGE', 'GET'], ['ZRANGE', 'GET'], ['GET']])
  })

  test('whose reply never comes, its request being gone, is made again two seconds later', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout: '30d' } })
    await world.clock.advance(due)
    world.redis.before = () => new Promise(() => undefined)
    void cache.get('k')
    await settle()
    world.redis.before = undefined
    await world.clock.advance(1999)
    await cache.get('k')
    await world.clock.advance(1)
    await cache.get('k')
    expect(world.redis.take()).toEqual([['ZRANGE', 'GET'], ['GET'], ['ZRANGE', 'GET']])
  })

  test.each<[string, (writer: Awaited<ReturnType<World['warm']>>) => Promise<void>]>([
    ['a set', (writer) => writer.set('k', 'new')],
    ['a remove', (writer) => writer.remove('k')],
    ['a removeByTag', (writer) => writer.removeByTag('t')],
    ['a clear', (writer) => writer.clear()],
    ['an expire', (writer) => writer.expire('k')],
    ['an expireByTag', (writer) => writer.expireByTag('t')],
  ])('V8: tells of %s of another isolate, for what came with it and for L1', async (_, change) => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'old', { tags: ['t'] })
    await writer.set('other', 1)
    const cache = await world.warm()
    expect(await cache.get('k')).toBe('old')
    const told = record(cache, 'invalidate')
    await change(writer)
    expect(cache.getLocal('k')).toBe('old') // nobody has asked yet
    await world.clock.advance(due)
    const expected = _ === 'a set' ? 'new' : undefined
    expect(await cache.get('k', { l1: false })).toBe(expected)
    expect(cache.getLocal('k')).toBeUndefined()
    expect(await cache.get('k')).toBe(expected)
    expect(told).toHaveLength(1)
  })

  test('V16: leaves a copy in L1 that is newer than what it tells of', async () => {
    const world = new World()
    const [writer, cache] = [await world.warm(), await world.warm()]
    await writer.remove('k')
    await cache.set('k', 'mine')
    await world.clock.advance(due)
    await cache.get('other')
    expect(cache.getLocal('k')).toBe('mine')
  })

  test('V6: an own write is no sign that what others wrote before is known', async () => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'old')
    const cache = await world.warm()
    await cache.get('k')
    await writer.remove('k')
    await cache.set('other', 1)
    await cache.set('another', 1)
    await world.clock.advance(due)
    await cache.get('any')
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test('V2: a reply that was given before a removal, and comes after the check that told of it, fills no L1', async () => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'old')
    const cache = await world.warm(patient)
    const gate = world.hold('GET', 'after')
    const reading = cache.get('k')
    await gate.reached
    world.redis.after = undefined
    await writer.remove('k')
    await world.clock.advance(due)
    await cache.get('other')
    gate.open()
    expect(await reading).toBe('old') // it began before
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test('V2: nor where it told of a tag', async () => {
    const world = new World()
    const writer = await world.warm()
    const cache = await world.warm(patient)
    await writer.set('k', 'old', { tags: ['t'] })
    const gate = world.hold('GET', 'after')
    const reading = cache.get('k')
    await gate.reached
    world.redis.after = undefined
    await writer.removeByTag('t')
    await world.clock.advance(due)
    await cache.get('other')
    gate.open()
    expect(await reading).toBeUndefined()
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test('the value that came with it is kept, though the news are of its key', async () => {
    const world = new World()
    const [writer, cache] = [await world.warm(), await world.warm()]
    await writer.set('k', 'new')
    await world.clock.advance(due)
    expect(await cache.get('k')).toBe('new')
    expect(cache.getLocal('k')).toBe('new')
  })

  test('V7: goes on from the top of what it got, not from the counter', async () => {
    const world = new World()
    const [writer, cache] = [await world.warm(), await world.warm()]
    await writer.set('k', 1)
    const top = versionOf(world)
    await world.clock.advance(due)
    await cache.get('x')
    world.redis.versions.set('hc:m:v', { value: String(top + 5), expires: Infinity })
    await world.clock.advance(due)
    await cache.get('x')
    await cache.get('y', { tags: ['t'] }) // brings the counter along
    for (let i = 0; i < 2; i++) {
      await world.clock.advance(due)
      await cache.get('x')
    }
    const checks = world.redis.requests.filter((commands) => logFrom(commands) !== undefined)
    expect(checks.map(logFrom).slice(-3)).toEqual([top, top, top])
  })

  test('V9: is held against what was known when it was sent, not against an own write since', async () => {
    const world = new World()
    const cache = await world.warm(patient)
    await cache.set('kept', 1)
    await world.clock.advance(due)
    const gate = world.hold('ZRANGE', 'after')
    const reading = cache.get('x')
    await gate.reached
    world.redis.after = undefined
    await cache.set('l', 2)
    gate.open()
    await reading
    expect(cache.getLocal('kept')).toBe(1)
  })

  test('a request for a tag is none', async () => {
    const world = new World()
    const cache = await world.warm()
    await world.clock.advance(due - 1)
    await cache.get('k', { tags: ['t'] })
    await world.clock.advance(1)
    await cache.get('k')
    expect(world.redis.take()).toEqual([
      ['MGET', 'GET'],
      ['ZRANGE', 'GET'],
    ])
  })

  test.each(['removeByTag', 'expireByTag', 'remove', 'clear'] as const)(
    'does not tell of an own %s where nothing lies in between',
    async (method) => {
      const world = new World()
      const cache = await world.warm()
      await cache[method]('k')
      const at = versionOf(world)
      await world.clock.advance(due)
      await cache.get('k')
      expect(logFrom(world.redis.requests.at(-1))).toBe(at)
    },
  )
})
