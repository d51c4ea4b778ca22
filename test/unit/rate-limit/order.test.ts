import { expect, test } from 'vitest'
import { LimiterWorld } from './support.ts'

test.each(['a cold isolate, which asks for the time', 'a warm one'])(
  'calls of one tick keep their order: %s',
  async (state) => {
    const world = new LimiterWorld()
    const cache = world.cache()
    const limiter = world.limiter({}, cache)
    for (let i = 0; i < 5; i++) await world.limiter().limit('ann')
    if (state === 'a warm one') await cache.set('warm-up', 1)
    const [, , first, , second, , third] = await Promise.all([
      cache.set('k', 1),
      limiter.reset('ann'),
      limiter.limit('ann'),
      limiter.refund('ann'),
      limiter.peek('ann'),
      limiter.block('ann', '1m'),
      limiter.peek('ann'),
    ])
    expect(first).toMatchObject({ success: true, remaining: 4 })
    expect(second).toMatchObject({ success: true, remaining: 5 })
    expect(third).toMatchObject({ success: false, reason: 'blocked' })
  },
)

test('a limit that is reset counts again in the same tick, whatever is remembered of it', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  for (let i = 0; i < 6; i++) await limiter.limit('ann')
  const [, result] = await Promise.all([limiter.reset('ann'), limiter.limit('ann')])
  expect(result).toMatchObject({ success: true, remaining: 4 })
})
