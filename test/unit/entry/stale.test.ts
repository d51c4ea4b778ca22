import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import {
  instantsOf,
  isEarly,
  isFreshLocally,
  isOverLocally,
  type LocalLife,
  physicalTtl,
} from '../../../src/entry/freshness.ts'
import { headOf } from '../../../src/entry/index.ts'
import { formatEntry } from '../../../src/entry/header.ts'
import { anyEntry, anyText, headerOf } from '../../support/entries.ts'

const small = [0, 1, 2, 3, 4]

describe('an entry with a stale window', () => {
  test('has its instants one after the other, and Redis keeps it to the last: every small case', () => {
    for (const ttl of small.slice(1))
      for (const idle of small)
        for (const staleFor of idle > 0 ? [0] : small)
          for (const now of [1, 100]) {
            const life = { ttl, idle, staleFor, localTtl: 1 }
            const { created, fresh, stale, end } = instantsOf(life, now)
            expect([created, fresh]).toEqual([now, now + (idle === 0 ? ttl : Math.min(idle, ttl))])
            expect(stale).toBe(staleFor === 0 ? 0 : now + ttl + staleFor)
            expect(end).toBe(idle === 0 ? 0 : now + ttl)
            expect(physicalTtl(life, 1)).toBe(idle === 0 ? ttl + staleFor : Math.min(idle, ttl))
          }
  })
})

describe('a copy in L1', () => {
  test('is over at the end of its window, before it was put there, or when idle for too long: every small case', () => {
    for (const from of small)
      for (const staleUntil of small)
        for (const idle of [0, 1])
          for (const idleUntil of small)
            for (const now of small) {
              const until = Math.min(staleUntil, idleUntil)
              const life: LocalLife = { from, until, trusted: until, end: until, staleUntil, idle, idleUntil }
              const over = now >= staleUntil || now < from || (idle > 0 && now >= idleUntil)
              expect(isOverLocally(life, now)).toBe(over)
              if (isFreshLocally(life, now)) expect(over).toBe(false)
            }
  })
})

describe('loading before the end', () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  const beta = fc.double({ min: 0.01, max: 100, noNaN: true })
  const took = fc.integer({ min: 1, max: 1e6 })
  const left = fc.integer({ min: 1, max: 1e7 })

  test('is XFetch: took * beta * -ln(u) >= left, with u in (0, 1]', () => {
    fc.assert(
      fc.property(left, took, beta, random, (l, t, b, r) => {
        expect(isEarly(l, t, { beta: b, random: r })).toBe(t * b * -Math.log(1 - r) >= l)
      }),
    )
    expect(isEarly(99, 100, { beta: 1, random: 1 - Math.exp(-1) })).toBe(true)
    expect(isEarly(101, 100, { beta: 1, random: 1 - Math.exp(-1) })).toBe(false)
  })

  test('grows likelier with what the load took, with beta, with chance and towards the end', () => {
    fc.assert(
      fc.property(left, took, beta, random, fc.integer({ min: 1, max: 1000 }), (l, t, b, r, more) => {
        if (!isEarly(l, t, { beta: b, random: r })) return
        expect(isEarly(l - Math.min(more, l), t, { beta: b, random: r })).toBe(true)
        expect(isEarly(l, t + more, { beta: b, random: r })).toBe(true)
        expect(isEarly(l, t, { beta: b + more, random: r })).toBe(true)
        expect(isEarly(l, t, { beta: b, random: r + (1 - r) / 2 })).toBe(true)
      }),
    )
  })

  test('never happens at the least chance, and counts a load of no time as a millisecond', () => {
    fc.assert(fc.property(left, took, beta, (l, t, b) => !isEarly(l, t, { beta: b, random: 0 })))
    const given = { beta: 1, random: 0.9 }
    for (const l of [1, 2, 3]) expect(isEarly(l, 0, given)).toBe(isEarly(l, 1, given))
    expect([isEarly(2, 0, given), isEarly(3, 0, given)]).toEqual([true, false])
  })

  test('has the share that the formula says', () => {
    const share = (l: number): number =>
      Array.from({ length: 1000 }, (_, i) => isEarly(l, 100, { beta: 1, random: i / 1000 })).filter(Boolean)
        .length
    for (const l of [10, 100, 300]) expect(Math.abs(share(l) / 1000 - Math.exp(-l / 100))).toBeLessThan(0.002)
  })
})

describe('how bytes begin', () => {
  test('is the whole header line of an entry, of any entry', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const bytes = formatEntry(entry)
        const head = headOf(bytes)
        expect(bytes.startsWith(head)).toBe(true)
        expect(head).toBe(bytes.slice(0, bytes.length - entry.payload.length))
      }),
    )
  })

  test('is 64 characters of anything else, or as many as there are', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        if (!text.startsWith('h1|')) expect(headOf(text)).toBe(text.slice(0, 64))
      }),
    )
    expect(headOf('')).toBe('')
    expect(headOf(`h1|${'x'.repeat(100)}`)).toBe(`h1|${'x'.repeat(61)}`)
    expect(headOf(`h1|${'x'.repeat(20_000)}\n`)).toHaveLength(64)
    expect(headOf(`${'x'.repeat(100)}\nmore`)).toHaveLength(64)
    expect(headOf('\nh1|')).toBe('\nh1|')
  })

  test('tells entries apart that differ in their instants or in their payload', () => {
    const header = headerOf()
    const heads = [
      formatEntry({ header, payload: 'a' }),
      formatEntry({ header, payload: 'b' }),
      formatEntry({ header: { ...header, created: header.created + 1 }, payload: 'a' }),
      formatEntry({ header: { ...header, fresh: header.fresh + 1 }, payload: 'a' }),
      formatEntry({ header: { ...header, etag: 'x' }, payload: 'a' }),
    ].map(headOf)
    expect(new Set(heads).size).toBe(heads.length)
  })
})
