import { describe, expect, test, vi } from 'vitest'
import { due, versionOf } from '../../support/coherence.ts'
import { World } from '../../support/world.ts'

describe('a database without versions', () => {
  test('holds nothing that is believed: a get is a miss, and seeds nothing', async () => {
    const world = new World()
    await (await world.warm()).set('k', 'old')
    world.redis.versions.clear()
    world.redis.sets.clear()
    const cache = world.isolate()
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getMany(['k'])).toEqual(new Map())
    expect(world.redis.versions.size).toBe(0)
  })

  test('is still one when somebody has just counted in it, and not seeded it yet', async () => {
    const world = new World()
    await (await world.warm()).set('k', 'old')
    world.redis.versions.clear()
    world.redis.versions.set('hc:m:v', { value: '1', expires: Infinity })
    const cache = world.isolate()
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getOrCreate('k', () => 'new')).toBe('new')
    expect(versionOf(world)).toBeGreaterThan(1e12)
  })

  test('is given some by a load before its factory, and what that makes is stored', async () => {
    const world = new World({ unseeded: true })
    const cache = world.isolate()
    const factory = vi.fn(() => {
      expect(versionOf(world)).toBeGreaterThan(1e12)
      return 'made'
    })
    expect(await cache.getOrCreate('k', factory)).toBe('made')
    expect(world.redis.take()).toEqual([['MGET', 'TIME', 'GET'], ['SeedVersions'], ['MGET'], ['SET']])
    expect(await world.isolate().get('k')).toBe('made')
    expect(cache.getLocal('k')).toBe('made')
  })

  test.each<[string, (cache: Awaited<ReturnType<World['warm']>>) => Promise<void>]>([
    ['set', (cache) => cache.set('k', 1)],
    ['remove', (cache) => cache.remove('k')],
    ['removeByTag', (cache) => cache.removeByTag('t')],
    ['expire', (cache) => cache.expire('k')],
    ['clear', (cache) => cache.clear()],
  ])('is given some by a %s, which is then done', async (_, write) => {
    const world = new World({ unseeded: true })
    const cache = world.isolate()
    await write(cache)
    expect(versionOf(world)).toBe(world.clock.now() * 1000 + 1)
    expect(world.redis.sets.get('hc:m:log')?.size).toBe(_ === 'clear' ? 1 : 2)
  })

  test('that it lost is noticed by the next check, and what L1 had is gone', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old')
    world.redis.flush()
    await world.clock.advance(due)
    expect(await cache.get('other')).toBeUndefined()
    expect(cache.getLocal('k')).toBeUndefined()
    await cache.set('k', 'new')
    expect(await world.isolate().get('k')).toBe('new')
    expect(await cache.get('k')).toBe('new')
  })

  test('that it lost is noticed where a tag is asked for', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old')
    world.redis.flush()
    expect(await cache.get('other', { tags: ['t'] })).toBeUndefined()
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test('V10, V25: that it lost and another gave anew is noticed too; a fill from before is dead', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old', { tags: ['t'] })
    const bytes = world.redis.values.get('hc:e:k')
    world.redis.flush()
    await world.clock.advance(1)
    const other = world.isolate()
    await other.set('x', 1)
    if (bytes !== undefined) world.redis.values.set('hc:e:k', bytes) // it arrives late
    expect(await other.get('k')).toBeUndefined()
    await world.clock.advance(due)
    expect(await cache.get('x')).toBe(1)
    expect(await cache.get('k')).toBeUndefined()
  })

  test('V10: a tag that is asked for brings the version of everything', async () => {
    const world = new World()
    const cache = await world.warm()
    const bytes = await storedBytes(world)
    world.redis.flush()
    await world.clock.advance(1)
    await world.isolate().set('x', 1)
    world.redis.values.set('hc:e:k', { value: bytes, expires: Infinity })
    expect(await cache.get('k', { l1: false, tags: ['t'] })).toBeUndefined()
  })

  /** The bytes of an entry `k` with a tag. */
  async function storedBytes(world: World): Promise<string> {
    await (await world.warm()).set('k', 'old', { tags: ['t'] })
    return world.redis.values.get('hc:e:k')?.value ?? ''
  }
})
