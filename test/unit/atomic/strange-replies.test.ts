import { describe, expect, test } from 'vitest'
import { removeByPattern } from '../../../src/admin/index.ts'
import { counter, getAndExtend, setIfExists, setIfNotExists } from '../../../src/atomic/index.ts'
import { createHybridCache, type HybridCache, RedisReplyError } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { record, World } from '../../support/world.ts'

type Cache = HybridCache<true>

async function warm(options = {}): Promise<{ world: World; cache: Cache }> {
  const world = new World()
  return { world, cache: (await world.warm(options)) as Cache }
}

describe('a counter', () => {
  test('is nothing that is no number, and a number that is too large only as a bigint', async () => {
    const { world, cache } = await warm()
    const [plain, big] = [counter(cache, 'n'), counter(cache, 'n', { bigint: true })]
    expect(await plain.get()).toBe(0)
    world.redis.replies.set('GET', '9007199254740993')
    await expect(plain.get()).rejects.toMatchObject({ code: 'L2_REPLY' })
    expect(await big.get()).toBe(9007199254740993n)
    world.redis.replies.set('GET', 'text')
    await expect(plain.get()).rejects.toMatchObject({ code: 'L2_REPLY' })
    await expect(big.get()).rejects.toMatchObject({ code: 'L2_REPLY' })
  })

  test.each([0.5, NaN, 2 ** 53, '1', null])(
    'counts by whole numbers: %s is a TypeError, and nothing is sent',
    async (by) => {
      const { world, cache } = await warm()
      await expect(counter(cache, 'n').increment(by as number)).rejects.toThrow(TypeError)
      await expect(counter(cache, 'n').increment(2n ** 63n)).rejects.toThrow(TypeError)
      expect(world.redis.take()).toEqual([])
    },
  )

  test('takes up to 64 bits, and tells the sum', async () => {
    const { world, cache } = await warm()
    world.redis.replies.set('IncrementWithExpiration', '-12')
    expect(await counter(cache, 'n', { ttl: '1m' }).increment(-12)).toBe(-12)
    expect(await counter(cache, 'n', { bigint: true }).increment(2n ** 63n - 1n)).toBe(-12n)
    expect(world.redis.requests.at(-1)?.at(0)?.slice(-2)).toEqual(['9223372036854775807', '0'])
    await counter(cache, 'n').reset()
  })
})

describe('a conditional write', () => {
  test('gives up, to be tried again, where the entry changes as fast as it is looked at', async () => {
    const { world, cache } = await warm()
    world.redis.replies.set('SetEntryIfExists', [-3, 0, 'tags'])
    await expect(setIfExists(cache, 'k', 1)).rejects.toMatchObject({ code: 'L2_REPLY', retryable: true })
  })

  test.each([
    ['no list', 5],
    ['words', ['1', '2', null]],
    ['a version before any', [1, 7, null]],
    ['tags that it does not name', [-3, 0, null]],
  ])('refuses %s for an answer', async (_, reply) => {
    const { world, cache } = await warm()
    world.redis.replies.set('SetEntryIfNotExists', reply)
    await expect(setIfNotExists(cache, 'k', 1)).rejects.toMatchObject({ code: 'L2_REPLY' })
  })

  test('tells no log of it where there is none', async () => {
    const { world, cache } = await warm({ coherence: 'off' })
    world.redis.replies.set('SetEntryIfNotExists', [1, 1_700_000_000_000_001, null])
    expect(await setIfNotExists(cache, 'k', 1)).toBe(true)
    expect(
      world.redis.requests
        .flat()
        .flat()
        .filter((word) => String(word).includes('m:log')),
    ).toEqual([])
  })
})

test('where what a tag condemned cannot be removed, getAndExtend gives nothing all the same', async () => {
  const { world, cache } = await warm({ l2: { retries: 0 }, maxTtl: '1h' })
  const errors = record(cache, 'error')
  await cache.set('k', 'v', { tags: ['t'], ttl: '10m' })
  await cache.removeByTag('t')
  await world.clock.advance('1m')
  world.redis.replies.set('FillEntry', new RedisReplyError('NOPERM no'))
  const value = await getAndExtend(cache, 'k', '1h').catch((error: unknown) => error)
  expect(value).toBeUndefined()
  await settle()
  expect(errors.map(({ operation }) => operation)).toEqual(['getAndExtend'])
})

test.each<[string, unknown]>([
  ['a cursor that is none', ['x', []]],
  ['keys that are none', ['0', 5]],
  ['a key that is none', ['0', [5]]],
])('removeByPattern refuses a page with %s', async (_, page) => {
  const cache = createHybridCache({ redis: { send: async (commands) => commands.map(() => page as never) } })
  await expect(removeByPattern(cache, '*')).rejects.toMatchObject({ code: 'L2_REPLY' })
})
