import { describe, expect, test } from 'vitest'
import {
  denialResponse,
  gcra,
  limitAll,
  rateLimitHeaders,
  slidingWindow,
} from '../../../src/rate-limit/index.ts'
import { LimiterWorld, script } from './support.ts'

const named = slidingWindow({ limit: 100, window: '1m', name: 'api' })

test('what passed', async () => {
  const world = new LimiterWorld()
  world.answer(1, 0, 29_001, 50)
  const result = await world.limiter({ policy: named }).limit('ann')
  expect(rateLimitHeaders(result)).toEqual({
    'RateLimit-Policy': '"api";q=100;w=60',
    RateLimit: '"api";r=50;t=30',
  })
})

test('what was denied tells when to come back, which is no sooner than its window ends', async () => {
  const world = new LimiterWorld()
  world.answer(0, 12_345, 60_000, 100)
  const result = await world.limiter({ policy: named }).limit('ann')
  expect(rateLimitHeaders(result)).toEqual({
    'RateLimit-Policy': '"api";q=100;w=60',
    RateLimit: '"api";r=0;t=13',
    'Retry-After': '13',
  })
})

test('the older fields come where they are asked for', async () => {
  const world = new LimiterWorld()
  world.answer(0, 5000, 60_000, 100)
  const result = await world.limiter({ policy: named }).limit('ann')
  expect(rateLimitHeaders(result, { legacy: true })).toMatchObject({
    'X-RateLimit-Limit': '100',
    'X-RateLimit-Remaining': '0',
    'X-RateLimit-Reset': String(Math.ceil(world.redis.now() / 1000) + 60),
  })
})

test('while a block lasts nothing is left, whatever was counted', async () => {
  const world = new LimiterWorld()
  world.answer(-1, 600_000, 45_000, 3)
  const limiter = world.limiter({ policy: named })
  const told = {
    'RateLimit-Policy': '"api";q=100;w=60',
    RateLimit: '"api";r=0;t=600',
    'Retry-After': '600',
    'X-RateLimit-Limit': '100',
    'X-RateLimit-Remaining': '0',
    'X-RateLimit-Reset': String(Math.ceil(world.redis.now() / 1000) + 600),
  }
  for (const result of [await limiter.limit('ann'), await limiter.limit('ann'), await limiter.peek('ann')])
    expect(rateLimitHeaders(result, { legacy: true })).toEqual(told)
  expect(world.asked()).toBe(2)
  expect(rateLimitHeaders(await limiter.peek('ann', { cost: 101 })).RateLimit).toBe('"api";r=0;t=600')
})

test('windows are whole seconds, rounded up', async () => {
  const world = new LimiterWorld()
  world.answer(1)
  const limiter = world.limiter({ policy: slidingWindow({ limit: 1, window: 250, name: 'fast' }) })
  expect(rateLimitHeaders(await limiter.limit('ann'))['RateLimit-Policy']).toBe('"fast";q=1;w=1')
})

test('of a gcra the policy is its rate, and what is left a part of its burst', async () => {
  const world = new LimiterWorld()
  const now = world.redis.now() * 1000
  world.redis.replies.set(script, [now, 1, 0, now + 6e6, now + 6e6, 0])
  const policy = gcra({ limit: 10, period: '1m', burst: 3, name: 'even' })
  const result = await world.limiter({ policy }).limit('ann')
  expect(rateLimitHeaders(result)).toEqual({
    'RateLimit-Policy': '"even";q=10;w=60',
    RateLimit: '"even";r=2;t=6',
  })
})

test('where waiting is in vain there is no Retry-After', async () => {
  const world = new LimiterWorld()
  world.answer(1, 0, 7000, 98)
  const result = await world.limiter({ policy: named }).limit('ann', { cost: 101 })
  expect(rateLimitHeaders(result)).toEqual({
    'RateLimit-Policy': '"api";q=100;w=60',
    RateLimit: '"api";r=2;t=7',
  })
})

test('of what is not known nothing is told', async () => {
  const world = new LimiterWorld()
  world.cut()
  const open = await world.limiter({ policy: named }).limit('ann')
  expect(rateLimitHeaders(open, { legacy: true })).toEqual({ 'RateLimit-Policy': '"api";q=100;w=60' })
  const closed = await world.limiter({ policy: named, onError: 'closed' }).limit('ann')
  expect(rateLimitHeaders(closed)).toEqual({ 'RateLimit-Policy': '"api";q=100;w=60', 'Retry-After': '1' })
  const local = await world.limiter({ policy: named, onError: 'local' }).limit('ann')
  expect(rateLimitHeaders(local).RateLimit).toBe('"api";r=99;t=61')
})

describe('limitAll', () => {
  test('has an item for each limit, and the longest wait', async () => {
    const world = new LimiterWorld()
    const cache = world.cache()
    const [a, b] = [world.limiter({ policy: named }, cache), world.limiter({ name: 'b' }, cache)]
    const now = world.redis.now() * 1000
    world.redis.replies.set(script, [now, 0, now + 5e6, now + 9e6, 100, 0, 0, now + 8e6, now + 9e6, 5, 0])
    const both = [
      { limiter: a, id: 'x' },
      { limiter: b, id: 'x' },
    ]
    const result = await limitAll(both)
    expect(rateLimitHeaders(result, { legacy: true })).toMatchObject({
      'RateLimit-Policy': '"api";q=100;w=60, "b";q=5;w=60',
      RateLimit: '"api";r=0;t=5, "b";r=0;t=8',
      'Retry-After': '8',
      'X-RateLimit-Limit': '5',
    })
    await world.clock.advance(6000)
    expect(rateLimitHeaders(await limitAll(both))).toMatchObject({
      RateLimit: '"b";r=0;t=2',
      'Retry-After': '2',
    })
  })
})

test('of several limits one that is blocked has nothing left, and the others what they hold', async () => {
  const world = new LimiterWorld()
  const cache = world.cache()
  const [a, b] = [world.limiter({ policy: named }, cache), world.limiter({ name: 'b' }, cache)]
  const now = world.redis.now() * 1000
  world.redis.replies.set(script, [now, 1, 0, now + 9e6, 3, 0, -1, now + 6e8, now + 9e6, 3, 0])
  const result = await limitAll([
    { limiter: a, id: 'x' },
    { limiter: b, id: 'x' },
  ])
  expect(result).toMatchObject({
    reason: 'blocked',
    remaining: 0,
    results: [{ remaining: 97 }, { remaining: 0 }],
  })
  expect(rateLimitHeaders(result).RateLimit).toBe('"api";r=97;t=9, "b";r=0;t=600')
})

describe('denialResponse', () => {
  test('is a problem that names the policy', async () => {
    const world = new LimiterWorld()
    world.answer(0, 5000, 60_000, 100)
    const response = denialResponse(await world.limiter({ policy: named }).limit('ann'), { legacy: true })
    expect(response.status).toBe(429)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('retry-after')).toBe('5')
    expect(response.headers.get('x-ratelimit-limit')).toBe('100')
    expect(await response.json()).toEqual({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      title: 'Too many requests',
      status: 429,
      'violated-policies': ['api'],
    })
  })

  test('is a 429 where a limit denies beside one that cannot be checked, whichever takes longer', async () => {
    const world = new LimiterWorld()
    world.cut()
    const cache = world.cache({ breaker: 'off' })
    for (const period of [500, 60_000]) {
      const policy = gcra({ limit: 1, period, burst: 1 })
      const local = world.limiter({ policy, onError: 'local' }, cache)
      const closed = world.limiter({ policy: named, onError: 'closed' }, cache)
      await local.limit('x')
      const result = await limitAll([
        { limiter: local, id: 'x' },
        { limiter: closed, id: 'x' },
      ])
      expect(result.results).toMatchObject([{ reason: 'limit' }, { reason: 'unavailable' }])
      expect(denialResponse(result).status).toBe(429)
    }
  })

  test('blames no client for an outage', async () => {
    const world = new LimiterWorld()
    world.cut()
    const response = denialResponse(await world.limiter({ policy: named, onError: 'closed' }).limit('ann'))
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await response.json()).toMatchObject({
      type: 'https://iana.org/assignments/http-problem-types#temporary-reduced-capacity',
      'violated-policies': ['api'],
    })
  })
})
