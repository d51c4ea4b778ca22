import { describe, expect, test } from 'vitest'
import { fixedWindow, limitAll, type LimitOf, slidingWindow } from '../../../src/rate-limit/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { watch } from '../../support/world.ts'
import { LimiterWorld, script } from './support.ts'

test('a denial is answered from memory until it may pass, counting down, and not a millisecond longer', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  world.answer(0, 20_000, 30_000, 5)
  const first = await limiter.limit('ann')
  expect(first).toMatchObject({ success: false, retryAfter: 20_000, resetAfter: 30_000 })
  expect(world.asked()).toBe(1)
  world.answer(1)
  await world.clock.advance(5000.5)
  expect(await limiter.limit('ann')).toEqual({
    ...first,
    retryAfter: 15_000,
    resetAfter: 25_000,
    pending: expect.any(Promise),
  })
  await world.clock.advance(14_999)
  expect(await limiter.limit('ann')).toMatchObject({ success: false, retryAfter: 1 })
  expect(world.asked()).toBe(0)
  await world.clock.advance(0.5)
  expect(await limiter.limit('ann')).toMatchObject({ success: true })
  expect(world.asked()).toBe(1)
})

test('a wall clock that is set changes nothing', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  world.answer(0, 20_000)
  await limiter.limit('ann')
  for (const hours of [-1, 1]) {
    world.clock.set(world.clock.now() + hours * 3_600_000)
    expect(await limiter.limit('ann')).toMatchObject({ success: false, retryAfter: 20_000 })
  }
  expect(world.asked()).toBe(1)
})

test('an answer that came late is not remembered longer for that', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  world.answer(0, 1000)
  const gate = world.hold(script, 'after')
  const call = limiter.limit('ann')
  await world.clock.advance(400)
  gate.open()
  await call
  world.redis.after = undefined
  await world.clock.advance(600)
  expect(await limiter.limit('ann')).toMatchObject({ retryAfter: 1000 })
  expect(world.asked()).toBe(2)
})

test('nothing is ever let through from memory', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  world.answer(1)
  for (let i = 0; i < 10; i++) await limiter.limit('ann')
  expect(world.asked()).toBe(10)
})

test('what was denied for a cost says nothing of a lower one', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  world.answer(0, 20_000)
  await limiter.limit('ann', { cost: 3 })
  expect(world.asked()).toBe(1)
  expect(await limiter.limit('ann', { cost: 4 })).toMatchObject({ success: false, retryAfter: 20_000 })
  expect(await limiter.limit('ann', { cost: 6 })).toMatchObject({ retryAfter: Infinity, reason: 'cost' })
  expect(world.asked()).toBe(0)
  world.answer(1)
  expect((await limiter.limit('ann', { cost: 2 })).success).toBe(true)
  expect(await limiter.limit('ann', { cost: 3 })).toMatchObject({ success: false })
  expect(world.asked()).toBe(1)
})

test('a block denies any cost', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  world.answer(-1, 20_000)
  await limiter.limit('ann', { cost: 3 })
  expect(await limiter.limit('ann', { cost: 0 })).toMatchObject({ success: false, reason: 'blocked' })
  expect(world.asked()).toBe(1)
})

test('a block is not remembered past its end, where the limit would have denied that cost for longer', async () => {
  const world = new LimiterWorld()
  const policy = slidingWindow({ limit: 10, window: '1h' })
  const [limiter, other] = [world.limiter({ policy }), world.limiter({ policy })]
  await limiter.limit('ann', { cost: 7 })
  await other.block('ann', '10s')
  expect(await limiter.limit('ann', { cost: 5 })).toMatchObject({ reason: 'blocked', retryAfter: 3_600_001 })
  await world.clock.advance('11s')
  expect(await limiter.limit('ann', { cost: 3 })).toMatchObject({ success: true, remaining: 0 })
})

test('what only a block denies says that any cost is denied, what the limit would deny too does not', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  world.answer(-1, 20_000, 60_000, 1)
  await limiter.limit('ann', { cost: 5 })
  await limiter.limit('ann', { cost: 4 })
  expect(world.asked()).toBe(2)
  expect(await limiter.limit('ann', { cost: 1 })).toMatchObject({ success: false, reason: 'blocked' })
  expect(world.asked()).toBe(0)
})

test('a block that is longer than the policy says so from memory too, and is asked for again after its length', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  world.answer(-1, 3_600_000)
  const first = await limiter.limit('ann')
  expect(first).toMatchObject({ reason: 'blocked', retryAfter: 3_600_000 })
  expect(await limiter.limit('ann')).toEqual({ ...first, pending: expect.any(Promise) })
  await world.clock.advance(59_999)
  expect(await limiter.limit('ann')).toMatchObject({ reason: 'blocked', retryAfter: 3_540_001 })
  expect(world.asked()).toBe(1)
  await world.clock.advance(1)
  await limiter.limit('ann')
  expect(world.asked()).toBe(1)
})

test('a cost above the limit is remembered for the length of the policy', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  world.answer(1)
  expect(await limiter.limit('ann', { cost: 6 })).toMatchObject({ success: false, retryAfter: Infinity })
  await world.clock.advance(59_999)
  expect(await limiter.limit('ann', { cost: 6 })).toMatchObject({ success: false, retryAfter: Infinity })
  expect(world.asked()).toBe(1)
  await world.clock.advance(1)
  await limiter.limit('ann', { cost: 6 })
  expect(world.asked()).toBe(1)
})

test('another identifier and another policy are asked', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  world.answer(0, 20_000)
  await limiter.limit('ann')
  await limiter.limit('bob')
  await limiter.limit('ann', { policy: fixedWindow({ limit: 6, window: '1m' }) })
  expect(world.asked()).toBe(3)
})

test.each([
  ['reset', (limiter: ReturnType<LimiterWorld['limiter']>) => limiter.reset('ann')],
  ['refund', (limiter: ReturnType<LimiterWorld['limiter']>) => limiter.refund('ann')],
  ['unblock', (limiter: ReturnType<LimiterWorld['limiter']>) => limiter.unblock('ann')],
] as const)('%s ends what is remembered, also of an answer that is on its way', async (_, run) => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  world.answer(0, 20_000)
  await limiter.limit('ann')
  await run(limiter)
  world.redis.take()
  await limiter.limit('ann')
  expect(world.asked()).toBe(1)
  await run(limiter)
  world.redis.take()

  const gate = world.hold(script, 'after')
  const call = watch(limiter.limit('ann'))
  await gate.reached
  world.redis.after = undefined
  await run(limiter)
  gate.open()
  await settle()
  expect(call.value).toMatchObject({ success: false })
  world.redis.take()
  world.answer(1)
  expect((await limiter.limit('ann')).success).toBe(true)
})

test('a denial that was decided before a refund was is not remembered after it', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  world.answer(1)
  const gate = world.hold(script, 'after')
  const refund = limiter.refund('ann')
  await gate.reached
  world.redis.after = undefined
  world.answer(0, 20_000)
  expect((await limiter.limit('ann')).success).toBe(false)
  gate.open()
  await refund
  world.answer(1)
  expect((await limiter.limit('ann')).success).toBe(true)
})

test('so many are remembered and no more: the one that was asked for longest ago goes', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter({ maxEntries: 3 })
  world.answer(0, 20_000)
  for (const id of ['a', 'b', 'c']) await limiter.limit(id)
  await limiter.limit('a')
  await limiter.limit('d')
  world.redis.take()
  for (const id of ['a', 'c', 'd']) await limiter.limit(id)
  expect(world.asked()).toBe(0)
  await limiter.limit('b')
  expect(world.asked()).toBe(1)
})

describe('limitAll', () => {
  test('takes what its limits inherit', async () => {
    const given = { limiter: new LimiterWorld().limiter(), id: 'ann', cost: 3 }
    expect(await limitAll([Object.create(given) as LimitOf])).toMatchObject({ remaining: 2 })
  })

  test('is denied from the memory of any of its limiters, which knows nothing of the others', async () => {
    const world = new LimiterWorld()
    const cache = world.cache()
    const a = world.limiter({ name: 'a' }, cache)
    const b = world.limiter({ name: 'b', policy: slidingWindow({ limit: 3, window: '1m' }) }, cache)
    world.answer(0, 20_000)
    await b.limit('x')
    expect(
      await limitAll([
        { limiter: a, id: 'x' },
        { limiter: b, id: 'x' },
      ]),
    ).toMatchObject({
      success: false,
      retryAfter: 20_000,
      limit: 3,
      results: [undefined, { success: false }],
    })
    expect(world.asked()).toBe(1)
  })

  test('what it denies is remembered for that limiter alone', async () => {
    const world = new LimiterWorld()
    const cache = world.cache()
    const [a, b] = [world.limiter({ name: 'a' }, cache), world.limiter({ name: 'b' }, cache)]
    const now = world.redis.now() * 1000
    world.redis.replies.set(script, [now, 1, 0, now, 0, 0, 0, now + 5e6, now + 9e6, 5, 0])
    await limitAll([
      { limiter: a, id: 'x' },
      { limiter: b, id: 'x' },
    ])
    world.answer(1)
    expect((await a.limit('x')).success).toBe(true)
    expect(await b.limit('x')).toMatchObject({ success: false, retryAfter: 5000 })
  })
})
