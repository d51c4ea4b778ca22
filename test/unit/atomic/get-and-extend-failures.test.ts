import { expect, test } from 'vitest'
import { getAndExtend } from '../../../src/atomic/index.ts'
import { storeTagged } from '../../support/coherence.ts'
import { l2, slowDown, timeout } from '../../support/slow-redis.ts'
import { record, watch, World } from '../../support/world.ts'

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

test('getAndExtend whose reply is lost ends what was removed, also where the time of the server cannot be had', async () => {
  const world = new World()
  const writer = await world.warm()
  await writer.set('k', 'v', { tags: ['news'], ttl: '1h' })
  await writer.removeByTag('news')
  const cache = await world.warm({ l2: { retries: 0 }, maxTtl: '1h' })
  world.redis.replies.set('TIME', 'never')
  world.clock.set(world.clock.now() + 2000)
  world.redis.after = () => {
    world.redis.after = undefined
    throw new TypeError('fetch failed')
  }
  await expect(getAndExtend(cache, 'k', '1h')).rejects.toMatchObject({ code: 'L2_NETWORK' })
  await world.clock.advance(1000)
  expect(world.redis.values.get('hc:e:k')?.value).toMatch(/^h1\|t\|/)
})
