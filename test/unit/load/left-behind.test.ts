import { afterEach, describe, expect, test, vi } from 'vitest'
import { type HybridCache, RedisReplyError } from '../../../src/index.ts'
import { getAndExtend } from '../../../src/atomic/index.ts'
import { due } from '../../support/coherence.ts'
import { nameOf } from '../../support/fake-redis.ts'
import { settle } from '../../support/manual-clock.ts'
import { Origin } from '../../support/origin.ts'
import { Request, RequestClock } from '../../support/requests.ts'
import { record, watch, World } from '../../support/world.ts'

// What is asked for and comes too late is left behind at the deadline. It may still be executed, and still be answered.

const timeout = 1000
const l2 = { timeout, softTimeout: timeout }

afterEach(() => void vi.unstubAllGlobals())

/** From now on every request takes longer to get there. */
function slowDown({ redis, clock }: World, ms: number): void {
  redis.before = () => new Promise((wake) => void clock.setTimeout(wake, ms))
}

/** An entry with a tag, older than what an isolate knows of from its first request on, and one that is newer. */
async function storeTagged(world: World, options = {}): Promise<void> {
  const writer = world.isolate()
  await writer.set('k', 'v', { tags: ['news'], ...options })
  await writer.set('later', 'v')
}

test('news that come too late do not make a load that goes on without them newer than they are', async () => {
  const world = new World()
  const other = await world.warm()
  const cache = await world.warm({ l2 })
  await world.clock.advance(due)
  world.redis.sets.clear() // the log has a gap
  slowDown(world, 600)
  const origin = new Origin<string>()
  const call = watch(cache.getOrCreate('k', origin.factory, { ttl: '1h', localTtl: '1h' }))
  await world.clock.advance(timeout) // the second request is executed after 1200
  expect(origin.runs).toHaveLength(1)
  world.redis.before = undefined
  await other.remove('k')
  await world.clock.advance(400)
  origin.last.finish('from before the removal')
  await settle()
  expect(call.value).toBe('from before the removal') // for its own caller
  for (let look = 0; look < 2; look++) {
    await world.clock.advance(due)
    await cache.get('another')
  }
  expect(await cache.get('k')).toBeUndefined()
})

test('getMany: a key that is still at work hears of removals, though another one has failed', async () => {
  const world = new World()
  await storeTagged(world)
  const writer = world.isolate()
  const cache = await world.warm({ l2, localTtl: '4m' })
  slowDown(world, 600)
  let release!: () => void
  const held = new Promise<void>((resolve) => (release = resolve))
  const schema = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value: unknown) => {
        await held
        return { value }
      },
    },
  } as const
  const call = watch(cache.getMany(['k', 'later'], { schema }))
  await world.clock.advance(2 * timeout)
  world.redis.before = undefined
  await writer.remove('later')
  await world.clock.advance(due)
  await cache.get('another') // hears of it
  release()
  await settle()
  expect(call.value).toEqual(new Map([['later', 'v']])) // for its own caller
  expect(await cache.get('later')).toBeUndefined()
})

test('on Workers it goes on behind the call, and the next one finds the answer there', async () => {
  vi.stubGlobal('WebSocketPair', true)
  const world = new World()
  await storeTagged(world)
  const clock = new RequestClock(world.clock)
  const cache = await world.warm({ l2, clock })
  world.redis.before = () =>
    clock.current?.alive === false
      ? new Promise<never>(() => undefined)
      : new Promise((wake) => void clock.setTimeout(wake, 600))
  const found: unknown[] = []
  for (let i = 0; i < 2; i++) {
    const request = new Request()
    const call = watch(clock.within(request, () => cache.bind(request).get('k')))
    await world.clock.advance(timeout)
    if (request.background.length > 0) await world.clock.advance(timeout)
    request.end()
    found.push(call.value)
    await world.clock.advance(timeout)
  }
  expect(found).toEqual([undefined, 'v'])
})

test('an entry that was removed by its tag is gone for good, though getAndExtend prolonged it and gave up', async () => {
  const world = new World()
  const lives = { maxTtl: '1h', ttl: '1h' } as const
  const writer = world.isolate(lives)
  await writer.set('k', 'v', { tags: ['news'], ttl: '1h' })
  await writer.removeByTag('news')
  await world.clock.advance('30m')
  const cache = await world.warm({ l2, ...lives })
  slowDown(world, 600)
  const call = watch(getAndExtend(cache, 'k', '1h'))
  await world.clock.advance(2 * timeout)
  expect(call.error).toMatchObject({ code: 'L2_TIMEOUT' })
  world.redis.before = undefined
  await world.clock.advance('35m') // nobody knows any more that the tag was removed
  expect(await world.isolate(lives).get('k')).toBeUndefined()
})

describe('what getAndExtend prolongs does not outlive what is known of its tags', () => {
  const lives = { maxTtl: '1h', ttl: '1h' } as const
  const tags = ['news']

  /** Stores what getAndExtend is called with, and a related key, which is removed by its tag. */
  async function removeRelated(world: World): Promise<void> {
    const writer = await world.warm(lives)
    await writer.set('k', 'v', { tags })
    await writer.set('main', 'v')
    await writer.removeByTag(tags)
    await world.clock.advance('1m')
  }

  test.each<[string, (writer: HybridCache) => Promise<void>, string]>([
    ['removed by its tag', (writer) => writer.removeByTag(tags), 'k'],
    ['expired by its tag', (writer) => writer.expireByTag(tags), 'k'],
    ['removed by its tag, and related', (writer) => writer.removeByTag(tags), 'main'],
    ['expired by its tag, and related', (writer) => writer.expireByTag(tags), 'main'],
  ])('what was %s', async (_, invalidate, first) => {
    const world = new World()
    const writer = await world.warm(lives)
    await writer.set('k', 'v', { tags })
    await writer.set('main', 'v')
    await writer.set('alive', 'v', { tags: ['other'] })
    await invalidate(writer)
    await world.clock.advance('30m')
    const cache = (await world.warm(lives)) as HybridCache<true>
    expect(await getAndExtend(cache, first, '1h', { related: ['k', 'alive'] })).toBe(
      first === 'k' ? undefined : 'v',
    )
    await settle()
    await world.clock.advance('35m') // nobody knows any more what became of the tag
    const other = world.isolate(lives)
    expect([await other.get('k'), await other.get('alive')]).toEqual([undefined, 'v'])
  })

  test('nor does its stale window', async () => {
    const world = new World()
    const writer = (await world.warm(lives)) as HybridCache<true>
    await writer.set('k', 'old', { tags, ttl: '10m', swr: '50m' })
    await getAndExtend(writer, 'k', '1h')
    await writer.removeByTag(tags)
    await world.clock.advance('65m')
    const other = world.isolate(lives)
    expect(await other.getOrCreate('k', () => 'new', { ttl: '10m', swr: '50m' })).toBe('new')
  })

  test('though the call did not hear that it had prolonged it', async () => {
    const world = new World()
    const writer = await world.warm(lives)
    await writer.set('k', 'v', { tags })
    await writer.removeByTag(tags)
    await world.clock.advance('30m')
    const cache = (await world.warm({ ...lives, l2 })) as HybridCache<true>
    const gate = world.hold('GetAndExtendEntries', 'after')
    const call = watch(getAndExtend(cache, 'k', '1h'))
    await gate.reached
    world.redis.after = undefined
    await world.clock.advance(timeout)
    expect(call.error).toMatchObject({ code: 'L2_TIMEOUT' })
    await settle()
    await world.clock.advance('35m')
    expect(await world.isolate(lives).get('k')).toBeUndefined()
  })

  test('on Workers the call waits for that where nobody else keeps it alive, and not beyond its deadline', async () => {
    vi.stubGlobal('WebSocketPair', true)
    const world = new World()
    await removeRelated(world)
    const [cache, other] = [await world.warm({ ...lives, l2 }), await world.warm({ ...lives, l2 })] as [
      HybridCache<true>,
      HybridCache<true>,
    ]
    slowDown(world, 600)
    const call = watch(getAndExtend(cache, 'main', '1h', { related: ['k'] }))
    await world.clock.advance(timeout)
    expect(call.value).toBe('v')
    const failing = watch(getAndExtend(other, 'k', '1h'))
    await world.clock.advance(timeout)
    expect(failing.error).toMatchObject({ code: 'L2_TIMEOUT' })
  })

  test('on Workers the call waits for that where nobody else keeps it alive', async () => {
    vi.stubGlobal('WebSocketPair', true)
    const world = new World()
    await removeRelated(world)
    const cache = (await world.warm(lives)) as HybridCache<true>
    await getAndExtend(cache, 'main', '1h', { related: ['k'] })
    expect(world.redis.values.get('hc:e:k')?.value).toMatch(/^h1\|t\|/)
  })

  test('but what may be of use, and does not outlive it, is let alone', async () => {
    const world = new World()
    const options = { ...lives, ttl: '10m', staleIfError: '50m' } as const
    const writer = (await world.warm(options)) as HybridCache<true>
    await writer.set('k', 'v', { tags })
    await writer.set('main', 'v')
    await writer.expireByTag(tags)
    await expect(getAndExtend(writer, 'k', '1h', { signal: AbortSignal.abort() })).rejects.toThrow()
    expect(await getAndExtend(writer, 'main', '10m', { related: ['k'] })).toBe('v')
    world.redis.replies.set('GetAndExtendEntries', new RedisReplyError('ERR max requests limit exceeded'))
    await expect(getAndExtend(writer, 'k', '10m')).rejects.toThrow()
    world.redis.replies.clear()
    await settle()
    const fails = (): never => {
      throw new Error('the origin is ill')
    }
    expect(await writer.getOrCreate('k', fails, { staleIfError: '50m' })).toBe('v')
  })

  test('nor what this isolate has another value of', async () => {
    const world = new World()
    const cache = (await world.warm(lives)) as HybridCache<true>
    await cache.set('k', 'v', { tags })
    await cache.set('main', 'v')
    await cache.set('k', 'of this isolate', { l2: false })
    await world.clock.advance('1m')
    expect(await getAndExtend(cache, 'main', '1h', { related: ['k'] })).toBe('v')
    await settle()
    expect(await world.isolate(lives).get('k')).toBe('v')
  })
})

test.each(['the same isolate', 'another one'])(
  'getAndExtend that gave up spares what %s has set since',
  async (who) => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'v', { tags: ['news'] })
    await writer.removeByTag('news')
    const cache = await world.warm({ l2 })
    slowDown(world, 600)
    const call = watch(getAndExtend(cache, 'k', '1h'))
    await world.clock.advance(timeout)
    expect(call.error).toMatchObject({ code: 'L2_TIMEOUT' })
    world.redis.before = undefined
    await (who === 'another one' ? writer : cache).set('k', 'new', { ttl: '1h' })
    await world.clock.advance(10 * timeout)
    expect(await cache.get('k')).toBe('new')
    expect(await world.isolate().get('k')).toBe('new')
  },
)

test('getAndExtend that fails is told of once', async () => {
  const world = new World()
  await storeTagged(world)
  const cache = await world.warm({ l2 })
  const errors = record(cache, 'error')
  let requests = 0
  world.redis.before = () => {
    if (++requests > 1) throw new TypeError('fetch failed')
  }
  const call = watch(getAndExtend(cache, 'k', '1h'))
  await world.clock.advance(3 * timeout)
  expect(call.error).toMatchObject({ code: 'L2_NETWORK' })
  expect(errors.map(({ operation, error }) => [operation, error.code])).toEqual([
    ['getAndExtend', 'L2_NETWORK'],
  ])
})

test('on Workers nothing is kept alive for ever, though a request that it shared is gone', async () => {
  vi.stubGlobal('WebSocketPair', true)
  const world = new World()
  await storeTagged(world)
  await world.isolate().set('k2', 'v', { tags: ['other'] })
  await world.isolate().set('k3', 'v')
  const clock = new RequestClock(world.clock)
  const cache = await world.warm({ l2, clock })
  world.redis.before = () =>
    clock.current?.alive === false
      ? new Promise<never>(() => undefined)
      : new Promise((wake) => void clock.setTimeout(wake, 600))
  const [gone, request] = [new Request(), new Request()]
  void clock.within(gone, () => cache.bind(gone).get('k'))
  const call = watch(
    clock.within(request, () => cache.bind(request).getOrCreate('k2', () => 'made', { stampede: 'global' })),
  )
  await world.clock.advance(100)
  gone.end()
  await world.clock.advance(20 * timeout)
  expect(call.value).toBe('made')
  const kept = watch(Promise.all(request.background).then(() => 'over'))
  await settle()
  expect(kept.value).toBe('over')
})

describe('a lease that a load won and goes on without is given back', () => {
  const leases = ({ redis }: World): string[] =>
    [...redis.values.keys()].filter((key) => key.startsWith('hc:l:'))

  test('where what it came with could not be judged', async () => {
    const world = new World()
    await storeTagged(world, { ttl: 1000, staleIfError: '1h' })
    await world.clock.advance(2000)
    const cache = await world.warm({ l2 })
    slowDown(world, 600)
    const call = watch(cache.getOrCreate('k', () => 'made', { stampede: 'global' }))
    await world.clock.advance(timeout)
    await settle()
    expect(call.value).toBe('made')
    expect(leases(world)).toEqual(['hc:l:k'])
    await world.clock.advance(2 * timeout)
    expect(leases(world)).toEqual([])
  })

  test('where it was won too late', async () => {
    const world = new World()
    const [cache, second] = [await world.warm({ l2 }), await world.warm({ l2 })]
    await world.clock.advance(due)
    world.redis.sets.clear() // the log has a gap
    slowDown(world, 600)
    const call = watch(cache.getOrCreate('k', () => 'made', { stampede: 'global' }))
    await world.clock.advance(timeout)
    expect(call.value).toBe('made')
    world.redis.before = undefined
    await world.clock.advance(timeout)
    expect(leases(world)).toEqual([])
    const other = watch(second.getOrCreate('k', () => 'made elsewhere', { stampede: 'global' }))
    await world.clock.advance(timeout)
    expect(other.value).toBe('made elsewhere')
  })

  test('where it was won at first, and asked for again in vain', async () => {
    const world = new World()
    const cache = await world.warm({ l2 })
    await world.clock.advance(due)
    world.redis.sets.clear() // the log has a gap
    let asked = 0
    world.redis.before = (commands) => {
      const isLease = commands.some((command) => nameOf(command) === 'LeaseEntry')
      if (isLease && ++asked >= 2 && asked <= 3) throw new TypeError('fetch failed')
    }
    const call = watch(cache.getOrCreate('k', () => 'made', { stampede: 'global' }))
    await world.clock.advance(timeout)
    expect(call.value).toBe('made')
    expect(asked).toBeGreaterThan(1)
    expect(leases(world)).toEqual([])
  })

  test('where it is known under an earlier version', async () => {
    const world = new World()
    const [cache, other] = [await world.warm({ l2 }), await world.warm()]
    await world.clock.advance(due)
    for (let i = 0; i < 1100; i++) await other.set('z', 1) // more than the log holds
    let asked = 0
    world.redis.before = (commands) => {
      const isLease = commands.some((command) => nameOf(command) === 'LeaseEntry')
      return isLease && ++asked === 2 ? new Promise<never>(() => undefined) : undefined
    }
    const call = watch(cache.getOrCreate('k', () => 'made', { stampede: 'global' }))
    await world.clock.advance(3 * timeout)
    expect(call.value).toBe('made')
    expect(asked).toBe(2)
    expect(leases(world)).toEqual([])
  })
})
