import { describe, expect, test } from 'vitest'
import {
  type CacheOptions,
  createHybridCache,
  type HybridCache,
  type ReadOptions,
} from '../../../src/index.ts'
import { World } from '../../support/world.ts'

/** Every call that reads with options. */
const reads: readonly (readonly [string, (cache: HybridCache, options: ReadOptions) => Promise<unknown>])[] =
  [
    ['get', (cache, options) => cache.get('k', options)],
    ['getMany', (cache, options) => cache.getMany(['k'], options)],
    ['getOrCreate', (cache, options) => cache.getOrCreate('k', () => 1, options)],
    ['getOrCreateMany', (cache, options) => cache.getOrCreateMany(['k'], () => new Map(), options)],
  ]

describe.each(reads)('%s', (_, read) => {
  test.each([
    ['null', null],
    ['a function', () => true],
    ['a validator of another kind', { parse: (value: unknown) => value }],
    ['a schema that cannot validate', { '~standard': { version: 1, vendor: 'test' } }],
  ])('with %s for a schema is a TypeError, and nothing is sent', async (_name, schema) => {
    const world = new World()
    const cache = await world.warm()
    await expect(read(cache, { schema: schema as never })).rejects.toThrow(
      /^schema must be a Standard Schema/,
    )
    expect(world.redis.take()).toEqual([])
  })

  test('takes a schema that is a function', async () => {
    const cache = await new World().warm()
    const standard = { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } as const
    const schema = Object.assign(() => true, { '~standard': standard })
    await expect(read(cache, { schema })).resolves.not.toThrow()
  })

  test("with tags and coherence: 'off' is a TypeError, and nothing is sent", async () => {
    const world = new World()
    const cache = await world.warm({ coherence: 'off' })
    await expect(read(cache, { tags: ['t'] })).rejects.toThrow("tags cannot work with coherence: 'off'")
    expect(world.redis.take()).toEqual([])
  })
})

const badTags: readonly (readonly [string, unknown])[] = [
  ['that are no array', 5],
  ['of which one is no string', ['a', 5]],
  ['of which one is empty', ['a', '']],
  ['of which one holds half a character', ['\ud800']],
  ['of which one takes more than 128 bytes', [`${'é'.repeat(64)}e`]],
  ['of which there are more than 32', Array.from({ length: 33 }, (_, i) => `t${i}`)],
]

describe.each(badTags)('tags %s', (_, tags) => {
  const bad = tags as string[]
  test.each<[string, (cache: HybridCache) => Promise<unknown>]>([
    ['set', (cache) => cache.set('k', 1, { tags: bad })],
    ['get', (cache) => cache.get('k', { tags: bad })],
    ['getMany', (cache) => cache.getMany(['k'], { tags: bad })],
    ['getOrCreate', (cache) => cache.getOrCreate('k', () => 1, { tags: bad })],
    ['removeByTag', async (cache) => cache.removeByTag(bad)],
    ['expireByTag', async (cache) => cache.expireByTag(bad)],
  ])('are a TypeError of %s, and nothing is sent', async (_name, run) => {
    const world = new World()
    const cache = await world.warm()
    await expect((async () => run(cache))()).rejects.toThrow(TypeError)
    expect(world.redis.take()).toEqual([])
  })
})

describe.each(['removeByTag', 'expireByTag'] as const)('%s', (name) => {
  test.each([undefined, null, 5, {}, new Set(['a'])])(
    'of %o is a TypeError that says what it takes, and nothing is sent',
    async (tags) => {
      const world = new World()
      const cache = await world.warm()
      await expect(cache[name](tags as never)).rejects.toThrow(
        new TypeError('a tag must be a well-formed string that is not empty'),
      )
      expect(world.redis.take()).toEqual([])
    },
  )

  test('takes 32 tags a call at most, and says so', async () => {
    const cache = await new World().warm()
    const tags = Array.from({ length: 33 }, (_, i) => `t${i}`)
    await expect(cache[name](tags)).rejects.toThrow(new TypeError('an entry or a call takes 32 tags at most'))
  })
})

test('32 tags of 128 bytes are none too many', async () => {
  const world = new World()
  const cache = await world.warm()
  const tags = Array.from({ length: 32 }, (_, i) => 'é'.repeat(63) + String(i).padStart(2, '0'))
  await cache.set('k', 1, { tags })
  expect(await cache.get('k', { l1: false })).toBe(1)
  await cache.removeByTag(tags)
  expect(await cache.get('k')).toBeUndefined()
})

test('no tags at all are nothing to remove or to expire', async () => {
  const world = new World()
  const cache = await world.warm()
  await cache.removeByTag([])
  await cache.expireByTag([])
  expect(world.redis.take()).toEqual([])
})

test.each([
  ['no collection', 5],
  ['null', null],
  ['values without keys', [5]],
  ['keys alone', ['k']],
])('setMany of %s is a TypeError, and nothing is sent', async (_, entries) => {
  const world = new World()
  const cache = await world.warm()
  await expect((async () => cache.setMany(entries as never))()).rejects.toThrow(TypeError)
  expect(world.redis.take()).toEqual([])
})

test('setMany of nothing sends nothing', async () => {
  const world = new World()
  const cache = await world.warm()
  await cache.setMany([])
  expect(world.redis.take()).toEqual([])
})

test.each<[string, CacheOptions]>([
  ['coherence that is a number', { coherence: 5 as unknown as 'off' }],
  ['coherence that is a word', { coherence: 'on' as unknown as 'off' }],
])('%s is a TypeError that says what it takes', (_, options) => {
  expect(() => createHybridCache(options)).toThrow(/coherence .*object of options, or 'off'/)
})

test('a database that loses its versions as fast as they are given is an error that may be tried again', async () => {
  const world = new World()
  const cache = await world.warm()
  world.redis.replies.set('SetEntry', 0)
  await expect(cache.set('k', 1)).rejects.toMatchObject({ code: 'L2_REPLY', retryable: true })
  expect(
    world.redis
      .take()
      .flat()
      .filter((name) => name === 'SetEntry'),
  ).toHaveLength(3)
})
