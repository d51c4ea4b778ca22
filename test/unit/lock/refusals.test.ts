import { expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { createLocks, type LockOptions, type Locks, type LocksOfCache } from '../../../src/lock/index.ts'
import { LockWorld } from './support.ts'

type Wrong = LocksOfCache

test('a cache in memory only is refused, with what to do', () => {
  const cache = new LockWorld().memoryOnly() as HybridCache<true>
  expect(() => createLocks({ cache })).toThrow(/^createLocks needs Redis.*give createHybridCache a .redis.$/)
})

test.each([
  ['nothing', undefined],
  ['null', null],
  ['no source', {}],
  ['both', { cache: new LockWorld().isolate(), redis: { url: 'http://localhost', token: 't' } }],
  ['something else than a cache', { cache: {} }],
  ['something else than a database', { redis: 5 }],
  ['a bad prefix', { redis: { url: 'http://localhost', token: 't' }, keyPrefix: 'a b' }],
])('createLocks refuses %s', (_, options) => {
  expect(() => createLocks(options as unknown as Wrong)).toThrow(TypeError)
})

test('createLocks says that it takes one of two', () => {
  const redis = { url: 'http://localhost', token: 't' }
  for (const wrong of [{}, { cache: new LockWorld().isolate(), redis }])
    expect(() => createLocks(wrong as unknown as Wrong)).toThrow(
      /^createLocks takes either \{ cache \}.* or \{ redis \}$/,
    )
})

const badOptions: readonly (readonly [string, LockOptions])[] = [
  ['a ttl of zero', { ttl: 0 }],
  ['a ttl of nonsense', { ttl: 'soon' as '1s' }],
  ['a ttl beyond what timers take', { ttl: '25d' }],
  ['a wait of zero', { wait: 0 }],
  ['a wait without an end', { wait: Infinity }],
  ['a wait that is no duration', { wait: true as unknown as false }],
  ['a negative poll', { poll: -1 }],
  ['an autoExtend that is no boolean', { autoExtend: 'yes' as unknown as boolean }],
  ['a maxHold below ttl', { ttl: '10s', maxHold: '9s' }],
  ['a maxHold of nonsense', { maxHold: Number.NaN }],
  ['options that are none', 'x' as LockOptions],
  ['null for options', null as unknown as LockOptions],
]

const keys: readonly (readonly [string, unknown])[] = [
  ['an empty name', ''],
  ['a name that is none', 5],
  ['a name with a lone surrogate', '\ud800'],
  ['a name that is too long', 'x'.repeat(1025)],
]

const calls: readonly (readonly [string, (locks: Locks, key: string, options: LockOptions) => unknown])[] = [
  ['acquire', (locks, key, options) => locks.acquire(key, options)],
  ['withLock', (locks, key, options) => locks.withLock(key, options, () => 1)],
]

test.each(calls)('%s refuses bad input before anything is sent', async (_, call) => {
  const world = new LockWorld()
  const locks = world.locks()
  for (const [what, options] of badOptions)
    await expect(async () => call(locks, 'job', options), what).rejects.toThrow(TypeError)
  for (const [what, key] of keys)
    await expect(async () => call(locks, key as string, {}), what).rejects.toThrow(TypeError)
  expect(world.redis.take()).toEqual([])
})

test('withLock refuses what is no function', async () => {
  const world = new LockWorld()
  await expect(world.locks().withLock('job', {}, undefined as unknown as () => 1)).rejects.toThrow(
    'withLock takes a function',
  )
  expect(world.redis.take()).toEqual([])
})

test('createLocks sends nothing and starts no timer', () => {
  const world = new LockWorld()
  createLocks({ redis: world.redis, clock: world.clock })
  expect(world.redis.take()).toEqual([])
  expect(world.clock.pending).toBe(0)
})
