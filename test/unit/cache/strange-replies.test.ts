import { describe, expect, test } from 'vitest'
import { explain, health, removeByPattern } from '../../../src/admin/index.ts'
import {
  compareAndSwap,
  counter,
  getAndExtend,
  list,
  setIfExists,
  setIfNotExists,
} from '../../../src/atomic/index.ts'
import { type HybridCache, isCacheError, RedisReplyError, type Reply } from '../../../src/index.ts'
import { World } from '../../support/world.ts'

/** More than fits on a call stack. */
let deep: unknown = 0
for (let i = 0; i < 100_000; i++) deep = [deep]

const strange: readonly unknown[] = [
  7,
  -1,
  1.5,
  'OK',
  '',
  null,
  true,
  {},
  [],
  [null],
  [1],
  [1, 2, 3],
  ['a', 'b', 'c'],
  [1, 7, null],
  [0, 7, 'none'],
  [0, null, 'x'],
  [[]],
  deep,
  [deep, deep],
  [deep, deep, deep],
]

const names = [
  'MGET',
  'GET',
  'TIME',
  'ZRANGE',
  'LRANGE',
  'SCAN',
  'GETRANGE',
  'SET',
  'DEL',
  'SetEntry',
  'RemoveEntries',
  'ExpireEntries',
  'InvalidateTags',
  'LeaseEntry',
  'CommitEntry',
  'FillEntry',
  'SlideEntry',
  'SeedVersions',
  'SetEntryIfExists',
  'SetEntryIfNotExists',
  'CompareAndSwapEntry',
  'GetAndExtendEntries',
  'IncrementWithExpiration',
  'AppendToLimitedList',
]

const stale = { ttl: '1h', staleIfError: '1h', swr: '1h', tags: ['t'] } as const
const writes: Readonly<Record<string, (cache: HybridCache<true>) => Promise<unknown>>> = {
  set: (cache) => cache.set('k', 1, { tags: ['t'] }),
  setMany: (cache) => cache.setMany([['k', 1]]),
  remove: (cache) => cache.remove(['k', 'l']),
  expire: (cache) => cache.expire('k'),
  removeByTag: (cache) => cache.removeByTag('t'),
  clear: (cache) => cache.clear(),
  setIfNotExists: (cache) => setIfNotExists(cache, 'k', 1),
  setIfExists: (cache) => setIfExists(cache, 'k', 1),
  compareAndSwap: (cache) => compareAndSwap(cache, 'k', 1, 2),
  getAndExtend: (cache) => getAndExtend(cache, 'k', '1h'),
  counter: (cache) => counter(cache, 'c').increment(),
  'counter of bigints': (cache) => counter(cache, 'c', { bigint: true, ttl: '1h' }).increment(),
  'counter get': (cache) => counter(cache, 'c', { bigint: true }).get(),
  list: (cache) => list(cache, 'q', { maxSize: 2 }).append(1),
  'list read': (cache) => list(cache, 'q', { maxSize: 2 }).read(),
  removeByPattern: (cache) => removeByPattern(cache, '*'),
}
const reads: Readonly<Record<string, (cache: HybridCache<true>) => Promise<unknown>>> = {
  get: (cache) => cache.get('k', { tags: ['t'] }),
  getMany: (cache) => cache.getMany(['k', 'l']),
  getOrCreate: (cache) => cache.getOrCreate('k', () => 1, stale),
  'getOrCreate, in the fleet': (cache) => cache.getOrCreate('k', () => 1, { ...stale, stampede: 'global' }),
  'getOrCreate, anew': (cache) => cache.getOrCreate('k', () => 1, { ...stale, forceRefresh: true }),
  getOrCreateMany: (cache) =>
    cache.getOrCreateMany(['k', 'l'], async (keys) => new Map(keys.map((key) => [key, 1]))),
  'a sliding entry': (cache) => cache.get('sliding'),
  explain: (cache) => explain(cache, 'k'),
  health: (cache) => health(cache),
}

/** An entry is there, another isolate has it too, and from now on one command is answered with nonsense. */
async function world(name: string, reply: unknown): Promise<HybridCache<true>> {
  const each = new World()
  const other = await each.warm()
  await other.set('k', 1, { ...stale, ttl: '1h' })
  await other.set('sliding', 1, { sliding: '1m', ttl: '1h' })
  await each.clock.advance(40_000)
  const cache = (await each.warm({ coherence: { interval: '1ms' }, breaker: 'off' })) as HybridCache<true>
  await each.clock.advance(1000)
  each.redis.replies.set(name, reply as Reply)
  return cache
}

describe.each(names)('a strange reply to %s', (name) => {
  test.each(Object.entries(reads))('fails no %s', async (_, read) => {
    for (const reply of strange) {
      const value = await read(await world(name, reply))
      if (_.startsWith('getOrCreate,') || _ === 'getOrCreate') expect(value).toBe(1)
    }
  })

  test.each(Object.entries(writes))('ends a %s, if at all, with an error of the cache', async (_, write) => {
    for (const reply of strange) {
      const error: unknown = await write(await world(name, reply)).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (error !== undefined && !isCacheError(error)) throw error
    }
  })
})

test('what goes on behind a call rejects for no reply', async () => {
  for (const reply of strange) {
    const each = new World()
    const work: Promise<unknown>[] = []
    const cache = await each.warm({ waitUntil: (promise) => work.push(promise) })
    await cache.set('k', 1, { sliding: '1m' })
    await each.clock.advance(40_000)
    each.redis.replies.set('SlideEntry', reply as Reply)
    expect(await cache.get('k')).toBe(1)
    expect(work).toHaveLength(1)
    await Promise.all(work)
  }
})

describe('a stale value in L1 stands in for a load that fails, where Redis', () => {
  const down = (): never => {
    throw new Error('the origin is down')
  }
  const ended = async (): Promise<[World, HybridCache<true>]> => {
    const each = new World()
    const cache = (await each.warm({ localTtl: '1h', breaker: 'off' })) as HybridCache<true>
    await cache.set('k', 'old', { ttl: '1s', staleIfError: '3h' })
    await each.clock.advance('2s')
    return [each, cache]
  }

  test.each([
    ['is loading', new RedisReplyError('LOADING Redis is loading the dataset in memory')],
    ['is busy', new RedisReplyError('BUSY Redis is busy running a script')],
    [
      'has lost its master',
      new RedisReplyError("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
    ],
    ['gives a reply of the wrong type', 7],
  ])('%s', async (_, reply) => {
    const [each, cache] = await ended()
    each.redis.replies.set('GET', reply)
    expect(await cache.getOrCreate('k', down, { staleIfError: '1h' })).toBe('old')
  })

  test.each([3_600_000, -3_600_000])('answers while the wall clock is set by %d ms', async (by) => {
    const [each, cache] = await ended()
    each.redis.before = () => each.clock.set(each.clock.now() + by)
    expect(await cache.getOrCreate('k', down, { staleIfError: '3h' })).toBe('old')
  })

  test('gives too few replies', async () => {
    const [each, cache] = await ended()
    const { send } = each.redis
    each.redis.send = async (...words) => (await send.apply(each.redis, words)).slice(1)
    expect(await cache.getOrCreate('k', down, { staleIfError: '1h' })).toBe('old')
  })
})
