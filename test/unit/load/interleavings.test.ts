import fc from '../../support/fc.ts'
import { describe, expect, test, vi } from 'vitest'
import type { CacheOptions, EntryOptions } from '../../../src/index.ts'
import { type End, LoadModel, type Step } from '../../support/load-model.ts'

// Callers that come, leave and differ, writes, failures and the passing of time, in any order.

const key = fc.constantFrom('a', 'b')
const pick = fc.nat(20)
const some = <T>(...values: T[]): fc.Arbitrary<T | undefined> =>
  fc.option(fc.constantFrom(...values), { nil: undefined, freq: 3 })

const options = fc
  .record({
    l1: some(false),
    l2: some(false),
    stampede: some('off', 'global'),
    forceRefresh: some(true),
    timeout: some(50, 400, 3000),
    softTimeout: some(20, 200),
    swr: some(500, 10_000),
    staleIfError: some(500, 10_000),
    ttl: some(1000),
    localTtl: some(20_000),
  })
  .map(
    (given) =>
      Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as EntryOptions,
  )

const steps: fc.WeightedArbitrary<Step>[] = [
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('call' as const), key, options, leaves: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('leave' as const), pick }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      pick,
      end: fc.constantFrom<End>(
        'value',
        'value',
        'value',
        'null',
        'undefined',
        'skip',
        'fail',
        'fail',
        'function',
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('set', 'remove', 'removeLocal'), key }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(1, 60, 300, 1500) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('redis' as const), works: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
]
const death = { weight: 2, arbitrary: fc.record({ do: fc.constant('die' as const), pick }) }

describe.each<[string, CacheOptions, boolean, boolean]>([
  ['requests share promises', {}, false, false],
  ['the platform keeps work alive', { waitUntil: () => undefined }, false, false],
  ['requests share nothing', {}, true, false],
  ['requests share nothing, and are kept alive', { waitUntil: () => undefined }, true, false],
  ['memory only', {}, false, false],
  ['requests share nothing, and die', {}, true, true],
  [
    'requests share nothing, are kept alive, and die all the same',
    { waitUntil: () => undefined },
    true,
    true,
  ],
])('%s', (name, settings, bound, mortal) => {
  test('one load a generation, nobody hangs, nothing is left, no reason and no old value reaches another', async () => {
    if (bound) vi.stubGlobal('WebSocketPair', true)
    expect.hasAssertions()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(...steps, ...(mortal ? [death] : [])), { minLength: 5, maxLength: 40 }),
        async (history) => {
          const model = new LoadModel(name === 'memory only' ? 'memoryOnly' : 'isolate', settings, mortal)
          await model.start()
          for (const each of history) {
            await model.step(each)
            model.check()
          }
          await model.end()
        },
      ),
      { numRuns: mortal ? 50 : 200 },
    )
  })
})
