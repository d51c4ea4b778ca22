import { describe, expect, test } from 'vitest'
import type { EntryOptions } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { record, watch, World } from '../../support/world.ts'

describe('l2.softTimeout', () => {
  /** Redis takes three quarters of a second. */
  async function slowRedis(given: EntryOptions, softTimeout?: number) {
    const world = new World()
    const cache = await world.warm(softTimeout === undefined ? {} : { l2: { softTimeout } })
    await cache.set('k', 'old', { ttl: '10s', ...given })
    await world.clock.advance(10_000)
    world.redis.before = () => new Promise((resolve) => void world.clock.setTimeout(resolve, 750))
    return { world, cache }
  }

  test.each([
    [undefined, 300],
    [100, 100],
    [5000, 750],
  ] as const)('%s: a stale copy in L1 is given after %i ms', async (soft, ms) => {
    const { world, cache } = await slowRedis({ swr: '1m' }, soft)
    const events = record(cache, 'stale')
    const call = watch(cache.getOrCreate('k', () => 'new', { ttl: '10s', swr: '1m' }))
    await world.clock.advance(ms - 1)
    expect(call).toEqual({})
    await world.clock.advance(1)
    expect(call).toEqual({ value: 'old' })
    expect(events).toEqual([{ reason: ms === 750 ? 'swr' : 'timeout', age: ms }])
    await world.clock.advance(5000)
    expect(cache.getLocal('k')).toBe('new')
  })

  test('who has none waits', async () => {
    const { world, cache } = await slowRedis({ staleIfError: '1m' })
    const call = watch(cache.getOrCreate('k', () => 'new', { ttl: '10s' }))
    await world.clock.advance(749)
    expect(call).toEqual({})
    await world.clock.advance(751)
    expect(call).toEqual({ value: 'new' })
  })

  test('what has gone past its window by then is not given', async () => {
    const { world, cache } = await slowRedis({ staleIfError: 300 })
    const call = watch(cache.getOrCreate('k', () => 'new', { ttl: '10s', staleIfError: 300 }))
    await world.clock.advance(300)
    await settle()
    expect(call).toEqual({})
    await world.clock.advance(1200)
    expect(call).toEqual({ value: 'new' })
  })
})
