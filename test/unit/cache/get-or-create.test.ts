import { expect, test, vi } from 'vitest'
import { settle } from '../../support/manual-clock.ts'
import { Origin, times } from '../../support/origin.ts'
import { record, World } from '../../support/world.ts'

test('a cold key is loaded once, then served from L1 without a request', async () => {
  const cache = new World().isolate()
  const factory = vi.fn(() => ({ n: 1 }))
  expect(await cache.getOrCreate('k', factory)).toEqual({ n: 1 })
  expect(await cache.getOrCreate('k', factory)).toEqual({ n: 1 })
  expect(factory).toHaveBeenCalledTimes(1)
})

test('a load costs a read and a write; the first request of an isolate also asks for the time, and where versions stand', async () => {
  const world = new World()
  const cache = world.isolate()
  await cache.getOrCreate('a', () => 1)
  expect(world.redis.take()).toEqual([['MGET', 'TIME', 'GET'], ['SET']])
  await cache.getOrCreate('b', () => 1)
  expect(world.redis.take()).toEqual([['GET'], ['SET']])
  await cache.getOrCreate('b', () => 1)
  expect(world.redis.take()).toEqual([])
})

test('another isolate finds in L2 what the first one loaded, and keeps it in its own L1', async () => {
  const world = new World()
  await world.isolate().getOrCreate('k', () => ['value'])
  const other = await world.warm()
  const never = vi.fn(() => ['never'])
  expect(await other.getOrCreate('k', never)).toEqual(['value'])
  expect(world.redis.take()).toEqual([['GET']])
  expect(await other.getOrCreate('k', never)).toEqual(['value'])
  expect(world.redis.take()).toEqual([])
  expect(never).not.toHaveBeenCalled()
})

test.each([undefined, null, 0, '', false, Number.NaN, -0, 10n, [undefined]])(
  '%s comes back as it is',
  async (value) => {
    const world = new World()
    const cache = world.isolate()
    const factory = vi.fn(() => value)
    expect(await cache.getOrCreate<unknown>('k', factory)).toEqual(value)
    expect(await cache.getOrCreate<unknown>('k', factory)).toEqual(value)
    expect(await world.isolate().get('k')).toEqual(value)
    // `undefined` alone is not a value to keep
    expect(factory).toHaveBeenCalledTimes(value === undefined ? 2 : 1)
  },
)

test.each(['warm', 'memoryOnly'] as const)(
  '%s: reads of its key, however many, are no reason to load it anew',
  async (kind) => {
    const cache = await new World()[kind]()
    const origin = new Origin<string>()
    const first = cache.getOrCreate('k', origin.factory)
    const reads = times(1500, () => cache.get('k'))
    const second = cache.getOrCreate('k', origin.factory)
    await settle()
    origin.last.finish('v')
    await Promise.all(reads)
    expect([await first, await second, origin.runs.length]).toEqual(['v', 'v', 1])
    expect(cache.getLocal('k')).toBe('v')
  },
)

test('what the factory throws is thrown on unchanged, and nothing is stored', async () => {
  const world = new World()
  const cache = world.isolate()
  const failure = new RangeError('the origin is down')
  await expect(cache.getOrCreate('k', () => Promise.reject(failure))).rejects.toBe(failure)
  await expect(
    cache.getOrCreate('k', () => {
      throw failure
    }),
  ).rejects.toBe(failure)
  expect(world.redis.values.size).toBe(0)
  expect(cache.stats().loads).toMatchObject({ count: 2, failed: 2, joined: 0 })
  expect(await cache.getOrCreate('k', () => 'better')).toBe('better')
})

test('a value that cannot be serialised is returned and reported, but stored nowhere', async () => {
  const world = new World()
  const cache = world.isolate()
  const errors = record(cache, 'error')
  const value = { callback: () => 1 }
  expect(await cache.getOrCreate('k', () => value)).toBe(value)
  expect(errors).toMatchObject([{ operation: 'getOrCreate', error: { code: 'SERIALIZE', retryable: false } }])
  expect(world.redis.values.size).toBe(0)
  expect(cache.getLocal('k')).toBeUndefined()
})

test('a value above the cap is returned and reported, but stored nowhere', async () => {
  const world = new World()
  const cache = world.isolate({ maxValueBytes: 10 })
  const errors = record(cache, 'error')
  expect(await cache.getOrCreate('k', () => 'x'.repeat(9))).toBe('x'.repeat(9))
  expect(errors).toMatchObject([{ error: { code: 'TOO_LARGE' } }])
  expect(world.redis.values.size).toBe(0)
  expect(await cache.getOrCreate('k', () => 'x'.repeat(8))).toBe('x'.repeat(8)) // two quotes more: the cap exactly
  expect(world.redis.values.size).toBe(1)
})

test('the factory is given the key and a signal that follows the caller', async () => {
  const cache = new World().isolate()
  const controller = new AbortController()
  const seen = await cache.getOrCreate('k', ({ key, signal }) => ({ key, aborted: signal.aborted }), {
    signal: controller.signal,
  })
  expect(seen).toEqual({ key: 'k', aborted: false })
  let signal: AbortSignal | undefined
  const call = cache.getOrCreate(
    'slow',
    (context) => {
      signal = context.signal
      controller.abort(new Error('gone'))
      return new Promise<never>(() => undefined)
    },
    { signal: controller.signal },
  )
  await expect(call).rejects.toThrow('gone')
  expect(signal?.aborted).toBe(true)
})

test('a caller that has left already gets its reason, and no factory runs', async () => {
  const world = new World()
  const factory = vi.fn(() => 1)
  const signal = AbortSignal.abort(new Error('gone'))
  await expect(world.isolate().getOrCreate('k', factory, { signal })).rejects.toThrow('gone')
  await expect(world.memoryOnly().getOrCreate('k', factory, { signal })).rejects.toThrow('gone')
  expect(factory).not.toHaveBeenCalled()
  expect(world.redis.requests).toEqual([])
})

test('without a factory it is a TypeError before anything is sent', async () => {
  const world = new World()
  await expect(world.isolate().getOrCreate('k', 'value' as never)).rejects.toThrow(TypeError)
  expect(world.redis.requests).toEqual([])
})

test('the caller of a clone gets what the factory made, and cannot change what is stored', async () => {
  const cache = new World().isolate()
  const made = { list: [1] }
  expect(await cache.getOrCreate('k', () => made)).toBe(made)
  made.list.push(2)
  expect(await cache.get('k')).toEqual({ list: [1] })
})
