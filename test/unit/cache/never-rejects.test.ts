import fc from '../../support/fc.ts'
import { describe, expect, test, vi } from 'vitest'
import type { Factory } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'

const options = { ttl: '10s', staleIfError: '10m' } as const
const down = new Error('down')
const fails = (): never => {
  throw down
}

describe('R3: getOrCreate with a usable stale value never rejects', () => {
  const factories: Record<string, Factory<string>> = {
    throws: fails,
    rejects: () => Promise.reject(down),
    fail: (ctx) => ctx.fail(Symbol('x')),
    hangs: () => new Promise(() => undefined),
    heeds: ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    bad: (ctx) => (ctx.set({ ttl: '1s', expiresAt: 1 }), 'new'),
    long: (ctx) => ((ctx.etag = 'x'.repeat(1025)), 'new'),
  }
  const faults: Record<string, (world: World) => void> = {
    none: () => undefined,
    cut: (world) => world.cut(),
    silent: (world) => void (world.redis.before = () => new Promise(() => undefined)),
    slow: (world) => void (world.redis.before = () => wait(world, 500)),
    types: (world) => void world.redis.replies.set('SET', 'QUEUED').set('EVALSHA', 7),
    busy: (world) => void world.redis.values.set('hc:l:k', { value: 'other', expires: 1e9 }),
  }
  const wait = (world: World, ms: number): Promise<void> =>
    new Promise((resolve) => void world.clock.setTimeout(resolve, ms))

  const situation = fc.record({
    factory: fc.constantFrom(...Object.keys(factories)),
    fault: fc.constantFrom(...Object.keys(faults)),
    age: fc.integer({ min: -5000, max: 50_000 }),
    window: fc.constantFrom('swr', 'staleIfError', 'both'),
    localTtl: fc.constantFrom('1s', '10s', '1h'),
    softTimeout: fc.constantFrom(undefined, 100, 3000),
    isolation: fc.constantFrom('clone', 'freeze', 'share'),
    stampede: fc.constantFrom('isolate', 'global', 'off'),
    host: fc.constantFrom('node', 'bound', 'waitUntil'),
    forceRefresh: fc.boolean(),
    memory: fc.boolean(),
    callers: fc.integer({ min: 1, max: 3 }),
  })

  test('whatever fails, and however', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async (given) => {
        const { factory, fault, age, window, localTtl, isolation, host, callers, memory, ...rest } = given
        vi.unstubAllGlobals()
        const world = new World()
        const configured = { memory: { isolation } } as const
        const cache = memory ? world.memoryOnly(configured) : await world.warm(configured)
        const windows = {
          ...(window === 'staleIfError' ? {} : { swr: '100s' as const }),
          ...(window === 'swr' ? {} : { staleIfError: '100s' as const }),
        }
        const { softTimeout, ...loading } = rest
        const all = { ttl: '10s', localTtl, timeout: '4s', ...windows, ...loading } as const
        const call = { ...all, ...(softTimeout === undefined ? {} : { softTimeout }) }
        await cache.set('k', { v: 'old' }, { ttl: '10s', localTtl, ...windows })
        await world.clock.advance(10_000 + age)
        if (host !== 'node') vi.stubGlobal('EdgeRuntime', 'edge')
        const view = host === 'waitUntil' ? cache.bind({ waitUntil: () => undefined }) : cache
        faults[fault]?.(world)
        const run = factories[factory] as Factory<string>
        const calls = Array.from({ length: callers }, () =>
          view.getOrCreate<unknown>('k', run as Factory<unknown>, call),
        )
        const outcomes = Promise.allSettled(calls)
        for (let i = 0; i < 40; i++) await world.clock.advance(1000)
        expect(await outcomes).toEqual(calls.map(() => ({ status: 'fulfilled', value: { v: 'old' } })))
        vi.unstubAllGlobals()
      }),
      { numRuns: 400 },
    )
  })

  test('except by the signal of the caller itself', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old', options)
    await world.clock.advance(10_000)
    const controller = new AbortController()
    const hangs = (): Promise<string> => new Promise(() => undefined)
    const call = cache.getOrCreate('k', hangs, { ...options, signal: controller.signal })
    const other = cache.getOrCreate('k', hangs, { ...options, timeout: '1s' })
    await settle()
    controller.abort(down)
    await expect(call).rejects.toBe(down)
    await world.clock.advance(1000)
    expect(await other).toBe('old')
    await expect(cache.getOrCreate('k', hangs, { ...options, signal: controller.signal })).rejects.toBe(down)
  })
})
