import { expectTypeOf, test } from 'vitest'
import { createHybridCache, fromEnv, type HybridCache, type Scripts } from '../../src/index.ts'
import { perInstance, waitUntil } from '../../src/platform/vercel.ts'

test('whether there are scripts is known from how the cache is made', () => {
  expectTypeOf(perInstance(() => createHybridCache({ redis: fromEnv() }))()).toEqualTypeOf<
    HybridCache<true>
  >()
  expectTypeOf(perInstance(() => createHybridCache({ redis: fromEnv() }))().scripts).toEqualTypeOf<Scripts>()
  expectTypeOf(perInstance(() => createHybridCache())().scripts).toEqualTypeOf<undefined>()
})

test('a context is what has a waitUntil', () => {
  const cacheOf = perInstance(() => createHybridCache())
  cacheOf({ waitUntil: (work: Promise<unknown>) => void work })
  // @ts-expect-error
  cacheOf({})
  expectTypeOf(waitUntil(Promise.resolve(1))).toEqualTypeOf<boolean>()
})
