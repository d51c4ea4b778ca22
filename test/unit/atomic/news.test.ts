import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { compareAndSwap, setIfExists, setIfNotExists } from '../../../src/atomic/index.ts'
import { createHybridCache, type HybridCache } from '../../../src/index.ts'
import { ManualClock, MemoryTransport } from '../../../src/testing/index.ts'
import { due } from '../../support/coherence.ts'
import { World } from '../../support/world.ts'

const writes: [string, (cache: HybridCache<true>) => Promise<boolean>, boolean][] = [
  ['setIfExists', (cache) => setIfExists(cache, 'k', 'new'), false],
  ['compareAndSwap', (cache) => compareAndSwap(cache, 'k', 'old', 'new'), false],
  ['setIfNotExists', (cache) => setIfNotExists(cache, 'k', 'new'), true],
]

test.each(writes)(
  '%s of an entry with tags polls the log when that is due, and goes by what others have removed',
  async (_, write, stores) => {
    for (const namespace of [undefined, 'n']) {
      const clock = new ManualClock()
      const redis = new MemoryTransport({ clock })
      const isolate = (): HybridCache<true> => {
        const cache = createHybridCache({ redis, clock }) as HybridCache<true>
        return namespace === undefined ? cache : cache.namespace(namespace)
      }
      const [own, other] = [isolate(), isolate()]
      await other.set('k', 'old', { tags: ['t'] })
      await own.get('k', { l1: false })
      await other.removeByTag('t')
      await clock.advance(due)
      expect(await write(own)).toBe(stores)
      expect(await isolate().get('k')).toBe(stores ? 'new' : undefined)
    }
  },
)

const invalidations: [string, (cache: HybridCache<true>) => Promise<void>][] = [
  ['clear', (cache) => cache.clear()],
  ['removeByTag', (cache) => cache.removeByTag('t')],
  ['expireByTag', (cache) => cache.expireByTag('t')],
]

test.each(invalidations)(
  'setIfExists brings back nothing that a %s beside it has ended, before or behind it',
  async (_, end) => {
    for (const first of [true, false]) {
      const clock = new ManualClock()
      const cache = createHybridCache({ redis: new MemoryTransport({ clock }), clock }) as HybridCache<true>
      await cache.set('k', 'old', { tags: ['t'] })
      const ended = first ? end(cache) : undefined
      const stored = setIfExists(cache, 'k', 'new')
      await (ended ?? end(cache))
      expect(await stored).toBe(false)
      expect(await cache.get('k')).toBeUndefined()
    }
  },
)

describe('brings back nothing that', () => {
  test.each(writes)('a clear of the same tick has ended: %s', async (_, write, stores) => {
    for (const namespace of [undefined, 'n']) {
      const clock = new ManualClock()
      const root = createHybridCache({ redis: new MemoryTransport({ clock }), clock }) as HybridCache<true>
      const cache = namespace === undefined ? root : root.namespace(namespace)
      await cache.set('k', 'old')
      const cleared = cache.clear()
      const written = write(cache)
      await cleared
      expect(await written).toBe(stores)
      expect(await cache.get('k')).toBe(stores ? 'new' : undefined)
    }
  })

  test.each(writes)('another isolate has cleared since the last poll: %s', async (_, write, stores) => {
    for (const namespace of [undefined, 'n']) {
      const clock = new ManualClock()
      const redis = new MemoryTransport({ clock })
      const isolate = (): HybridCache<true> => createHybridCache({ redis, clock }) as HybridCache<true>
      const [root, other] = [isolate(), isolate()]
      const own = namespace === undefined ? root : root.namespace(namespace)
      await own.set('k', 'old')
      await setIfNotExists(own, 'something else', 1)
      await other.clear()
      expect(await write(own)).toBe(stores)
    }
  })
})

describe('of an entry with tags', () => {
  test('compareAndSwap asks nothing more where there is another value', async () => {
    const world = new World()
    const [own, other] = [(await world.warm()) as HybridCache<true>, world.isolate()]
    await other.set('k', 'another', { tags: ['t'] })
    await compareAndSwap(own, 'learns the script', 1, 2)
    await world.clock.advance(due)
    world.redis.take()
    expect(await compareAndSwap(own, 'k', 'expected', 'new')).toBe(false)
    expect(world.redis.take()).toEqual([['CompareAndSwapEntry']])
  })

  test('no timer is needed', async () => {
    const cache = createHybridCache({ redis: new MemoryTransport() }) as HybridCache<true>
    await cache.set('k', 1, { tags: ['t'] })
    onTestFinished(() => void vi.useRealTimers())
    vi.useFakeTimers()
    expect(await setIfExists(cache, 'k', 2)).toBe(true)
  })

  test('the versions of its tags come with those of everything after a gap in the log', async () => {
    const world = new World()
    const [own, other] = [(await world.warm()) as HybridCache<true>, await world.warm()]
    await own.set('k', 'old', { tags: ['t'] })
    for (let i = 0; i < 1100; i++) await other.remove('b')
    await world.clock.advance(due)
    world.redis.take()
    expect(await setIfExists(own, 'k', 'new')).toBe(true)
    expect(
      world.redis
        .take()
        .flat()
        .filter((name) => name === 'MGET'),
    ).toHaveLength(1)
  })
})
