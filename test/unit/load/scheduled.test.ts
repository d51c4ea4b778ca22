import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import type { CacheOptions, EntryOptions } from '../../../src/index.ts'
import { type Fate, keys, type Reading, Scheduled, type Writing } from '../../support/scheduled.ts'

// Requests, replies, factories, callers that come and go, writes and the passing of time, each at any turn: rules R1 to R9.

/** Mostly the same, so that they meet. */
const key = fc.constantFrom('a', 'a', 'a', ...keys)
const life = { ttl: '10s', localTtl: '4s', tags: ['t'] } as const
const options = fc.constantFrom<EntryOptions>(
  life,
  { ...life, staleIfError: '1h' },
  { ...life, staleIfError: '1h', swr: '1h' },
  { ...life, stampede: 'global' },
  { ...life, stampede: 'global', staleIfError: '1h', swr: '5s' },
  { ...life, l1: false },
  { ...life, eager: { beta: 100 } },
)
const reading = fc.record<Reading>({
  key,
  as: fc.constantFrom('get', 'getOrCreate', 'getOrCreate', 'getOrCreate', 'getMany', 'getOrCreateMany'),
  options,
  leaves: fc.constantFrom(false, false, true),
  factoryFails: fc.constantFrom(false, false, false, true),
})
const writing = fc.record<Writing>({
  key,
  as: fc.constantFrom('set', 'set', 'remove', 'remove', 'expire', 'removeByTag', 'expireByTag', 'clear'),
})
const fate = fc.constantFrom<Fate>('answered', 'answered', 'answered', 'refused', 'lost')
const time = fc.array(fc.constantFrom(1, 3000, 5000, 11_000), { maxLength: 3 })

describe.each<[string, CacheOptions]>([
  ['promises are shared', {}],
  ['the platform keeps work alive', { waitUntil: () => undefined }],
])('in whatever order things happen, where %s', (_, settings) => {
  test('R1, R2, R4 to R9: the right key, nothing removed, one factory, no failure of Redis, within budget', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.array(reading, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 4 }),
        fc.array(writing, { maxLength: 3 }),
        time,
        fc.array(fate, { maxLength: 6 }),
        async (scheduler, readings, writings, steps, fates) => {
          const isolate = new Scheduled(scheduler, fates, settings)
          await isolate.start()
          const calls = readings.map((each) => isolate.readAll(each))
          await isolate.run([...calls, isolate.write(writings)], steps)
          await isolate.end()
        },
      ),
      { numRuns: 200 },
    )
  }, 300_000)

  test('R3: who has a stale value that will do is never refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.constantFrom<Writing['as']>('expire', 'expireByTag'), { maxLength: 2 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
        time,
        async (scheduler, expiries, callers, steps) => {
          const isolate = new Scheduled(scheduler, [], settings)
          const patience = { ...life, staleIfError: '1h' } as const
          await isolate.cache.set('a', { key: 'a', serial: 0 }, patience)
          await isolate.start()
          const failing = (): Promise<never> => Promise.reject(new Error('the origin fails'))
          const call = async (eager: boolean): Promise<unknown> => {
            await scheduler.schedule(Promise.resolve(), 'a call')
            return isolate.cache.getOrCreate('a', failing, eager ? { ...patience, eager } : patience)
          }
          const writings = expiries.map((as): Writing => ({ key: 'a', as }))
          const given = callers.map(call)
          await isolate.run([...given, isolate.write(writings)], steps)
          expect(await Promise.all(given)).toEqual(callers.map(() => ({ key: 'a', serial: 0 })))
          await isolate.end()
        },
      ),
      { numRuns: 200 },
    )
  }, 300_000)
})
