import { expect, test } from 'vitest'
import { removeByPattern } from '../../../src/admin/index.ts'
import type { HybridCache } from '../../../src/index.ts'
import { World } from '../../support/world.ts'

type Cache = HybridCache<true>

test.each<[string, (cache: Cache) => Promise<unknown>]>([
  ['a pattern that is none', (cache) => removeByPattern(cache, 5 as unknown as string)],
  ['an empty pattern', (cache) => removeByPattern(cache, '')],
  ['half a character', (cache) => removeByPattern(cache, '\ud800*')],
  ['a pattern that is too long', (cache) => removeByPattern(cache, 'é'.repeat(10_000))],
  ['a single backslash at the end', (cache) => removeByPattern(cache, 'user:\\')],
  ['batches of nothing', (cache) => removeByPattern(cache, '*', { batchSize: 0 })],
  ['batches of a half', (cache) => removeByPattern(cache, '*', { batchSize: 0.5 })],
  ['batches that are too large', (cache) => removeByPattern(cache, '*', { batchSize: 10_001 })],
  ['no key at most', (cache) => removeByPattern(cache, '*', { maxKeys: 0 })],
])('%s is a TypeError, and nothing is sent', async (_, run) => {
  const world = new World()
  const cache = (await world.warm()) as Cache
  await expect((async () => run(cache))()).rejects.toThrow(TypeError)
  expect(world.redis.take()).toEqual([])
})
