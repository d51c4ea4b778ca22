import { expect, test } from 'vitest'
import { explain, health, removeByPattern, warm } from '../../../src/admin/index.ts'
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

const load = async (missing: readonly string[]): Promise<Map<string, number>> =>
  new Map(missing.map((key) => [key, 1]))

test.each<[string, RegExp, (cache: Cache) => Promise<unknown>]>([
  ['a key instead of keys', /^warm takes an array/, (cache) => warm(cache, 'user:1', load)],
  ['no keys', /^warm takes an array/, (cache) => warm(cache, undefined as never, load)],
  ['null for keys', /^warm takes an array/, (cache) => warm(cache, null as never, load)],
  ['a key that is none', /^a key must/, (cache) => warm(cache, ['k', 5 as never], load)],
  ['no factory', /^warm takes a factory/, (cache) => warm(cache, ['k', 'l'], undefined as never)],
  ['values for a factory', /^warm takes a factory/, (cache) => warm(cache, ['k'], new Map() as never)],
])('to warm with %s is a TypeError that says what it takes, and nothing is sent', async (_, says, run) => {
  const world = new World()
  const cache = (await world.warm()) as Cache
  await expect(run(cache)).rejects.toThrow(TypeError)
  await expect(run(cache)).rejects.toThrow(says)
  expect(world.redis.take()).toEqual([])
})

test('keys to warm may be any collection of them', async () => {
  const cache = (await new World().warm()) as Cache
  const keys = new Map([['k', 1]]).keys()
  expect(await warm(cache, keys, load)).toEqual({ done: 1, loaded: 1, failed: 0 })
  expect(await warm(cache, new Set(['l', 'm']), load)).toEqual({ done: 2, loaded: 2, failed: 0 })
})

test.each<[string, (cache: Cache) => Promise<unknown>]>([
  ['warm', (cache) => warm(cache, ['k'], load)],
  ['explain', (cache) => explain(cache, 'k')],
  ['health', (cache) => health(cache)],
])('%s takes a cache', async (name, run) => {
  for (const wrong of [undefined, null, {}, 'k'])
    await expect(run(wrong as never)).rejects.toThrow(
      new TypeError(`${name} takes a cache, one that createHybridCache of this package made`),
    )
})
