import { beforeEach, describe, expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import {
  createRateLimiter,
  fixedWindow,
  gcra,
  limitAll,
  type RateLimiter,
  type RateLimitPolicy,
  type RateLimitResult,
  rateLimitHeaders,
  slidingWindow,
  tokenBucket,
} from '../../../src/rate-limit/index.ts'
import { Recorder, wrongClock } from '../../support/rate-limits.ts'
import { BucketReference, firstPassing } from '../../support/rate-reference.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { Isolates } from '../atomic/support.ts'

const policies: readonly (readonly [string, RateLimitPolicy])[] = [
  ['gcra', gcra({ limit: 10, period: '1h', burst: 10 })],
  ['tokenBucket', tokenBucket({ capacity: 10, refillRate: 10, interval: '1h' })],
  ['slidingWindow', slidingWindow({ limit: 10, window: '1h' })],
  ['fixedWindow', fixedWindow({ limit: 10, window: '7d' })],
]

onEveryEngine('rate limiters', (server) => {
  const world = new Isolates(server)
  const limiterOf = (
    policy: RateLimitPolicy | ((id: string) => RateLimitPolicy),
    cache: HybridCache<true> = world.isolate(),
    name?: string,
  ): RateLimiter => createRateLimiter({ cache, policy, name, timeout: '15s' })

  describe.each(policies)('%s', (_, policy) => {
    let limiter: RateLimiter
    beforeEach(() => {
      limiter = limiterOf(policy)
    })

    test('lets the limit through, over all isolates, and says what is left', async () => {
      const isolates = [limiter, limiterOf(policy), limiterOf(policy)]
      const results = []
      for (let i = 0; i < 12; i++) results.push(await (isolates[i % 3] as RateLimiter).limit('ann'))
      expect(results.map(({ success }) => success)).toEqual(Array.from({ length: 12 }, (_each, i) => i < 10))
      expect(results.map(({ remaining }) => remaining)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0])
      expect(results.every(({ limit, degraded }) => limit === 10 && !degraded)).toBe(true)
      expect(
        results.slice(0, 10).every(({ retryAfter, reason }) => retryAfter === 0 && reason === undefined),
      ).toBe(true)
      for (const { retryAfter, reason, reset, resetAfter } of results.slice(10)) {
        expect(reason).toBe('limit')
        expect(retryAfter).toBeGreaterThan(0)
        expect(retryAfter).toBeLessThanOrEqual(resetAfter)
        expect(Math.abs(reset - resetAfter - Date.now())).toBeLessThan(10_000)
      }
      expect((await limiter.limit('bob')).remaining).toBe(9)
    })

    test('counts costs, and what is denied consumes nothing', async () => {
      expect((await limiter.limit('ann', { cost: 8 })).remaining).toBe(2)
      expect(await limiter.limit('ann', { cost: 3 })).toMatchObject({ success: false, remaining: 2 })
      expect((await limiter.limit('ann', { cost: 2 })).success).toBe(true)
    })

    test('a cost above the limit is denied for ever, with what is left as it is', async () => {
      const result = await limiter.limit('ann', { cost: 11 })
      expect(result).toMatchObject({ success: false, remaining: 10, retryAfter: Infinity, reason: 'cost' })
      expect((await limiter.limit('ann', { cost: 10 })).success).toBe(true)
      expect(rateLimitHeaders(result)).not.toHaveProperty('Retry-After')
    })

    test('a cost of 0 looks', async () => {
      await limiter.limit('ann', { cost: 10 })
      expect(await limiter.limit('ann', { cost: 0 })).toMatchObject({ success: true, remaining: 0 })
    })

    test('peek counts nothing, and asks Redis also where a denial is remembered', async () => {
      expect(await limiter.peek('ann', { cost: 10 })).toMatchObject({ success: true, remaining: 10 })
      await limiter.limit('ann', { cost: 10 })
      await limiter.limit('ann')
      expect(await limiter.peek('ann')).toMatchObject({ success: false, remaining: 0 })
      await limiterOf(policy).refund('ann', 4)
      expect(await limiter.peek('ann')).toMatchObject({ success: true, remaining: 4 })
    })

    test('refund gives back, here at once', async () => {
      await limiter.limit('ann', { cost: 10 })
      expect((await limiter.limit('ann')).success).toBe(false)
      expect(await limiter.refund('ann', 3)).toBe(3)
      expect((await limiter.limit('ann', { cost: 3 })).success).toBe(true)
      expect(await limiter.refund('ann', 1000)).toBe(10)
      expect(await limiter.refund('nobody')).toBe(10)
      expect(await world.redis('EXISTS', `r:${policy.key}:nobody`)).toBe(0)
    })

    test('reset forgets one identifier, and a block of it', async () => {
      for (const id of ['ann', 'anna', '*', 'a*', 'ann:1']) await limiter.limit(id, { cost: 10 })
      await limiter.block('ann', '1h')
      expect((await limiter.limit('ann')).success).toBe(false)
      await limiter.reset('ann')
      expect((await limiter.limit('ann')).remaining).toBe(9)
      await limiter.reset('*')
      for (const id of ['anna', 'a*', 'ann:1']) expect((await limiter.limit(id)).success).toBe(false)
    })

    test('block denies, also a cost of 0, and unblock lets go on with what was counted', async () => {
      await limiter.limit('ann', { cost: 3 })
      await limiter.block('ann', '10m')
      const denied = await limiter.limit('ann', { cost: 0 })
      expect(denied).toMatchObject({ success: false, reason: 'blocked', remaining: 0 })
      expect(await limiter.peek('ann')).toMatchObject({ success: false, reason: 'blocked', remaining: 0 })
      expect(await limiter.limit('ann', { cost: 11 })).toMatchObject({ reason: 'cost', remaining: 0 })
      expect(await limiter.peek('ann', { cost: 11 })).toMatchObject({ reason: 'cost', remaining: 0 })
      expect(denied.retryAfter).toBeGreaterThan(590_000)
      expect(denied.retryAfter).toBeLessThanOrEqual(600_000)
      expect((await limiterOf(policy).limit('ann')).reason).toBe('blocked')
      await limiter.unblock('ann')
      expect((await limiter.limit('ann')).remaining).toBe(6)
      await limiter.unblock('nobody')
      expect((await limiter.limit('nobody')).success).toBe(true)
    })

    test('a policy for a call changes the limit, and what was used stays used', async () => {
      await limiter.limit('ann', { cost: 10 })
      expect((await limiter.limit('ann')).success).toBe(false)
      const more = doubled(policy)
      expect(await limiter.limit('ann', { policy: more })).toMatchObject({
        success: true,
        limit: 20,
        remaining: 9,
      })
      expect((await limiter.limit('ann')).success).toBe(false)
    })
  })

  function doubled({ algorithm }: RateLimitPolicy): RateLimitPolicy {
    if (algorithm === 'gcra') return gcra({ limit: 20, period: '1h', burst: 20 })
    if (algorithm === 'token-bucket') return tokenBucket({ capacity: 20, refillRate: 20, interval: '1h' })
    return algorithm === 'fixed-window'
      ? fixedWindow({ limit: 20, window: '7d' })
      : slidingWindow({ limit: 20, window: '1h' })
  }

  test('the largest cost there is meets the rarest limit', async () => {
    const limiter = limiterOf(gcra({ limit: 1, period: '36500d', burst: 1 }))
    const result = await limiter.limit('ann', { cost: 1e12 })
    expect(result).toMatchObject({ success: false, retryAfter: Infinity, remaining: 1, degraded: false })
  })

  test('a function of the identifier gives the policy, also after a while', async () => {
    const free = slidingWindow({ limit: 1, window: '1h' })
    const paid = slidingWindow({ limit: 3, window: '1h' })
    const limiter = createRateLimiter({
      cache: world.isolate(),
      timeout: '15s',
      policy: async (id) => (id.startsWith('paid:') ? paid : free),
    })
    expect((await limiter.limit('ann')).remaining).toBe(0)
    expect((await limiter.limit('ann')).success).toBe(false)
    expect((await limiter.limit('paid:ann')).remaining).toBe(2)
  })

  test('policies with other numbers do not share their counts, those of one name do', async () => {
    const cache = world.isolate()
    const a = limiterOf(fixedWindow({ limit: 5, window: '7d' }), cache)
    const b = limiterOf(fixedWindow({ limit: 6, window: '7d' }), cache)
    await a.limit('ann', { cost: 5 })
    expect((await b.limit('ann')).remaining).toBe(5)
    const named = limiterOf(fixedWindow({ limit: 5, window: '7d', name: 'api' }), cache)
    const later = limiterOf(fixedWindow({ limit: 8, window: '7d' }), cache, 'api')
    await named.limit('ann', { cost: 5 })
    expect((await later.limit('ann')).remaining).toBe(2)
  })

  test('a policy of a call that has no name counts on where the limiter`s own does', async () => {
    const limiter = limiterOf(fixedWindow({ limit: 5, window: '7d', name: 'api' }), world.isolate(), 'other')
    await limiter.limit('ann', { cost: 4 })
    const policy = fixedWindow({ limit: 8, window: '7d' })
    expect(await limiter.limit('ann', { policy })).toMatchObject({ remaining: 3, policy: { name: 'api' } })
  })

  test('prefixes, namespaces and names keep apart', async () => {
    const policy = fixedWindow({ limit: 1, window: '7d', name: 'x' })
    const cache = world.isolate()
    const caches = [
      cache,
      cache.namespace('x'),
      cache.namespace('r'),
      world.isolate({ keyPrefix: `${world.prefix}-2` }),
    ]
    for (const each of caches) expect((await limiterOf(policy, each).limit('x:ann')).success).toBe(true)
    for (const each of caches) expect((await limiterOf(policy, each).limit('x:ann')).success).toBe(false)
    expect(await world.redis('EXISTS', 'r:x:x:ann')).toBe(1)
    expect(await world.redis('EXISTS', 'n:x:r:x:x:ann')).toBe(1)
  })

  test('any identifier has a count of its own, and the length of its key is bounded', async () => {
    const limiter = limiterOf(fixedWindow({ limit: 1, window: '7d', name: 'n' }))
    const long = 'x'.repeat(100_000)
    const ids = [
      'a',
      'A',
      ' a',
      'a ',
      '*',
      'a\u0000',
      '#',
      '##',
      '\ud800',
      '\ud801',
      '\ud800\ud801',
      '\ufffd',
      'é',
      'e\u0301',
      long,
      `${long}y`,
      '{a}',
      'n:a',
      `${'y'.repeat(128)}`,
      `${'y'.repeat(129)}`,
    ]
    // What a long identifier is hashed to is not another's key.
    const results = await Promise.all(ids.map((id) => limiter.limit(id)))
    expect(results.map(({ success }) => success)).toEqual(ids.map(() => true))
    const again = await Promise.all(
      ids.map((id) => limiterOf(fixedWindow({ limit: 1, window: '7d', name: 'n' })).limit(id)),
    )
    expect(again.map(({ success }) => success)).toEqual(ids.map(() => false))
    const keys = (await world.redis('KEYS', '*')) as string[]
    expect(keys).toHaveLength(ids.length)
    expect(Math.max(...keys.map(({ length }) => length))).toBeLessThan(200)
    const hashed = keys.find((key) => key.includes(':n:#')) as string
    expect((await limiter.limit(hashed.slice(hashed.indexOf('#')))).success).toBe(true)
  })

  test('results are what an exact bucket says at the server`s instant, in whole milliseconds rounded up', async () => {
    const recorder = new Recorder(server())
    const policy = gcra({ limit: 700, period: '1s', burst: 3 })
    const limiter = createRateLimiter({
      redis: recorder,
      policy,
      keyPrefix: world.prefix,
      timeout: '15s',
      clock: wrongClock(3_600_000),
    })
    const reference = new BucketReference(3n, 700n, 1_000_000n)
    const up = (us: bigint): number => Number((us + 999n) / 1000n)
    for (let i = 0; i < 200; i++) {
      const cost = i % 3
      const { success, remaining, reset, resetAfter, retryAfter } = await limiter.limit('ann', { cost })
      const decision = recorder.decisions.pop()
      if (decision === undefined) continue
      const { at } = decision
      const ok = reference.would(at, BigInt(cost))
      const wait = ok ? 0n : (firstPassing(reference, at, BigInt(cost), 10_000n) as bigint) - at
      if (ok) reference.take(at, BigInt(cost))
      expect({ success, remaining, reset, resetAfter, retryAfter }).toEqual({
        success: ok,
        remaining: Number(reference.remaining(at)),
        reset: up(reference.reset(at)),
        resetAfter: up(reference.reset(at) - at),
        retryAfter: up(wait),
      })
    }
  })

  test('who comes back after retryAfter is let in', async () => {
    for (const policy of [
      gcra({ limit: 30, period: '1s', burst: 1 }),
      slidingWindow({ limit: 1, window: 40 }),
      fixedWindow({ limit: 1, window: 40 }),
    ]) {
      const limiter = limiterOf(policy)
      const ask = () => limiter.limit('ann')
      let denied: RateLimitResult | undefined
      while (denied === undefined)
        denied = (await Promise.all([ask(), ask()])).find(({ success }) => !success)
      const until = performance.now() + denied.retryAfter
      while (performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 1))
      expect((await limiter.limit('ann')).success).toBe(true)
    }
  })

  describe('limitAll', () => {
    test('takes from all or from none', async () => {
      const cache = world.isolate()
      const perIp = limiterOf(gcra({ limit: 10, period: '1h', burst: 10 }), cache)
      const perUser = limiterOf(fixedWindow({ limit: 3, window: '7d' }), cache)
      const ask = (user: string, cost = 1): Promise<unknown> =>
        limitAll([
          { limiter: perIp, id: '192.0.2.1' },
          { limiter: perUser, id: user, cost },
        ])
      expect(await ask('ann', 3)).toMatchObject({
        success: true,
        remaining: 0,
        results: [{ remaining: 9 }, { remaining: 0 }],
      })
      expect(await ask('ann')).toMatchObject({
        success: false,
        reason: 'limit',
        limit: 3,
        results: [
          { success: true, remaining: 9 },
          { success: false, remaining: 0 },
        ],
      })
      expect(await ask('ann')).toMatchObject({ success: false, results: [undefined, { success: false }] })
      expect(await ask('bob')).toMatchObject({ success: true, results: [{ remaining: 8 }, { remaining: 2 }] })
      expect((await perIp.peek('192.0.2.1')).remaining).toBe(8)
    })

    test('of many at once no more pass than the smallest allows, and none consumes what it was not given', async () => {
      const cache = world.isolate()
      const a = limiterOf(slidingWindow({ limit: 20, window: '1h' }), cache)
      const b = limiterOf(tokenBucket({ capacity: 50, refillRate: 1, interval: '1h' }), cache)
      const results = await Promise.all(
        Array.from({ length: 60 }, () =>
          limitAll([
            { limiter: a, id: 'x' },
            { limiter: b, id: 'x', cost: 2 },
          ]),
        ),
      )
      expect(results.filter(({ success }) => success)).toHaveLength(20)
      expect((await b.peek('x')).remaining).toBe(10)
    })

    test('a cost that is too much for one is taken from none', async () => {
      const cache = world.isolate()
      const a = limiterOf(slidingWindow({ limit: 2, window: '1h' }), cache)
      const b = limiterOf(fixedWindow({ limit: 5, window: '7d' }), cache)
      const result = await limitAll([
        { limiter: a, id: 'x' },
        { limiter: b, id: 'x', cost: 6 },
      ])
      expect(result).toMatchObject({ success: false, retryAfter: Infinity, reason: 'cost' })
      expect(result.results).toMatchObject([
        { success: true, remaining: 2 },
        { success: false, remaining: 5 },
      ])
    })
  })
})
