import { describe, expect, test, vi } from 'vitest'
import { explain, warm, type WarmProgress } from '../../../src/admin/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { Origin } from '../../support/origin.ts'
import { watch, World } from '../../support/world.ts'

const keys = (count: number): string[] => Array.from({ length: count }, (_, i) => `k${i}`)
const load = (missing: readonly string[]): Map<string, string> =>
  new Map(missing.map((key) => [key, `made ${key}`]))

describe('warming', () => {
  test('keeps what the options inherit, or tell when they are asked', async () => {
    class Life {
      readonly #ttl = '10s'
      get ttl(): '10s' {
        return this.#ttl
      }
      get tags(): readonly string[] {
        return ['t']
      }
    }
    const cache = await new World().warm()
    await warm(cache, ['k'], load, new Life())
    expect((await explain(cache, 'k')).l2).toMatchObject({ freshFor: 10_000, tags: ['t'] })
    await cache.removeByTag('t')
    expect(await cache.get('k')).toBeUndefined()
  })

  test('makes what is not there, in batches, and leaves the rest as it is', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k3', 'old')
    const factory = vi.fn(load)
    const seen: WarmProgress[] = []
    const end = await warm(cache, [...keys(10), 'k1'], factory, {
      batchSize: 4,
      concurrency: 1,
      ttl: '1h',
      onProgress: (progress) => seen.push(progress),
    })
    expect(end).toEqual({ done: 10, loaded: 9, failed: 0 })
    expect(seen.map(({ done }) => done)).toEqual([4, 8, 10])
    expect(factory.mock.calls.map(([missing]) => missing.length)).toEqual([3, 4, 2])
    expect(await world.isolate().get('k9')).toBe('made k9')
    expect(await world.isolate().get('k3')).toBe('old')
  })

  test('has so many batches on their way, and no more', async () => {
    const cache = new World().memoryOnly()
    let [running, most] = [0, 0]
    await warm(
      cache,
      keys(20),
      async (missing) => {
        most = Math.max(most, ++running)
        await settle()
        running--
        return load(missing)
      },
      { batchSize: 2, concurrency: 3 },
    )
    expect(most).toBe(3)
  })

  test('has no more on their way than there are batches, however many may be', async () => {
    const cache = new World().memoryOnly()
    const end = await warm(cache, keys(5), load, { batchSize: 2, concurrency: Number.MAX_SAFE_INTEGER })
    expect(end).toEqual({ done: 5, loaded: 5, failed: 0 })
  })

  test('goes on when a batch fails, also by a TypeError such as that of fetch', async () => {
    const cache = new World().memoryOnly()
    const factory = (missing: readonly string[]): Map<string, string> => {
      if (missing.includes('k2')) throw new TypeError('fetch failed')
      return load(missing)
    }
    const end = await warm(cache, keys(6), factory, { batchSize: 2 })
    expect(end).toEqual({ done: 6, loaded: 4, failed: 2 })
    expect(cache.getLocal('k5')).toBe('made k5')
  })

  test('counts all that a batch made, also where it asked the factory twice', async () => {
    const world = new World()
    const [cache, other] = [await world.warm(), await world.warm()]
    const origin = new Origin<string>()
    const elsewhere = watch(other.getOrCreate('k0', origin.factory, { stampede: 'global' }))
    await settle()
    const asked: (readonly string[])[] = []
    const factory = (missing: readonly string[]): Map<string, string> => {
      asked.push(missing)
      return load(missing)
    }
    const warming = watch(warm(cache, keys(3), factory, { stampede: 'global' }))
    await world.clock.advance(10)
    origin.last.fail(new Error('the origin is ill'))
    await settle()
    expect(elsewhere.error).toBeDefined()
    await world.clock.advance('1m')
    expect(asked).toEqual([['k1', 'k2'], ['k0']])
    expect(warming.value).toEqual({ done: 3, loaded: 3, failed: 0 })
  })

  test('stops before the next batch when its signal aborts', async () => {
    const cache = new World().memoryOnly()
    const controller = new AbortController()
    const factory = vi.fn((missing: readonly string[]) => {
      controller.abort(new Error('enough'))
      return load(missing)
    })
    const { signal } = controller
    await expect(warm(cache, keys(6), factory, { batchSize: 2, concurrency: 1, signal })).rejects.toThrow(
      'enough',
    )
    expect(factory).toHaveBeenCalledTimes(1)
  })

  test.each([
    ['batchSize', ['k'], { batchSize: 0 }],
    ['concurrency', ['k'], { concurrency: 1.5 }],
    ['key', ['k', ''], {}],
    ['ttl', ['k'], { ttl: -1 }],
  ])('a wrong %s is a TypeError before anything is loaded', async (name, wrong, options) => {
    const world = new World()
    const cache = await world.warm()
    const factory = vi.fn(load)
    const failing = warm(cache, wrong, factory, options)
    await expect(failing).rejects.toThrow(TypeError)
    await expect(failing).rejects.toThrow(name)
    expect(factory).not.toHaveBeenCalled()
  })

  test('of nothing is nothing', async () => {
    expect(await warm(new World().memoryOnly(), [], load)).toEqual({ done: 0, loaded: 0, failed: 0 })
  })
})
