import { beforeEach, expect, test } from 'vitest'
import {
  createRateLimiter,
  fixedWindow,
  gcra,
  limitAll,
  type RateLimiter,
  type RateLimitPolicy,
  slidingWindow,
  tokenBucket,
} from '../../../src/rate-limit/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { Isolates } from '../atomic/support.ts'

// What a limiter costs, counted where it is billed. The README's table says the same.

const policies = [
  gcra({ limit: 5, period: '1h', burst: 5 }),
  tokenBucket({ capacity: 5, refillRate: 1, interval: '1h' }),
  slidingWindow({ limit: 5, window: '1h' }),
  fixedWindow({ limit: 5, window: '7d' }),
]

onEveryEngine('costs of rate limits', (server) => {
  const world = new Isolates(server)
  const cost = (run: () => unknown): Promise<string> => world.cost(run)
  const limiterOf = (policy = policies[0] as RateLimitPolicy): RateLimiter =>
    createRateLimiter({ cache: world.isolate(), policy, timeout: '15s' })

  beforeEach(async () => {
    await world.redis('FLUSHALL')
    await limiterOf().limit('warm')
  })

  test.each(policies.map((policy) => [policy.algorithm, policy] as const))('%s', async (_, policy) => {
    const limiter = limiterOf(policy)
    expect(await cost(() => limiter.limit('ann'))).toBe('1/4')
    expect(await cost(() => limiter.limit('ann', { cost: 3 }))).toBe('1/4')
    expect(await cost(() => limiter.limit('ann', { cost: 0 }))).toBe('1/3')
    expect(await cost(() => limiter.peek('ann'))).toBe('1/3')
    expect(await cost(() => limiter.limit('ann', { cost: 2 }))).toBe('1/3')
    expect(await cost(() => limiter.limit('ann', { cost: 2 }))).toBe('0/0')
    expect(await cost(() => limiter.limit('ann', { cost: 4 }))).toBe('0/0')
    expect(await cost(() => limiter.limit('ann', { cost: 1 }))).toBe('1/4')
    expect(await cost(() => limiter.limit('ann', { cost: 6 }))).toBe('0/0')
    expect(await cost(() => limiter.refund('ann', 1))).toBe('1/5')
    expect(await cost(() => limiter.refund('bob', 1))).toBe('1/3')
    expect(await cost(() => limiter.limit('ann', { cost: 6 }))).toBe('1/3')
    expect(await cost(() => limiter.limit('ann', { cost: 6 }))).toBe('0/0')
    expect(await cost(() => limiter.block('ann', '1m'))).toBe('1/5')
    expect(await cost(() => limiter.limit('ann'))).toBe('1/3')
    expect(await cost(() => limiter.limit('ann', { cost: 0 }))).toBe('0/0')
    expect(await cost(() => limiter.unblock('ann'))).toBe('1/5')
    expect(await cost(() => limiter.unblock('ann'))).toBe('1/3')
    expect(await cost(() => limiter.unblock('bob'))).toBe('1/3')
    expect(await cost(() => limiter.block('bob', '1m'))).toBe('1/5')
    expect(await cost(() => limiter.reset('ann'))).toBe('1/1')
    expect(await cost(() => limiter.limit('ann'))).toBe('1/4')
  })

  test('the first thing that an isolate does costs no more', async () => {
    expect(await cost(() => limiterOf().limit('ann'))).toBe('1/4')
  })

  test('calls of one tick share a request, with what the cache does too', async () => {
    const cache = await world.warm()
    const limiter = createRateLimiter({ cache, policy: policies[2] as RateLimitPolicy, timeout: '15s' })
    const ids = Array.from({ length: 100 }, (_, i) => `id${i}`)
    expect(await cost(() => Promise.all(ids.map((id) => limiter.limit(id))))).toBe('1/400')
    expect(await cost(() => Promise.all([limiter.limit('x'), cache.get('k', { l1: false })]))).toBe('1/5')
  })

  test('limitAll', async () => {
    const cache = world.isolate()
    const limits = policies.map((policy) => ({
      limiter: createRateLimiter({ cache, policy, timeout: '15s' }),
      id: 'x',
    }))
    expect(await cost(() => limitAll(limits))).toBe('1/7')
    expect(await cost(() => limitAll(limits.slice(0, 2)))).toBe('1/5')
    for (let i = 0; i < 3; i++) await limitAll(limits)
    expect(await cost(() => limitAll(limits))).toBe('1/3')
    expect(await cost(() => limitAll(limits))).toBe('0/0')
    expect(await cost(() => limitAll(limits.slice(0, 1)))).toBe('0/0')
  })

  test('no key is locked for nothing', () => {
    expect(server().stats().warnings).toBeUndefined()
  })
})
