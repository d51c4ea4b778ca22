import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import {
  instantsOf,
  isFreshLocally,
  isSlideDue,
  type LocalLife,
  physicalTtl,
  remaining,
} from '../../../src/entry/freshness.ts'

const small = Array.from({ length: 6 }, (_, n) => n)

describe('a stored entry', () => {
  test('is fresh until now + ttl; its absolute end is given where it slides', () => {
    expect(instantsOf({ ttl: 10, idle: 0, localTtl: 5, staleFor: 0 }, 100)).toEqual({
      created: 100,
      fresh: 110,
      stale: 0,
      end: 0,
    })
    expect(instantsOf({ ttl: 10, idle: 3, localTtl: 5, staleFor: 0 }, 100)).toEqual({
      created: 100,
      fresh: 103,
      stale: 0,
      end: 110,
    })
  })

  test('is kept by Redis for its idle window where it slides, and never longer than it lives', () => {
    for (const ttl of small.slice(1)) {
      for (const idle of small) {
        expect(physicalTtl({ ttl, idle, localTtl: 1, staleFor: 0 }, 1)).toBe(
          idle === 0 || idle > ttl ? ttl : idle,
        )
      }
    }
  })

  test('is of use for its stale window after that, for which Redis keeps it too', () => {
    const life = { ttl: 10, idle: 0, localTtl: 5, staleFor: 7 }
    expect(instantsOf(life, 100)).toEqual({ created: 100, fresh: 110, stale: 117, end: 0 })
    expect(physicalTtl(life, 1)).toBe(17)
  })

  test('has nothing left at the very instant at which it ends', () => {
    expect([remaining(10, 9), remaining(10, 10), remaining(10, 11)]).toEqual([1, 0, -1])
  })
})

const life = (given: Partial<LocalLife>): LocalLife => ({
  from: 0,
  until: 10,
  trusted: 10,
  end: 10,
  staleUntil: 10,
  idle: 0,
  idleUntil: 10,
  ...given,
})

describe('a copy in L1', () => {
  test('is fresh from the instant it was put there (inclusive) to both of its ends (exclusive): every small case', () => {
    for (const from of small) {
      for (const until of small) {
        for (const idleUntil of small) {
          for (const now of small) {
            const fresh = now >= from && now < until && now < idleUntil
            expect(isFreshLocally(life({ from, until, idleUntil }), now)).toBe(fresh)
          }
        }
      }
    }
  })

  test('put there later than now, because the clock was set back, is not fresh', () => {
    expect(isFreshLocally(life({ from: 5 }), 5)).toBe(true)
    expect(isFreshLocally(life({ from: 5 }), 4)).toBe(false)
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1 }), (from, ttl, back) => {
        const copy = life({ from, until: from + ttl, idleUntil: from + ttl })
        expect(isFreshLocally(copy, from - back)).toBe(false)
      }),
    )
  })

  test('is never fresh again once it has ended, for a clock that only goes on', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.nat(1000),
        fc.nat(1000),
        fc.nat(3000),
        fc.nat(3000),
        (from, ttl, idle, a, b) => {
          const copy = life({ from, until: from + ttl, idleUntil: from + idle })
          const [first, second] = [from + Math.min(a, b), from + Math.max(a, b)]
          expect(isFreshLocally(copy, second) && !isFreshLocally(copy, first)).toBe(false)
        },
      ),
    )
  })
})

describe('extending a sliding copy', () => {
  test('is never due where it does not slide', () => {
    for (const now of small) expect(isSlideDue(life({ idle: 0, idleUntil: 0 }), now)).toBe(false)
  })

  test('is due as soon as half of the idle window has gone', () => {
    const copy = life({ idle: 4, idleUntil: 4, end: 5 })
    expect(small.map((now) => isSlideDue(copy, now))).toEqual([false, false, true, true, true, true])
    const odd = life({ idle: 5, idleUntil: 5, end: 6 })
    expect(small.map((now) => isSlideDue(odd, now))).toEqual([false, false, false, true, true, true])
  })

  test('is never due where it lives until its end already', () => {
    for (const now of small) expect(isSlideDue(life({ idle: 5, idleUntil: 5, end: 5 }), now)).toBe(false)
  })

  test('is not due at once after it was extended', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.nat(1e9), (idle, now) => {
        expect(isSlideDue(life({ idle, idleUntil: now + idle, end: Infinity }), now)).toBe(false)
      }),
    )
  })
})
