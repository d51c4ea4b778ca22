import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import {
  denialResponse,
  fixedWindow,
  gcra,
  limitAll,
  type RateLimiter,
  type RateLimitPolicy,
  slidingWindow,
} from '../../../src/rate-limit/index.ts'
import { LimiterWorld, perMinute } from './support.ts'

// What an isolate counted, met again by a clock that was set back, or by a policy that has changed since.

const second = 1_000_000
const now = 1_700_000_000 * second

/** What is kept when all that a policy allows was taken at an instant. */
const full = (policy: RateLimitPolicy, at: number): unknown => policy.ask(undefined, at, policy.limit).state

describe.each([
  ['fixedWindow', fixedWindow({ limit: 4, window: '10s' })],
  ['slidingWindow', slidingWindow({ limit: 4, window: '10s' })],
])('%s', (_, policy) => {
  test('goes on from where it was when the clock is set back a little', () => {
    const state = full(policy, now + 2 * second)
    const { verdict } = policy.ask(state, now, 1)
    expect(verdict.ok).toBe(false)
    expect(verdict.retryAt).toBeGreaterThan(now + 2 * second)
    expect(policy.remaining(now, policy.ask(state, now, 0).verdict)).toBe(0)
  })

  test('begins anew when it is set back by more than a window', () => {
    const state = full(policy, now + 11 * second)
    expect(policy.ask(state, now, 4).verdict.ok).toBe(true)
    expect(policy.remaining(now, policy.ask(state, now, 0).verdict)).toBe(4)
  })
})

test('a bucket owes what it owed, at the price of today', () => {
  const [dear, cheap] = [
    gcra({ limit: 5, period: '10s', burst: 5 }),
    gcra({ limit: 10, period: '10s', burst: 10 }),
  ]
  const state = full(cheap, now)
  expect(dear.ask(state, now, 1).verdict.ok).toBe(false)
  // Of ten that were taken at once four are still owed then, and of five that is one too few to refuse.
  expect(dear.ask(state, now + 5.9 * second, 1).verdict.ok).toBe(false)
  expect(dear.ask(state, now + 6.1 * second, 1).verdict.ok).toBe(true)
  expect(dear.ask(full(cheap, now), now + 20 * second, 5).verdict.ok).toBe(true)
})

test('a bucket that has become smaller owes no more than it holds', () => {
  const [large, small] = [
    gcra({ limit: 10, period: '10s', burst: 10 }),
    gcra({ limit: 10, period: '10s', burst: 2 }),
  ]
  const state = full(large, now)
  expect(small.ask(state, now, 1).verdict).toMatchObject({ ok: false, retryAt: now + second })
  expect(small.ask(full(small, now), now, 1).verdict).toMatchObject({ ok: false, retryAt: now + second })
})

test('what a bucket owes counts on in whole units, rounded up, and what is whole stays so', () => {
  const [few, many] = [
    gcra({ limit: 60, period: '1m', burst: 10 }),
    gcra({ limit: 120, period: '1m', burst: 20 }),
  ]
  const left = (at: number): number => many.remaining(at, many.ask(one, at, 0).verdict)
  const one = few.ask(undefined, now, 1).state
  expect([left(now), left(now + 1), left(now + second - 1), left(now + second)]).toEqual([19, 19, 19, 20])

  const bucket = fc.record({
    limit: fc.integer({ min: 1, max: 1000 }),
    period: fc.integer({ min: 1, max: 3_600_000 }),
    burst: fc.integer({ min: 1, max: 1000 }),
  })
  const property = fc.property(bucket, bucket, fc.nat(1000), fc.nat(2000), (before, after, cost, tenths) => {
    const [old, young] = [gcra(before), gcra(after)]
    const taken = Math.min(cost, before.burst)
    const { state } = old.ask(undefined, now, taken)
    // Tenths of the time that a unit takes: all of them may be paid for, or some in part.
    const unit = BigInt(before.period) * 1000n
    const pause = (unit * BigInt(tenths)) / BigInt(10 * before.limit)
    const missing = BigInt(taken) * unit - pause * BigInt(before.limit)
    const owed = missing > 0n ? Number((missing + unit - 1n) / unit) : 0
    const later = now + Number(pause)
    expect(young.remaining(later, young.ask(state, later, 0).verdict)).toBe(Math.max(0, after.burst - owed))
  })
  fc.assert(property, { numRuns: 1000 })
})

test.each<[string, number, (limiter: RateLimiter, policy: RateLimitPolicy) => Promise<unknown>]>([
  ['block', 0, (limiter, policy) => limiter.block('bob', '1s', { policy })],
  ['unblock', 0, (limiter, policy) => limiter.unblock('bob', { policy })],
  ['refund', 1, (limiter, policy) => limiter.refund('bob', 1, { policy })],
])('%s with a policy of a shorter window leaves what a longer one counted', async (_, left, change) => {
  const world = new LimiterWorld()
  const limiter = world.limiter({ policy: fixedWindow({ limit: 10, window: '1h' }), name: 'api' })
  await limiter.limit('bob', { cost: 10 })
  await limiter.block('bob', '1s')
  await change(limiter, fixedWindow({ limit: 100, window: '1s' }))
  await world.clock.advance('5s')
  expect((await limiter.peek('bob')).remaining).toBe(left)
})

test('of several that deny, limitAll tells of the one that takes longest', async () => {
  const world = new LimiterWorld()
  world.cut()
  const cache = world.cache({ breaker: 'off' })
  const [short, long] = ['10s', '1h'].map((window) =>
    world.limiter(
      { onError: 'local', policy: slidingWindow({ limit: 1, window: window as '10s', name: `w${window}` }) },
      cache,
    ),
  )
  const both = [
    { limiter: short!, id: 'a' },
    { limiter: long!, id: 'a' },
  ] as const
  for (const limits of [both, both.toReversed()]) {
    await short!.limit('a')
    await long!.limit('a')
    const result = await limitAll(limits as never)
    expect(result).toMatchObject({ success: false, policy: { name: 'w1h' } })
  }
})

test('a denial is a 429 that names its policy, and a limit that cannot be checked a 503', async () => {
  const world = new LimiterWorld()
  world.answer(0, 1000)
  const denied = denialResponse(
    await world.limiter({ policy: fixedWindow({ limit: 5, window: '1m', name: 'api' }) }).limit('a'),
  )
  expect(denied.status).toBe(429)
  expect(await denied.json()).toMatchObject({ status: 429, 'violated-policies': ['api'] })
  world.cut()
  const result = await world.limiter({ policy: perMinute, onError: 'closed' }).limit('b')
  const unavailable = denialResponse(result)
  expect(unavailable.status).toBe(503)
  expect(await unavailable.json()).toMatchObject({
    status: 503,
    title: expect.stringContaining('cannot be checked') as unknown,
    type: expect.stringMatching(/#temporary-reduced-capacity$/) as unknown,
  })
})
