import { expectTypeOf, test } from 'vitest'
import { createHybridCache, fromEnv, type HybridCache } from '../../src/index.ts'
import {
  createRateLimiter,
  gcra,
  limitAll,
  type LimitAllResult,
  rateLimit,
  type RateLimiter,
  type RateLimitPolicy,
  rateLimitHeaders,
  type RateLimitResult,
  slidingWindow,
} from '../../src/rate-limit/index.ts'

declare const cache: HybridCache<true>
declare const limiter: RateLimiter
const policy = gcra({ limit: 1, period: '1s', burst: 1 })

test('a cache with Redis is taken, namespaces and bound views of it too, and a redis', () => {
  expectTypeOf(createRateLimiter({ cache, policy })).toEqualTypeOf<RateLimiter>()
  expectTypeOf(createRateLimiter({ cache: cache.namespace('n'), policy })).toEqualTypeOf<RateLimiter>()
  expectTypeOf(createRateLimiter({ redis: fromEnv(), policy, keyPrefix: 'x' })).toEqualTypeOf<RateLimiter>()
  createRateLimiter({ cache, policy: async () => policy, onError: 'local', timeout: '1s', name: 'x' })
})

test('a cache without Redis is refused, and so are both and neither', () => {
  // @ts-expect-error
  createRateLimiter({ cache: createHybridCache(), policy })
  // @ts-expect-error
  createRateLimiter({ cache, redis: fromEnv(), policy })
  // @ts-expect-error
  createRateLimiter({ policy })
  // @ts-expect-error a cache has its own prefix
  createRateLimiter({ cache, policy, keyPrefix: 'x' })
  // @ts-expect-error a policy is needed
  createRateLimiter({ cache })
  // @ts-expect-error
  createRateLimiter({ cache, policy, onError: 'throw' })
})

test('a policy takes all its numbers', () => {
  expectTypeOf(slidingWindow({ limit: 1, window: '1s' })).toEqualTypeOf<RateLimitPolicy>()
  // @ts-expect-error the burst is not guessed
  gcra({ limit: 1, period: '1s' })
  // @ts-expect-error
  slidingWindow({ limit: 1 })
})

test('results', () => {
  expectTypeOf(limiter.limit('a', { cost: 2 })).toEqualTypeOf<Promise<RateLimitResult>>()
  expectTypeOf(limiter.refund('a')).toEqualTypeOf<Promise<number>>()
  expectTypeOf(limitAll([{ limiter, id: 'a' }])).toEqualTypeOf<Promise<LimitAllResult>>()
  expectTypeOf<LimitAllResult>().toExtend<RateLimitResult>()
  expectTypeOf(rateLimitHeaders({} as LimitAllResult)).toEqualTypeOf<Record<string, string>>()
})

test('a handler keeps its arguments', () => {
  const handler = rateLimit((_request: Request, env: { a: string }) => new Response(env.a), {
    limiter: (_, { a }) => (a === '' ? limiter : limiter),
    id: (request, { a }) => request.url + a,
    cost: 2,
  })
  expectTypeOf(handler).toEqualTypeOf<(request: Request, env: { a: string }) => Promise<Response>>()
  // @ts-expect-error who asks must be said
  rateLimit(() => new Response(), { limiter })
})
