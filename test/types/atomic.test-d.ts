import { expectTypeOf, test } from 'vitest'
import { removeByPattern } from '../../src/admin/index.ts'
import {
  compareAndSwap,
  type Counter,
  counter,
  type CounterOptions,
  getAndExtend,
  type List,
  list,
  setIfExists,
  setIfNotExists,
} from '../../src/atomic/index.ts'
import { createHybridCache, fromEnv, type HybridCache } from '../../src/index.ts'

declare const cache: HybridCache<true>

test('a cache with Redis is taken, namespaces and bound views of it too', () => {
  expectTypeOf(setIfNotExists(cache, 'k', 1, { ttl: '1m' })).toEqualTypeOf<Promise<boolean>>()
  expectTypeOf(setIfExists(cache.namespace('n'), 'k', 1)).toEqualTypeOf<Promise<boolean>>()
  expectTypeOf(compareAndSwap(cache, 'k', 1, 2)).toEqualTypeOf<Promise<boolean>>()
  expectTypeOf(removeByPattern(cache, 'k*', { dryRun: true })).toEqualTypeOf<Promise<number>>()
  expectTypeOf(counter(createHybridCache({ redis: fromEnv() }), 'n')).toEqualTypeOf<Counter>()
})

test('a counter whose options are not known gives what it may give', () => {
  const options: CounterOptions = { ttl: '2d' }
  expectTypeOf(counter(cache, 'n', options)).toEqualTypeOf<Counter<number | bigint>>()
  const bigint = options.bigint === true
  expectTypeOf(counter(cache, 'n', { bigint })).toEqualTypeOf<Counter<number | bigint>>()
  expectTypeOf(counter(cache, 'n', { ttl: '2d' })).toEqualTypeOf<Counter>()
  expectTypeOf(counter(cache, 'n', { bigint: undefined })).toEqualTypeOf<Counter>()
  expectTypeOf(counter(cache, 'n', { bigint: true })).toEqualTypeOf<Counter<bigint>>()
})

test('a cache without Redis is refused', () => {
  const memoryOnly = createHybridCache()
  // @ts-expect-error
  void setIfNotExists(memoryOnly, 'k', 1)
  // @ts-expect-error
  void setIfExists(memoryOnly, 'k', 1)
  // @ts-expect-error
  void compareAndSwap(memoryOnly, 'k', 1, 2)
  // @ts-expect-error
  void getAndExtend(memoryOnly, 'k', '1m')
  // @ts-expect-error
  void removeByPattern(memoryOnly, '*')
  // @ts-expect-error
  counter(memoryOnly, 'n')
  // @ts-expect-error
  list(memoryOnly, 'l', { maxSize: 1 })
})

test('L2 cannot be left out', () => {
  // @ts-expect-error
  void setIfNotExists(cache, 'k', 1, { l2: false })
  // @ts-expect-error
  void getAndExtend(cache, 'k', '1m', { l2: false })
})

test('values have the type that the caller says', () => {
  expectTypeOf(getAndExtend(cache, 'k', '1m')).toEqualTypeOf<Promise<unknown>>()
  expectTypeOf(getAndExtend<number>(cache, 'k', 5, { related: ['a'] })).toEqualTypeOf<
    Promise<number | undefined>
  >()
  expectTypeOf(list<string>(cache, 'l', { maxSize: 1 })).toEqualTypeOf<List<string>>()
  expectTypeOf(list<string>(cache, 'l', { maxSize: 1 }).read()).toEqualTypeOf<Promise<string[]>>()
  // @ts-expect-error a number where strings are kept
  void list<string>(cache, 'l', { maxSize: 1 }).append(1)
  // @ts-expect-error a list has a limit
  list(cache, 'l')
})

test('a counter gives numbers, or bigints where they are asked for', () => {
  expectTypeOf(counter(cache, 'n').increment()).toEqualTypeOf<Promise<number>>()
  expectTypeOf(counter(cache, 'n', { ttl: '1d' }).get()).toEqualTypeOf<Promise<number>>()
  expectTypeOf(counter(cache, 'n', { bigint: true }).increment(5)).toEqualTypeOf<Promise<bigint>>()
})
