import { expect, test } from 'vitest'
import { removeByPattern } from '../../../src/admin/index.ts'
import {
  compareAndSwap,
  counter,
  getAndExtend,
  list,
  setIfExists,
  setIfNotExists,
} from '../../../src/atomic/index.ts'
import type { HybridCache, WriteOptions } from '../../../src/index.ts'
import { record, World } from '../../support/world.ts'

type Cache = HybridCache<true>

const operations: readonly (readonly [string, (cache: Cache) => unknown])[] = [
  ['setIfNotExists', (cache) => setIfNotExists(cache, 'k', 1)],
  ['setIfExists', (cache) => setIfExists(cache, 'k', 1)],
  ['compareAndSwap', (cache) => compareAndSwap(cache, 'k', 1, 2)],
  ['getAndExtend', (cache) => getAndExtend(cache, 'k', '1m')],
  ['counter', (cache) => counter(cache, 'n')],
  ['list', (cache) => list(cache, 'l', { maxSize: 1 })],
  ['removeByPattern', (cache) => removeByPattern(cache, '*')],
]

test.each(operations)('%s says what to do with a cache in memory only', async (name, run) => {
  const cache = new World().memoryOnly() as Cache
  await expect(async () => run(cache)).rejects.toThrow(TypeError)
  await expect(async () => run(cache)).rejects.toThrow(
    new RegExp(`^${name} .*give createHybridCache a .redis.$`),
  )
})

test.each(operations)('%s takes a cache', async (name, run) => {
  for (const wrong of [undefined, null, {}, 'k'])
    await expect(async () => run(wrong as unknown as Cache)).rejects.toThrow(
      new RegExp(`^${name} takes a cache`),
    )
})

const misuse: readonly (readonly [string, (cache: Cache) => unknown])[] = [
  ['an empty key', (cache) => setIfNotExists(cache, '', 1)],
  ['a key that is none', (cache) => compareAndSwap(cache, 5 as unknown as string, 1, 2)],
  ['undefined to store', (cache) => setIfExists(cache, 'k', undefined)],
  ['undefined to expect', (cache) => compareAndSwap(cache, 'k', undefined, 1)],
  ['undefined to swap in', (cache) => compareAndSwap(cache, 'k', 1, undefined)],
  ['a ttl of zero', (cache) => setIfNotExists(cache, 'k', 1, { ttl: 0 })],
  ['a bad ttl of a swap', (cache) => compareAndSwap(cache, 'k', 1, 2, { ttl: -1 })],
  ['a ttl above maxTtl', (cache) => getAndExtend(cache, 'k', '31d')],
  ['no ttl', (cache) => getAndExtend(cache, 'k', undefined as unknown as number)],
  [
    'related keys that are no array',
    (cache) => getAndExtend(cache, 'k', 1, { related: 'a' as unknown as [] }),
  ],
  ['an empty related key', (cache) => getAndExtend(cache, 'k', 1, { related: [''] })],
  [
    'a thousand related keys',
    (cache) => getAndExtend(cache, 'k', 1, { related: Array.from({ length: 1000 }, (_, i) => `k${i}`) }),
  ],
  ['no L2', (cache) => setIfNotExists(cache, 'k', 1, { l2: false } as WriteOptions)],
  ['a counter without a name', (cache) => counter(cache, '')],
  ['a counter with a ttl of nonsense', (cache) => counter(cache, 'n', { ttl: 'x' as '1s' })],
  [
    'a counter that is to last for more than a hundred years',
    (cache) => counter(cache, 'n', { ttl: '40000d' }),
  ],
  [
    'a list that is to last for more than a hundred years',
    (cache) => list(cache, 'l', { maxSize: 1, ttl: '40000d' }),
  ],
  ['a list without options', (cache) => list(cache, 'l', undefined as unknown as { maxSize: 1 })],
]

test.each(misuse)('%s is a TypeError, and nothing is sent', async (_, run) => {
  const world = new World()
  const cache = (await world.warm()) as Cache
  await cache.set('k', 'kept', { l2: false })
  await expect(async () => run(cache)).rejects.toThrow(TypeError)
  expect(world.redis.take()).toEqual([])
  expect(cache.getLocal('k')).toBe('kept')
})

test.each(operations.slice(0, 4))(
  '%s rejects where Redis fails, and the copy in L1 is gone',
  async (name, run) => {
    const world = new World()
    const cache = (await world.warm({ l2: { retries: 0 } })) as Cache
    await cache.set('k', 1)
    const errors = record(cache, 'error')
    world.cut()
    await expect(async () => run(cache)).rejects.toMatchObject({ code: 'L2_NETWORK' })
    expect(errors).toMatchObject([{ operation: name }])
    expect(cache.getLocal('k')).toBeUndefined()
  },
)

test('what stores is never sent twice by itself; what reads or extends may be', async () => {
  const world = new World()
  const cache = (await world.warm()) as Cache
  world.cut()
  for (const [name, run] of operations.slice(0, 4)) {
    world.redis.take()
    const call = Promise.resolve(run(cache)).catch(() => undefined)
    for (let i = 0; i < 4; i++) await world.clock.advance(100)
    await call
    const sent = world.redis.take().filter((names) => !names.includes('MGET')) // which only looks at what became of it
    expect([name, sent.length]).toEqual([name, name === 'getAndExtend' ? 2 : 1])
  }
})
