import { expectTypeOf, test } from 'vitest'
import { createHybridCache, fromEnv, type HybridCache } from '../../src/index.ts'
import {
  createLocks,
  type Lock,
  type LockContext,
  type LockRelease,
  type Locks,
} from '../../src/lock/index.ts'

declare const cache: HybridCache<true>
declare const locks: Locks

test('a cache with Redis is taken, its namespaces too, and Redis itself', () => {
  expectTypeOf(createLocks({ cache })).toEqualTypeOf<Locks>()
  expectTypeOf(createLocks({ cache: cache.namespace('n') })).toEqualTypeOf<Locks>()
  expectTypeOf(createLocks({ cache: createHybridCache({ redis: fromEnv() }) })).toEqualTypeOf<Locks>()
  expectTypeOf(createLocks({ redis: fromEnv(), keyPrefix: 'app' })).toEqualTypeOf<Locks>()
})

test('a cache without Redis, both and neither are refused', () => {
  // @ts-expect-error
  createLocks({ cache: createHybridCache() })
  // @ts-expect-error
  createLocks({ cache, redis: fromEnv() })
  // @ts-expect-error
  createLocks({ cache, keyPrefix: 'app' })
  // @ts-expect-error
  createLocks({})
  // @ts-expect-error what a lock has no use for
  createLocks({ redis: fromEnv(), memory: {} })
})

test('acquire gives a lock or nothing', async () => {
  expectTypeOf(locks.acquire('job')).toEqualTypeOf<Promise<Lock | undefined>>()
  await using lock = await locks.acquire('job', { ttl: '10s', wait: '1s', autoExtend: true, maxHold: '1m' })
  expectTypeOf(lock).toEqualTypeOf<Lock | undefined>()
  if (lock === undefined) return
  expectTypeOf(lock.fence).toEqualTypeOf<number>()
  expectTypeOf(lock.signal).toEqualTypeOf<AbortSignal>()
  expectTypeOf(lock.extend()).toEqualTypeOf<Promise<boolean>>()
  expectTypeOf(lock.release()).toEqualTypeOf<Promise<LockRelease>>()
  expectTypeOf<LockRelease>().toEqualTypeOf<'released' | 'expired' | 'lost'>()
})

test('withLock gives what its work gives', () => {
  expectTypeOf(locks.withLock('job', {}, () => 5)).toEqualTypeOf<Promise<number>>()
  expectTypeOf(locks.withLock('job', {}, async ({ fence }) => `${fence}`)).toEqualTypeOf<Promise<string>>()
  void locks.withLock('job', { wait: false }, (context) => {
    expectTypeOf(context).toEqualTypeOf<LockContext>()
  })
  // @ts-expect-error a duration
  void locks.acquire('job', { ttl: 'soon' })
  // @ts-expect-error no work
  void locks.withLock('job', {})
})
