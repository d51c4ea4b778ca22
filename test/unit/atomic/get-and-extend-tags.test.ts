import { describe, expect, test, vi } from 'vitest'
import { getAndExtend } from '../../../src/atomic/index.ts'
import { type HybridCache, RedisReplyError } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { l2, slowDown, timeout } from '../../support/slow-redis.ts'
import { watch, World } from '../../support/world.ts'

const lives = { maxTtl: '1h', ttl: '1h' } as const

test('an entry that was removed by its tag is gone for good, though getAndExtend prolonged it and gave up', async () => {
  const world = new World()
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

  test('but what may be of use, and does not outlive it, is left alone', async () => {
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
