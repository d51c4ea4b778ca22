import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import type { RateLimitPolicy } from '../../../src/rate-limit/index.ts'
import { bucketCaseOf, type Case, fixedCase, gcraCase, slidingCase } from '../../support/rate-limits.ts'
import { firstPassing, type Passed } from '../../support/rate-reference.ts'
import { LimiterWorld } from './support.ts'

// The counts of an isolate that cannot ask Redis, against the references that hold for Redis.

const cases: readonly Case[] = [
  gcraCase(3, 7, 5),
  gcraCase(1, 2_592_000_000, 1),
  gcraCase(1_000_000, 1000, 1000),
  gcraCase(999_983, 86_400_000, 999_983),
  bucketCaseOf(20, 5, 10),
  slidingCase(1, 5),
  slidingCase(10, 20),
  slidingCase(60, 7),
  slidingCase(61, 60),
  slidingCase(1_000_000, 1000),
  fixedCase(1, 3),
  fixedCase(25, 20),
  fixedCase(1_000_000_000_000, 2_592_000_000),
]

/** Steps of a part of what a policy looks back to, and now and then a multiple; parts of its limit as costs. */
const stepsFor = (
  { policy, longest }: Case,
  unit: number,
): fc.Arbitrary<readonly { pause: number; cost: number }[]> => {
  const longestPause = Math.ceil((Number(longest) * 1.5) / unit)
  const pause = fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 6, arbitrary: fc.nat(Math.ceil(longestPause / 20)) },
    { weight: 1, arbitrary: fc.nat(longestPause) },
  )
  const cost = fc.oneof(
    fc.integer({ min: 0, max: policy.limit }),
    fc.constant(1),
    fc.integer({ min: 1, max: Math.ceil(policy.limit / 4) }),
  )
  return fc.array(fc.record({ pause: pause.map((count) => count * unit), cost }), { maxLength: 60 })
}

describe.each(cases.map((each) => [each.title, each] as const))('%s', (_, each) => {
  test('the arithmetic is exact to the microsecond, and keeps the bound', () => {
    const property = fc.property(fc.nat(10_000_000), stepsFor(each, 1), (start, steps) => {
      const { policy } = each
      const reference = each.reference()
      const passed: Passed[] = []
      let [now, state]: [number, unknown] = [1_700_000_000_000_000 + start, undefined]
      for (const { pause, cost } of steps) {
        now += pause
        const [at, exactCost] = [BigInt(now), BigInt(cost)]
        const asked = policy.ask(state, now, cost)
        expect(asked.verdict.ok).toBe(reference.would(at, exactCost))
        if (asked.verdict.ok) {
          reference.take(at, exactCost)
          passed.push({ at, cost: exactCost })
          state = asked.state
        } else {
          expect(BigInt(asked.verdict.retryAt)).toBe(firstPassing(reference, at, exactCost, each.longest))
          expect(policy.ask(state, asked.verdict.retryAt, cost).verdict.ok).toBe(true)
          expect(policy.ask(state, asked.verdict.retryAt - 1, cost).verdict.ok).toBe(false)
        }
        const looked = policy.ask(state, now, 0).verdict
        expect(BigInt(policy.remaining(now, looked))).toBe(reference.remaining(at))
        expect(BigInt(looked.resetAt)).toBe(reference.reset(at))
      }
      expect(each.broken(passed)).toBeUndefined()
    })
    fc.assert(property, { numRuns: 200 })
  })

  test('what is given back can be taken again, and no more', () => {
    const { policy } = each
    const property = fc.property(
      stepsFor(each, 1),
      fc.integer({ min: 1, max: policy.limit }),
      (steps, back) => {
        let [now, state]: [number, unknown] = [1_700_000_000_000_000, undefined]
        for (const { pause, cost } of steps) {
          now += pause
          const { verdict, state: next } = policy.ask(state, now, cost)
          if (verdict.ok) state = next
        }
        const before = left(policy, state, now)
        const given = policy.ask(state, now, -back)
        expect(given.verdict.ok).toBe(true)
        expect(left(policy, given.state, now)).toBe(Math.min(policy.limit, before + back))
      },
    )
    fc.assert(property, { numRuns: 100 })
  })

  test('a limiter without Redis tells the same, in milliseconds', async () => {
    // Instants that a clock in milliseconds can tell exactly.
    const property = fc.asyncProperty(stepsFor(each, 125), async (steps) => {
      const world = new LimiterWorld()
      world.redis.before = () => {
        throw new Error('down')
      }
      const { policy } = each
      const limiter = world.limiter({ policy, onError: 'local' }, world.cache({ breaker: 'off' }))
      const reference = each.reference()
      const up = (us: bigint): number => Number((us + 999n) / 1000n)
      for (const { pause, cost } of steps.slice(0, 25)) {
        await world.clock.advance(pause / 1000)
        const at = BigInt(world.clock.now() * 1000)
        const ok = reference.would(at, BigInt(cost))
        const wait = ok ? 0n : (firstPassing(reference, at, BigInt(cost), each.longest) as bigint) - at
        if (ok) reference.take(at, BigInt(cost))
        expect(await limiter.limit('ann', { cost })).toMatchObject({
          success: ok,
          remaining: Number(reference.remaining(at)),
          reset: up(reference.reset(at)),
          resetAfter: up(reference.reset(at) - at),
          retryAfter: up(wait),
          degraded: true,
        })
      }
    })
    await fc.assert(property, { numRuns: 15 })
  })
})

function left(policy: RateLimitPolicy, state: unknown, now: number): number {
  return policy.remaining(now, policy.ask(state, now, 0).verdict)
}

test('counts are kept for so many identifiers and no more', async () => {
  const world = new LimiterWorld()
  world.cut()
  const limiter = world.limiter({ onError: 'local', maxEntries: 2 }, world.cache({ breaker: 'off' }))
  for (const id of ['a', 'b', 'c']) await limiter.limit(id)
  expect((await limiter.limit('c')).remaining).toBe(3)
  expect((await limiter.limit('a')).remaining).toBe(4)
})

test('a wall clock that is set changes nothing', async () => {
  const world = new LimiterWorld()
  world.cut()
  const limiter = world.limiter({ onError: 'local' }, world.cache({ breaker: 'off' }))
  await limiter.limit('ann', { cost: 5 })
  world.clock.set(world.clock.now() + 3_600_000)
  expect((await limiter.limit('ann')).success).toBe(false)
})
