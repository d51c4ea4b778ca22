import { describe, expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { World } from '../../support/world.ts'

function fails(): never {
  throw new Error('the origin is ill')
}

const ways: Record<string, (cache: HybridCache) => Promise<void>> = {
  'its key': (cache) => cache.expire('k'),
  'its key, twice': async (cache) => {
    await cache.expire('k')
    await cache.expire('k')
  },
  'a tag': (cache) => cache.expireByTag('t'),
}

const places = ['in memory only', 'in the isolate that did', 'in another isolate'] as const
const cases = places.flatMap((where) => Object.keys(ways).map((way) => [way, where] as const))

describe.each(cases)('what %s has expired, %s', (way, where) => {
  const expired = async (options: object): Promise<{ world: World; reader: HybridCache }> => {
    const world = new World()
    const writer = where === 'in memory only' ? world.memoryOnly() : await world.warm()
    await writer.set('k', 'old', { ttl: '5m', tags: ['t'], ...options })
    await ways[way]?.(writer)
    return { world, reader: where === 'in another isolate' ? await world.warm() : writer }
  }

  test('stands in where it was stored with a stale window', async () => {
    const { world, reader } = await expired({ staleIfError: '1h' })
    await world.clock.advance('6m')
    expect(await reader.get('k')).toBeUndefined()
    expect(await reader.getOrCreate('k', fails, { staleIfError: '2m' })).toBe('old')
    expect(await reader.getOrCreate('k', () => 'new', { swr: '1h', forceRefresh: true })).toBe('new')
  })

  test.each([
    ['was stored without one', {}],
    ['is never to be given away stale', { swr: false, staleIfError: false }],
    ['slides', { sliding: '1m' }],
  ])('does not where it %s', async (_, options) => {
    const { reader } = await expired(options)
    await expect(reader.getOrCreate('k', fails, { staleIfError: '1h' })).rejects.toThrow('ill')
  })

  test('is offered to the factory all the same', async () => {
    const { reader } = await expired({})
    expect(await reader.getOrCreate('k', (ctx) => `${String(ctx.stale?.value)} and new`)).toBe('old and new')
  })
})
