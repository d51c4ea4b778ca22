import { describe, expect, test } from 'vitest'
import { createHybridCache, type HybridCache } from '../../src/index.ts'
import { FaultSwitch, ManualClock, MemoryTransport } from '../../src/testing/index.ts'
import { watch } from '../support/world.ts'

const second = 1000

/** Isolates on one database, each with a line of its own that can be cut: as one that has died. */
function fleet(): { clock: ManualClock; isolate: () => { cache: HybridCache<true>; line: FaultSwitch } } {
  const clock = new ManualClock()
  const memory = new MemoryTransport({ clock })
  return {
    clock,
    isolate: () => {
      const line = new FaultSwitch(memory, { clock })
      return { line, cache: createHybridCache({ redis: line, clock, breaker: 'off' }) }
    },
  }
}

const global = { stampede: 'global', ttl: '1h' } as const
const never = (): Promise<string> => new Promise(() => undefined)

describe('a leader that dies', () => {
  test('with its lease holds others up for no longer than that lasts', async () => {
    const { clock, isolate } = fleet()
    const [leader, other] = [isolate(), isolate()]
    watch(leader.cache.getOrCreate('k', never, { ...global, timeout: '2s' }))
    await clock.advance(100)
    leader.line.inject({ fault: 'silence' })
    const waiting = watch(other.cache.getOrCreate('k', () => 'made', global))
    await clock.advance(1 * second)
    expect(waiting).toEqual({})
    await clock.advance(3 * second)
    expect(waiting).toEqual({ value: 'made' })
  })

  test('while its commit is on its way stores nothing late over what came after', async () => {
    const { clock, isolate } = fleet()
    const [leader, other] = [isolate(), isolate()]
    await other.cache.get('warm-up')
    leader.line.inject({ fault: 'delay', latency: '900ms', on: 'CommitEntry' })
    const late = watch(leader.cache.getOrCreate('k', () => 'old', global))
    await clock.advance(500)
    await other.cache.remove('k')
    await clock.advance(1 * second)
    expect(late).toEqual({ value: 'old' })
    expect(await other.cache.get('k')).toBeUndefined()
    expect(await isolate().cache.get('k')).toBeUndefined()
  })

  test('leaves nothing that keeps a key from being loaded, by any kind of call', async () => {
    const { clock, isolate } = fleet()
    const [leader, other] = [isolate(), isolate()]
    watch(leader.cache.getOrCreate('k', never, global))
    await clock.advance(100)
    leader.line.inject({ fault: 'silence' })
    expect(await other.cache.get('k')).toBeUndefined()
    expect(await other.cache.getOrCreate('k', () => 'mine', { ttl: '1h' })).toBe('mine')
    await other.cache.set('k', 'set')
    expect(await other.cache.getOrCreate('k', () => 'no', global)).toBe('set')
  })
})

describe.each([-3_600_000, 3_600_000])('a wall clock that jumps by %d ms', (jump) => {
  test('neither brings back what was removed nor keeps what has ended', async () => {
    const { clock, isolate } = fleet()
    const { cache } = isolate()
    await cache.set('removed', 1, { ttl: '1d' })
    await cache.set('short', 1, { ttl: '1m' })
    await cache.remove('removed')
    clock.set(clock.now() + jump)
    expect(await cache.get('removed')).toBeUndefined()
    await clock.advance('2m')
    expect(await cache.get('short', { l1: false })).toBeUndefined()
    await cache.set('after', 2, { ttl: '1m' })
    expect(await cache.get('after')).toBe(2)
    await clock.advance('61s')
    expect(await cache.get('after')).toBeUndefined()
  })
})
