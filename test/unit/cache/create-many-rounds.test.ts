import { describe, expect, test, vi } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { storeTagged } from '../../support/coherence.ts'
import { settle } from '../../support/manual-clock.ts'
import { Gate, record, watch, World } from '../../support/world.ts'

// Which keys of getOrCreateMany one call of the factory is for, and when.

const news = (keys: readonly string[]): Map<string, string> => new Map(keys.map((key) => [key, `new ${key}`]))
const asked = (factory: { mock: { calls: [readonly string[], ...unknown[]][] } }): string[][] =>
  factory.mock.calls.map(([keys]) => keys.toSorted())

describe('nobody works for nobody', () => {
  /** An isolate that has to ask for a tag when it has read `k`, and waits for the answer. */
  async function asking(): Promise<{ world: World; cache: HybridCache<true>; tag: Gate }> {
    const world = new World()
    await storeTagged(world)
    const cache = await world.warm()
    const tag = new Gate()
    world.redis.before = async (commands) => {
      if (commands.flat().some((part) => String(part).endsWith(':t:news'))) await tag.pass()
    }
    return { world, cache, tag }
  }

  test('who leaves while L2 is asked for one key calls no factory for the others', async () => {
    const { cache, tag } = await asking()
    const loads = record(cache, 'load')
    const controller = new AbortController()
    const factory = vi.fn(news)
    const { signal } = controller
    const many = watch(cache.getOrCreateMany(['k', 'a', 'b'], factory, { signal }))
    await tag.reached
    await settle()
    controller.abort(new Error('gone'))
    await settle()
    expect(many.error).toMatchObject({ message: 'gone' })
    tag.open()
    await settle()
    expect(factory).not.toHaveBeenCalled()
    expect(loads).toHaveLength(2) // begun and ended, as spans are
    expect(await cache.getOrCreateMany(['a'], factory)).toEqual(news(['a']))
  })

  test('but for those whom others wait for', async () => {
    const { cache, tag } = await asking()
    const controller = new AbortController()
    const factory = vi.fn(news)
    const { signal } = controller
    const many = watch(cache.getOrCreateMany(['k', 'a', 'b'], factory, { signal }))
    await tag.reached
    await settle()
    const joined = cache.getOrCreate('b', () => 'never')
    await settle()
    controller.abort(new Error('gone'))
    expect(await joined).toBe('new b')
    expect(asked(factory)).toEqual([['b']])
    expect(many.error).toMatchObject({ message: 'gone' })
    tag.open()
  })

  test('a key whose time was up before the factory began is not asked for', async () => {
    const { world, cache, tag } = await asking()
    const factory = vi.fn(news)
    const many = watch(cache.getOrCreateMany(['k', 'a'], factory, { timeout: '100ms' }))
    await tag.reached
    await settle()
    await world.clock.advance(100)
    tag.open()
    await settle()
    expect(many.error).toMatchObject({ code: 'FACTORY_TIMEOUT' })
    expect(factory).not.toHaveBeenCalled()
    expect(cache.getLocal('k')).toBe('v')
  })
})
