import { describe, expect, test } from 'vitest'
import { CacheError, RedisReplyError } from '../../../src/index.ts'
import {
  createRateLimiter,
  gcra,
  limitAll,
  type OnError,
  type RateLimiter,
} from '../../../src/rate-limit/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { watch } from '../../support/world.ts'
import { LimiterWorld, perMinute, script } from './support.ts'

const modes: readonly OnError[] = ['open', 'closed', 'local']

describe.each(modes)('where Redis fails, %s', (onError) => {
  test('a check is answered at once, says that it is degraded, and an event tells why', async () => {
    const world = new LimiterWorld()
    world.cut()
    const result = await world.limiter({ onError }).limit('ann')
    expect(result).toMatchObject({
      success: onError !== 'closed',
      degraded: true,
      limit: 5,
      remaining: onError === 'local' ? 4 : 0,
      retryAfter: onError === 'closed' ? 1000 : 0,
      reason: onError === 'closed' ? 'unavailable' : undefined,
    })
    expect(world.errors).toEqual([{ operation: 'rateLimit', code: 'L2_NETWORK' }])
    expect(world.asked()).toBe(1) // it may have been counted: never sent twice
  })

  test.each([
    ['nonsense', 'OK', 'L2_REPLY'],
    ['too little', [1_700_000_000_000_000, 1, 0], 'L2_REPLY'],
    ['an empty list', [], 'L2_REPLY'],
    ['a number', 1, 'L2_REPLY'],
    ['words', [1_700_000_000_000_000, '1', 0, 0, 0, 0], 'L2_REPLY'],
    ['too much', [1_700_000_000_000_000, 1, 0, 0, 0, 0, 0], 'L2_REPLY'],
    ['an error of the script', new RedisReplyError('ERR user_script:1: x'), 'SCRIPT'],
    ['a refused token', new RedisReplyError('NOPERM no'), 'L2_AUTH'],
    ['a used-up quota', new RedisReplyError('ERR max requests limit exceeded'), 'L2_RATE_LIMITED'],
  ])('the same where it answers with %s', async (_, reply, code) => {
    const world = new LimiterWorld()
    world.redis.replies.set(script, reply)
    const result = await world.limiter({ onError }).limit('ann')
    expect(result).toMatchObject({ success: onError !== 'closed', degraded: true })
    expect(world.errors).toEqual([{ operation: 'rateLimit', code }])
  })

  test('a check waits no longer than its timeout', async () => {
    const world = new LimiterWorld()
    const gate = world.hold(script)
    const call = watch(world.limiter({ onError }).limit('ann'))
    await gate.reached
    await world.clock.advance(499)
    expect(call.value).toBeUndefined()
    await world.clock.advance(1)
    expect(call.value).toMatchObject({ success: onError !== 'closed', degraded: true })
    expect(world.errors).toEqual([{ operation: 'rateLimit', code: 'L2_TIMEOUT' }])
  })

  test('a denial without Redis is not remembered', async () => {
    const world = new LimiterWorld()
    const limiter = world.limiter({ onError })
    world.cut()
    for (let i = 0; i < 2; i++) await limiter.limit('ann', { cost: 3 })
    world.redis.before = undefined
    world.answer(1)
    expect(await limiter.limit('ann')).toMatchObject({ success: true, degraded: false })
  })

  test('while the breaker is open no request leaves', async () => {
    const world = new LimiterWorld()
    const limiter = world.limiter({ onError })
    world.cut()
    for (let i = 0; i < 5; i++) await limiter.limit('ann')
    expect(world.asked()).toBe(5)
    world.errors.length = 0
    expect(await limiter.limit('bob')).toMatchObject({ degraded: true })
    expect(world.asked()).toBe(0)
    expect(world.errors).toEqual([{ operation: 'rateLimit', code: 'BREAKER_OPEN' }])
    world.redis.before = undefined
    world.answer(1)
    await world.clock.advance(5000)
    expect(await limiter.limit('ann')).toMatchObject({ success: true, degraded: false })
  })

  test('peek is answered like a check', async () => {
    const world = new LimiterWorld()
    world.cut()
    expect(await world.limiter({ onError }).peek('ann')).toMatchObject({
      success: onError !== 'closed',
      degraded: true,
    })
  })

  test('an aborted call rejects with its reason, and that is no failure of Redis', async () => {
    const world = new LimiterWorld()
    const limiter = world.limiter({ onError })
    const reason = new Error('gone')
    await expect(limiter.limit('ann', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(world.asked()).toBe(0)
    const gate = world.hold(script)
    const controller = new AbortController()
    const call = watch(limiter.limit('ann', { signal: controller.signal }))
    await gate.reached
    controller.abort(reason)
    await settle()
    expect(call.error).toBe(reason)
    expect(world.errors).toEqual([])
    await world.clock.advance(10_000)
    expect(world.clock.pending).toBe(0)
  })

  test.each([
    ['limit', (limiter: RateLimiter, signal: AbortSignal) => limiter.limit('ann', { signal })],
    ['peek', (limiter: RateLimiter, signal: AbortSignal) => limiter.peek('ann', { signal })],
    [
      'limitAll',
      (limiter: RateLimiter, signal: AbortSignal) => limitAll([{ limiter, id: 'ann' }], { signal }),
    ],
  ] as const)('an aborted %s rejects also where the reason is an error of the cache', async (_, run) => {
    const world = new LimiterWorld()
    const limiter = world.limiter({ onError })
    const reason = new CacheError('LOCK_LOST', 'the lock is lost')
    const gate = world.hold(script)
    const controller = new AbortController()
    const call = watch(run(limiter, controller.signal))
    await gate.reached
    controller.abort(reason)
    await settle()
    expect(call).toEqual({ error: reason })
    expect(world.errors).toEqual([])
    await world.clock.advance(10_000)
    expect(world.clock.pending).toBe(0)
  })
})

test('open is what happens where nothing was said', async () => {
  const world = new LimiterWorld()
  world.cut()
  expect(await world.limiter().limit('ann')).toMatchObject({ success: true, degraded: true })
})

test('hanging requests open the breaker, though nobody waits for them until their end', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  world.hold(script)
  for (let i = 0; i < 5; i++) {
    const call = limiter.limit('ann')
    await world.clock.advance(500)
    expect(await call).toMatchObject({ degraded: true })
  }
  await world.clock.advance(500)
  world.redis.take()
  expect(await limiter.limit('ann')).toMatchObject({ degraded: true })
  expect(world.asked()).toBe(0)
})

describe('pending', () => {
  test('is over where nothing goes on', async () => {
    const world = new LimiterWorld()
    world.answer(1)
    const handed: Promise<unknown>[] = []
    const { pending } = await world.limiter().limit('ann', { waitUntil: (work) => handed.push(work) })
    await pending
    expect(handed).toEqual([])
  })

  test('is what a timeout left behind: waitUntil gets it, and it never rejects', async () => {
    const world = new LimiterWorld()
    world.hold(script)
    const handed: Promise<unknown>[] = []
    const call = world.limiter().limit('ann', { waitUntil: (work) => handed.push(work) })
    await world.clock.advance(500)
    const { pending } = await call
    expect(handed).toEqual([pending])
    const state = watch(pending.then(() => 'over'))
    await settle()
    expect(state.value).toBeUndefined()
    await world.clock.advance(500)
    expect(state.value).toBe('over')
  })

  test('goes to the request that a cache is bound to', async () => {
    const world = new LimiterWorld()
    world.hold(script)
    const handed: Promise<unknown>[] = []
    const bound = world.cache().bind({ waitUntil: (work) => handed.push(work) })
    const call = world.limiter({}, bound).limit('ann')
    await world.clock.advance(500)
    await call
    expect(handed).toHaveLength(1)
    await world.clock.advance(500)
  })
})

test('a timeout of the cache that is shorter counts', async () => {
  const world = new LimiterWorld()
  world.hold(script)
  const call = watch(world.limiter({ timeout: '2s' }, world.cache({ l2: { timeout: '1s' } })).limit('ann'))
  await world.clock.advance(1000)
  expect(call.value).toMatchObject({ degraded: true })
})

test('a limiter with a redis of its own tells its own listeners', async () => {
  const world = new LimiterWorld()
  world.cut()
  const codes: string[] = []
  const limiter = createRateLimiter({
    redis: world.redis,
    clock: world.clock,
    policy: perMinute,
    on: { error: ({ error }) => codes.push(error.code) },
  })
  expect(await limiter.limit('ann')).toMatchObject({ success: true, degraded: true })
  expect(codes).toEqual(['L2_NETWORK'])
})

describe('limitAll without Redis', () => {
  test('each limiter decides for its own, and one that denies denies all', async () => {
    const world = new LimiterWorld()
    world.cut()
    const cache = world.cache()
    const [open, closed] = [
      world.limiter({ name: 'a' }, cache),
      world.limiter({ onError: 'closed', name: 'b' }, cache),
    ]
    const result = await limitAll([
      { limiter: open, id: 'x' },
      { limiter: closed, id: 'x' },
    ])
    expect(result).toMatchObject({ success: false, degraded: true, reason: 'unavailable' })
    expect(result.results).toMatchObject([{ success: true }, { success: false }])
  })

  test('this isolate counts in all or in none', async () => {
    const world = new LimiterWorld()
    world.cut()
    const cache = world.cache()
    const small = world.limiter(
      { onError: 'local', policy: gcra({ limit: 2, period: '1h', burst: 2 }) },
      cache,
    )
    const large = world.limiter({ onError: 'local' }, cache)
    const ask = (): Promise<unknown> =>
      limitAll([
        { limiter: small, id: 'x' },
        { limiter: large, id: 'x' },
      ])
    expect(await ask()).toMatchObject({ success: true, results: [{ remaining: 1 }, { remaining: 4 }] })
    await ask()
    expect(await ask()).toMatchObject({
      success: false,
      results: [
        { success: false, remaining: 0, reason: 'limit' },
        { success: true, remaining: 3 },
      ],
    })
    expect(await large.peek('x')).toMatchObject({ remaining: 3, degraded: true })
  })

  test('the shortest timeout counts', async () => {
    const world = new LimiterWorld()
    world.hold(script)
    const cache = world.cache()
    const call = watch(
      limitAll([
        { limiter: world.limiter({ name: 'a', timeout: 900 }, cache), id: 'x' },
        { limiter: world.limiter({ name: 'b', timeout: 100 }, cache), id: 'x' },
      ]),
    )
    await world.clock.advance(100)
    expect(call.value).toMatchObject({ success: true, degraded: true })
    await world.clock.advance(1000)
  })
})

test.each([
  ['reset', (world: LimiterWorld) => world.limiter().reset('ann')],
  ['refund', (world: LimiterWorld) => world.limiter().refund('ann')],
  ['block', (world: LimiterWorld) => world.limiter().block('ann', '1m')],
  ['unblock', (world: LimiterWorld) => world.limiter().unblock('ann')],
] as const)('%s rejects where Redis fails, and an event tells', async (name, run) => {
  const world = new LimiterWorld()
  world.cut()
  const call = watch(run(world))
  for (let i = 0; i < 4; i++) await world.clock.advance(100)
  expect(call.error).toMatchObject({ code: 'L2_NETWORK' })
  expect(world.errors).toEqual([{ operation: 'rateLimit', code: 'L2_NETWORK' }])
  expect(world.redis.take()).toHaveLength(name === 'reset' ? 2 : 1)
})
