import { describe, expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import {
  createRateLimiter,
  fixedWindow,
  gcra,
  limitAll,
  type RateLimiterOptions,
  slidingWindow,
  tokenBucket,
} from '../../../src/rate-limit/index.ts'
import { canary, expectNothingShown } from '../../support/canary.ts'
import { settle } from '../../support/manual-clock.ts'
import { record } from '../../support/world.ts'
import { LimiterWorld, perMinute } from './support.ts'

type Call = (...args: unknown[]) => unknown

const numbers = [0, -1, 1.5, Number.NaN, Infinity, 1e12 + 1, '5', null, undefined, 5n]
const durations = [0, -1, Number.NaN, Infinity, '', '5', 'x', null, undefined, 3_155_760_000_001]

describe('policies', () => {
  test.each([
    ['gcra', gcra, { limit: 1, period: 1000, burst: 1 }],
    ['tokenBucket', tokenBucket, { capacity: 1, refillRate: 1, interval: 1000 }],
    ['slidingWindow', slidingWindow, { limit: 1, window: 1000 }],
    ['fixedWindow', fixedWindow, { limit: 1, window: 1000 }],
  ] as const)('%s refuses what cannot be right, and says which option it is', (_, make, good) => {
    const policy = make as unknown as Call
    expect(() => policy(good)).not.toThrow()
    for (const [name, value] of Object.entries(good))
      for (const wrong of value === 1000 ? durations : numbers) {
        expect(() => policy({ ...good, [name]: wrong })).toThrow(TypeError)
        expect(() => policy({ ...good, [name]: wrong })).toThrow(name)
      }
    for (const name of ['', 'a:b', 'a b', 'x'.repeat(65), 5, null])
      expect(() => policy({ ...good, name })).toThrow(TypeError)
    for (const wrong of [undefined, null, 5]) expect(() => policy(wrong)).toThrow(TypeError)
  })

  test('a burst must come back within a hundred years', () => {
    expect(() => gcra({ limit: 1, period: '365d', burst: 100 })).not.toThrow()
    expect(() => gcra({ limit: 1, period: '365d', burst: 101 })).toThrow(/hundred years/)
  })

  test('its key tells its numbers', () => {
    expect(gcra({ limit: 100, period: '1m', burst: 20 }).key).toBe('gcra-20-100-60000')
    expect(gcra({ limit: 100, period: '1m', burst: 100 }).key).toBe('gcra-100-60000')
    expect(tokenBucket({ capacity: 20, refillRate: 5, interval: '10s' }).key).toBe('token-bucket-20-5-10000')
    expect(slidingWindow({ limit: 5, window: '15m' }).key).toBe('sliding-window-5-900000')
    expect(fixedWindow({ limit: 5, window: '1d', name: 'x' }).key).toBe('fixed-window-5-86400000')
  })
})

test('createRateLimiter refuses what cannot be right', () => {
  const world = new LimiterWorld()
  const cache = world.cache()
  const create = createRateLimiter as Call
  const good = { cache, policy: perMinute }
  for (const wrong of [
    undefined,
    null,
    {},
    { policy: perMinute },
    { cache },
    { ...good, redis: world.redis },
    { ...good, cache: {} },
    { ...good, cache: world.memoryOnly() },
    { ...good, policy: { limit: 5, window: 1000 } },
    { ...good, policy: 'gcra' },
    { ...good, onError: 'throw' },
    { ...good, timeout: 0 },
    { ...good, timeout: 'x' },
    { ...good, maxEntries: 0 },
    { ...good, maxEntries: 1.5 },
    { ...good, name: 'a:b' },
    { redis: 5, policy: perMinute },
    { redis: world.redis, policy: perMinute, keyPrefix: '' },
  ])
    expect(() => create(wrong)).toThrow(TypeError)
  for (const wrong of [{ policy: perMinute }, { ...good, redis: world.redis }])
    expect(() => create(wrong)).toThrow(/^createRateLimiter takes either \{ cache \}.* or \{ redis \}$/)
  expect(() => create({ ...good, cache: world.memoryOnly() })).toThrow(/give createHybridCache a `redis`/)
})

test('a limiter with a Redis of its own takes the options of its type, inherited ones too, and no others of a cache', async () => {
  const { redis, clock } = new LimiterWorld()
  const options = Object.create({ redis, clock, keyPrefix: 'mine', policy: perMinute }) as RateLimiterOptions
  await createRateLimiter(options).limit('ann')
  expect(redis.requests.flat(2).filter((part) => String(part).startsWith('hc:'))).toEqual([])
  expect(redis.requests.flat(2).some((part) => String(part).startsWith('mine:'))).toBe(true)
  const shared = { redis, clock, policy: perMinute, ttl: 'of nothing', coherence: { push: {} }, trace: 5 }
  expect(() => createRateLimiter(shared as unknown as RateLimiterOptions)).not.toThrow()
})

test('misuse of a limiter is a TypeError, and nothing is sent', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  const calls: (() => Promise<unknown>)[] = [
    ...[undefined, null, 5, '', {}].map((id) => () => limiter.limit(id as string)),
    ...[-1, 1.5, Number.NaN, Infinity, 1e12 + 1, '1', null].map(
      (cost) => () => limiter.limit('a', { cost: cost as number }),
    ),
    () => limiter.peek('a', { cost: -1 }),
    () => limiter.limit('a', { policy: {} as typeof perMinute }),
    () => limiter.limit('a', { waitUntil: 5 as never }),
    () => world.limiter({ policy: () => undefined as never }).limit('a'),
    () => world.limiter({ policy: async () => ({}) as never }).limit('a'),
    () => limiter.refund('a', 0),
    () => limiter.refund('a', -1),
    () => limiter.refund(''),
    () => limiter.reset(''),
    () => limiter.block('a', 0),
    () => limiter.block('a', 'x' as '1s'),
    () => limiter.block('', '1s'),
    () => limiter.unblock(''),
  ]
  for (const call of calls) await expect(call).rejects.toThrow(TypeError)
  expect(world.redis.requests).toEqual([])
  expect(world.errors).toEqual([])
})

test('what a function of the identifier throws is thrown on', async () => {
  const failure = new Error('no plan')
  const world = new LimiterWorld()
  const limiter = world.limiter({
    policy: () => {
      throw failure
    },
  })
  await expect(limiter.limit('a')).rejects.toBe(failure)
})

test('misuse of limitAll is a TypeError, and nothing is sent', async () => {
  const world = new LimiterWorld()
  const limiter = world.limiter()
  const other = world.limiter()
  const all = limitAll as (checks: unknown) => Promise<unknown>
  for (const wrong of [
    undefined,
    [],
    {},
    [null],
    [{ limiter: {}, id: 'a' }],
    [{ limiter, id: '' }],
    [{ limiter, id: 'a', cost: -1 }],
    [
      { limiter, id: 'a' },
      { limiter, id: 'a' },
    ],
    [
      { limiter, id: 'a' },
      { limiter: other, id: 'a' },
    ],
    Array.from({ length: 101 }, (_, i) => ({ limiter, id: `id${i}` })),
  ])
    await expect(async () => all(wrong)).rejects.toThrow(TypeError)
  expect(world.redis.requests).toEqual([])
})

test('of several that fail the first is told, and the others are no unhandled rejections', async () => {
  const world = new LimiterWorld()
  const cache = world.cache()
  const failing = world.limiter({ policy: async () => Promise.reject(new Error('no plan')) }, cache)
  const wrong = [
    { limiter: failing, id: 'a' },
    { limiter: failing, id: 'b' },
    { limiter: failing, id: '' },
  ]
  await expect(limitAll(wrong)).rejects.toThrow(TypeError)
  await expect(limitAll([...wrong, null as never])).rejects.toThrow(TypeError)
  await settle()
})

test('limiters of one redis, made one by one, are of several caches', async () => {
  const world = new LimiterWorld()
  const make = (): ReturnType<typeof createRateLimiter> =>
    createRateLimiter({ redis: world.redis, clock: world.clock, policy: perMinute })
  await expect(
    limitAll([
      { limiter: make(), id: 'a' },
      { limiter: make(), id: 'b' },
    ]),
  ).rejects.toThrow(/the same cache/)
})

test('errors hold no identifier', async () => {
  const world = new LimiterWorld()
  world.cut()
  const cache = world.isolate() as HybridCache<true>
  const errors = record(cache, 'error')
  await world.limiter({}, cache).limit(canary.key)
  await world.limiter({}, cache).limit(canary.key.repeat(20))
  await world
    .limiter({}, cache)
    .block(canary.key, '1m')
    .catch(() => undefined)
  expect(errors).toHaveLength(3)
  for (const { error } of errors) expectNothingShown(error)
  await world
    .limiter()
    .limit('', {})
    .catch((error: unknown) => expectNothingShown(error))
})
