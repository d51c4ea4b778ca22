import fc from '../support/fc.ts'
import { expect, test } from 'vitest'
import { localTtlOf, resolveLifetime } from '../../src/lifetime.ts'
import { resolveSettings, type WriteOptions } from '../../src/options.ts'

const span = fc.integer({ min: 1, max: 100_000 })
const maybe = fc.option(span, { nil: undefined })
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const options = fc
  .record({ ttl: maybe, localTtl: maybe, swr: maybe, staleIfError: maybe, jitter: maybe, negativeTtl: maybe })
  .map((given) => JSON.parse(JSON.stringify(given)) as WriteOptions)

test('a life keeps to its options, whatever they are', () => {
  const settings = resolveSettings({ ttl: '50s' })
  fc.assert(
    fc.property(options, random, fc.boolean(), fc.boolean(), (given, chance, negative, onlyLocal) => {
      const life = resolveLifetime(given, settings, { now: 5, onlyLocal, negative, random: chance })
      const {
        ttl = 50_000,
        swr = 0,
        staleIfError = 0,
        jitter = 0,
        negativeTtl = 0,
        localTtl,
      } = given as Record<string, number>
      const isNegative = negative && negativeTtl > 0
      const whole = isNegative ? Math.min(negativeTtl, ttl) : ttl
      const least = Math.max(whole - jitter, whole / 2)
      expect(life?.ttl).toBeLessThanOrEqual(whole)
      expect(life?.ttl).toBeGreaterThanOrEqual(least)
      expect(life?.staleFor).toBe(isNegative ? 0 : Math.max(swr, staleIfError))
      const longest = (life?.ttl ?? 0) + (life?.staleFor ?? 0)
      expect(life?.localTtl).toBeLessThanOrEqual(Math.min(localTtl ?? Infinity, longest))
      const stay = localTtl ?? (onlyLocal ? whole : Math.min(30_000, whole))
      expect(life?.localTtl).toBeGreaterThanOrEqual(Math.min(stay / 2, longest))
      if (jitter === 0) expect(life?.localTtl).toBeGreaterThanOrEqual(Math.min(stay, longest))
      if (onlyLocal && jitter === 0) expect(life?.localTtl).toBe(Math.min(localTtl ?? longest, longest))
      if (onlyLocal && localTtl === undefined) expect(life?.localTtl).toBeGreaterThanOrEqual(life?.ttl ?? 0)
    }),
    { numRuns: 1000 },
  )
})

test('a copy that was read stays no longer than it may, and for half of that at least', () => {
  const settings = resolveSettings({})
  fc.assert(
    fc.property(options, span, (given, left) => {
      const most = Math.min((given.localTtl as number | undefined) ?? 30_000, left)
      const stay = localTtlOf(given, settings, left)
      expect(stay).toBeLessThanOrEqual(most)
      expect(stay).toBeGreaterThanOrEqual(most / 2)
    }),
  )
})
