import { expectTypeOf, test } from 'vitest'
import {
  type CacheError,
  type CacheErrorCode,
  createHybridCache,
  type Duration,
  fromEnv,
  type HybridCache,
  type Scripts,
  isCacheError,
  type StandardSchema,
} from '../../src/index.ts'
import { LuaScripts } from '../../src/lua/index.ts'
import { perIsolate } from '../../src/platform/cloudflare.ts'

declare const cache: HybridCache
declare const user: StandardSchema<{ name: string }>
declare function load(signal: AbortSignal): Promise<{ id: number }>

test('getOrCreate infers its value from the factory', () => {
  expectTypeOf(cache.getOrCreate('k', () => 1)).toEqualTypeOf<Promise<number>>()
  expectTypeOf(cache.getOrCreate('k', async () => ({ a: 'x' }))).toEqualTypeOf<Promise<{ a: string }>>()
  expectTypeOf(cache.getOrCreate('k', (ctx) => load(ctx.signal))).toEqualTypeOf<Promise<{ id: number }>>()
  expectTypeOf(cache.getOrCreate('k', ({ key, signal }) => load(signal).then(() => key))).toEqualTypeOf<
    Promise<string>
  >()
  expectTypeOf(cache.getOrCreate('k', () => null)).toEqualTypeOf<Promise<null>>()
  expectTypeOf(cache.getOrCreate('k', (): number | undefined => 1)).toEqualTypeOf<
    Promise<number | undefined>
  >()
  expectTypeOf(cache.getOrCreate<{ a: number }>('k', () => ({ a: 1 }))).toEqualTypeOf<
    Promise<{ a: number }>
  >()
})

test('get gives unknown, what the caller says, or what the schema lets through', () => {
  expectTypeOf(cache.get('k')).toEqualTypeOf<Promise<unknown>>()
  expectTypeOf(cache.get<number>('k')).toEqualTypeOf<Promise<number | undefined>>()
  expectTypeOf(cache.get('k', { schema: user })).toEqualTypeOf<Promise<{ name: string } | undefined>>()
  expectTypeOf(cache.getMany(['k'])).toEqualTypeOf<Promise<Map<string, unknown>>>()
  expectTypeOf(cache.getMany<number>(['k'])).toEqualTypeOf<Promise<Map<string, number>>>()
  expectTypeOf(cache.getMany(['k'], { schema: user })).toEqualTypeOf<Promise<Map<string, { name: string }>>>()
  expectTypeOf(cache.getLocal<number>('k')).toEqualTypeOf<number | undefined>()
})

test('durations are numbers, or strings with a unit', () => {
  expectTypeOf<'250ms'>().toExtend<Duration>()
  expectTypeOf<'1.5h'>().toExtend<Duration>()
  expectTypeOf<number>().toExtend<Duration>()
  expectTypeOf<'soon'>().not.toExtend<Duration>()
  expectTypeOf<'5'>().not.toExtend<Duration>()
  // @ts-expect-error a unit that does not exist
  void cache.set('k', 1, { ttl: '5 minutes' })
})

test('options that do not exist are refused', () => {
  // @ts-expect-error
  void cache.get('k', { ttl: '1m' })
  // @ts-expect-error
  void cache.set('k', 1, { schema: user })
  // @ts-expect-error
  createHybridCache({ prefix: 'x' })
  // @ts-expect-error
  createHybridCache({ memory: { isolation: 'deep' } })
  // @ts-expect-error a key is a string
  void cache.get(1)
})

test('events are typed by name', () => {
  cache.on('hit', (event) =>
    expectTypeOf(event).toEqualTypeOf<{
      tier: 'l1' | 'l2'
      operation: typeof event.operation
      age: number
    }>(),
  )
  cache.on('error', ({ error }) => expectTypeOf(error).toEqualTypeOf<CacheError>())
  // @ts-expect-error
  cache.on('nothing', () => undefined)
  expectTypeOf(cache.on('miss', () => undefined)).toEqualTypeOf<() => void>()
})

test('errors narrow', () => {
  const error: unknown = undefined
  if (isCacheError(error)) expectTypeOf(error).toEqualTypeOf<CacheError>()
})

test('views are caches', () => {
  expectTypeOf(cache.namespace('n')).toEqualTypeOf<HybridCache>()
  expectTypeOf(cache.bind({ waitUntil: (work: Promise<unknown>) => void work })).toEqualTypeOf<HybridCache>()
  // @ts-expect-error
  cache.bind({})
})

test('perIsolate types env by its parameter', () => {
  interface Env {
    UPSTASH_REDIS_REST_URL: string
    UPSTASH_REDIS_REST_TOKEN: string
  }
  const cacheOf = perIsolate((env: Env) => createHybridCache({ redis: fromEnv(env) }))
  expectTypeOf(cacheOf).parameter(0).toEqualTypeOf<Env>()
  expectTypeOf(cacheOf).returns.toEqualTypeOf<HybridCache<true>>()
})

test('scripts are there where Redis is, and nowhere else', () => {
  const redis = { url: 'https://example.upstash.io', token: 't' }
  expectTypeOf(createHybridCache({ redis }).scripts).toEqualTypeOf<Scripts>()
  expectTypeOf(createHybridCache({ redis }).namespace('n').scripts).toEqualTypeOf<Scripts>()
  expectTypeOf(createHybridCache().scripts).toEqualTypeOf<undefined>()
  expectTypeOf(createHybridCache({ ttl: '1m' }).scripts).toEqualTypeOf<undefined>()
  const maybe: typeof redis | undefined = redis as typeof redis | undefined
  expectTypeOf(createHybridCache({ redis: maybe }).scripts).toEqualTypeOf<Scripts | undefined>()
  expectTypeOf<HybridCache<true>>().toExtend<HybridCache>()
  expectTypeOf<HybridCache<false>>().toExtend<HybridCache>()
  expectTypeOf<HybridCache<false>>().not.toExtend<HybridCache<true>>()
  expectTypeOf<HybridCache>().not.toExtend<HybridCache<true>>()
  expectTypeOf<HybridCache>().not.toExtend<HybridCache<false>>()
})

test('a script gives the type that it declares, a text what the caller says', () => {
  const { scripts } = createHybridCache({ redis: { url: 'https://example.upstash.io', token: 't' } })
  expectTypeOf(scripts.execute(LuaScripts.CompareAndSwap)).toEqualTypeOf<Promise<0 | 1 | -1>>()
  expectTypeOf(scripts.execute('return 1')).toEqualTypeOf<Promise<unknown>>()
  expectTypeOf(scripts.execute<number>('return 1')).toEqualTypeOf<Promise<number>>()
  expectTypeOf(scripts.prepare<string>('return 1'))
    .resolves.toHaveProperty('execute')
    .returns.resolves.toEqualTypeOf<string>()
  // @ts-expect-error bytes cannot travel through JSON
  void scripts.execute('return 1', { args: [new Uint8Array()] })
})

test('an option that may be undefined is one that may be left out', () => {
  const signal = undefined as AbortSignal | undefined
  const ttl = undefined as '1m' | undefined
  void cache.get('k', { signal })
  void cache.set('k', 1, { ttl, signal })
  void cache.getOrCreate('k', () => 1, { ttl, swr: ttl, timeout: ttl, signal })
  createHybridCache({ ttl, l2: { timeout: ttl }, coherence: { interval: ttl } })
})

test('redis may be left open', () => {
  createHybridCache({ redis: undefined })
  createHybridCache({ redis: { url: 'https://example.upstash.io', token: 't' } })
  // @ts-expect-error a token belongs to it
  createHybridCache({ redis: { url: 'https://example.upstash.io' } })
})

test('the breaker takes options or off, and tells its state and the code that opened it', () => {
  createHybridCache({ breaker: 'off' })
  createHybridCache({ breaker: { failures: 3, ratio: 0.9, minimum: 5, window: '1m', open: 500 } })
  // @ts-expect-error
  createHybridCache({ breaker: 'on' })
  // @ts-expect-error
  createHybridCache({ breaker: { threshold: 5 } })
  cache.on('breaker', (event) => {
    expectTypeOf(event.state).toEqualTypeOf<'closed' | 'open' | 'half-open'>()
    expectTypeOf(event.reason).toEqualTypeOf<CacheErrorCode | undefined>()
  })
  expectTypeOf(cache.stats().l2.breaker).toEqualTypeOf<'closed' | 'open' | 'half-open' | 'off'>()
})
