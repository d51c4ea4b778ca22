import { describe, expect, test } from 'vitest'
import { setIfExists, setIfNotExists } from '../../../src/atomic/index.ts'
import type { HybridCache } from '../../../src/index.ts'
import { due } from '../../support/coherence.ts'
import { settle } from '../../support/manual-clock.ts'
import { Origin } from '../../support/origin.ts'
import { World } from '../../support/world.ts'

// A write that leaves L2 out is of its isolate alone: it tells nothing of what others have written.

describe('V6: a write that leaves L2 out hides nothing that another isolate has ended', () => {
  const ends: Record<string, (cache: HybridCache<true>) => Promise<unknown>> = {
    remove: (cache) => cache.remove('k'),
    removeByTag: (cache) => cache.removeByTag('t'),
    clear: (cache) => cache.clear(),
  }
  const writes: Record<string, (cache: HybridCache<true>) => Promise<unknown>> = {
    set: (cache) => cache.set('here', 1, { l2: false }),
    setMany: (cache) => cache.setMany(new Map([['here', 1]]), { l2: false }),
  }

  test.each(Object.keys(ends).flatMap((end) => Object.keys(writes).map((write) => [end, write])))(
    '%s, %s',
    async (end, write) => {
      const world = new World()
      const [own, other] = [world.isolate(), world.isolate()]
      await other.set('k', 'old', { tags: ['t'], ttl: '1h' })
      expect(await own.get('k')).toBe('old')
      await ends[end as string]?.(other)
      await other.getOrCreate('seen', () => 1)
      await own.get('seen') // its stamp tells the version, and no poll is due
      await writes[write as string]?.(own)
      await world.clock.advance(due)
      await own.get('something else') // polls
      expect(await own.get('k')).toBeUndefined()
      expect(await own.get('k', { l1: false })).toBeUndefined()
    },
  )
})

test('a write that leaves L2 out leaves alone what L2 has', async () => {
  const world = new World()
  const [own, other] = [world.isolate(), world.isolate()]
  await other.set('k', 'of all')
  await other.set('later', 1)
  await own.get('later')
  const here = (): Promise<void> => own.set('k', 'of this isolate', { l2: false })
  await here()
  expect(await own.get('k')).toBe('of this isolate')
  expect(await own.get('k', { l1: false })).toBe('of all')
  await here()
  expect(await own.getOrCreate('k', () => 'never', { l1: false })).toBe('of all')
  await here()
  expect(await setIfNotExists(own, 'k', 'new')).toBe(false)
  await here()
  expect(await setIfExists(own, 'k', 'new')).toBe(true)
})

test.each<[string, (cache: HybridCache<true>) => Promise<unknown>]>([
  ['get', (cache) => cache.get('k')],
  ['getOrCreate', (cache) => cache.getOrCreate('k', () => 'made')],
])('a write that leaves L2 out is not replaced by a %s that began beside it', async (name, read) => {
  const cache = await new World().warm()
  await cache.set(name === 'get' ? 'k' : 'other', 'of all')
  await Promise.all([cache.set('k', 'of this isolate', { l2: false }), read(cache)])
  expect(await cache.get('k')).toBe('of this isolate')
})

test('of two writes beside each other that leave L2 out the later one stays', async () => {
  const cache = await new World().warm()
  await cache.set('k', 'of all')
  await Promise.all([cache.set('k', 'first', { l2: false }), cache.set('k', 'second', { l2: false })])
  expect(await cache.get('k')).toBe('second')
  await Promise.all([cache.set('k', 'first', { l2: false }), cache.setMany([['k', 'third']], { l2: false })])
  expect(await cache.get('k')).toBe('third')
  await Promise.all([cache.set('k', 'first', { l2: false }), cache.set('k', 'fourth')])
  expect(cache.getLocal('k')).toBe('fourth')
})

test('a write that leaves L2 out keeps no load from L2', async () => {
  const world = new World()
  const [own, other] = [await world.warm(), await world.warm()]
  const origin = new Origin<string>()
  const load = own.getOrCreate('k', origin.factory)
  await settle()
  await own.set('k', 'of this isolate', { l2: false })
  origin.last.finish('made')
  expect(await load).toBe('made')
  await settle()
  expect(await own.get('k')).toBe('of this isolate')
  expect(await other.get('k')).toBe('made')
})
