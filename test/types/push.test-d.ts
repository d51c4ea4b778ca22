import { expectTypeOf, test } from 'vitest'
import {
  type CacheStats,
  createHybridCache,
  fromEnv,
  type HybridCache,
  type PushChannel,
  type PushStats,
  type Transport,
} from '../../src/index.ts'
import { push } from '../../src/push/index.ts'

test('push is a value for coherence.push, and nothing else is', () => {
  expectTypeOf(push()).toEqualTypeOf<PushChannel>()
  expectTypeOf(createHybridCache({ redis: fromEnv(), coherence: { push: push() } })).toEqualTypeOf<
    HybridCache<true>
  >()
  createHybridCache({ redis: fromEnv(), coherence: { push: undefined } })
  // @ts-expect-error not a flag
  createHybridCache({ redis: fromEnv(), coherence: { push: true } })
  // @ts-expect-error it is to be called
  createHybridCache({ redis: fromEnv(), coherence: { push } })
  // @ts-expect-error a boolean
  push({ listen: 'no' })
})

test('what it did is in the statistics, and a transport need not listen', () => {
  expectTypeOf<CacheStats['push']>().toEqualTypeOf<PushStats | undefined>()
  expectTypeOf<{ send: Transport['send'] }>().toExtend<Transport>()
})
