// What the checksum of an entry covers: everything behind itself. What stands before it, the version and the instants, is what
// scripts may rewrite in place; damage there can change when an entry ends, but never whose it is or what it holds.
import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { formatEntry, parseEntry, type WireEntry } from '../../../src/entry/header.ts'
import { anyEntry, headerOf } from '../../support/entries.ts'

const entry: WireEntry = {
  header: headerOf({
    stamp: 5,
    took: 3,
    tags: ['t1', 'a|b'],
    etag: 'W/"x"',
    modified: 'Mon',
    address: 'n:ns:e:key%',
  }),
  payload: '{"name":"Ada","list":[1,2,3]}\n|%7c end',
}
const bytes = formatEntry(entry)
const alphabet = [...'0aAfF|%,\n{"~é\ud800'] as const

/** Where the checksum starts: behind the ninth separator. */
function sumOf(text: string): number {
  let index = 0
  for (let i = 0; i < 9; i++) index = text.indexOf('|', index) + 1
  return index
}

/** Damage behind the instants must not pass for an entry at all. */
function expectRefused(damaged: string): void {
  if (damaged === bytes) return
  expect({ damaged, parsed: parseEntry(damaged) }).toEqual({ damaged, parsed: undefined })
}

describe('damage behind the instants makes an entry no entry', () => {
  const from = sumOf(bytes)
  const places = Array.from({ length: bytes.length - from }, (_, i) => from + i)

  test('a flipped character, anywhere', () => {
    for (const i of places)
      for (const char of alphabet) expectRefused(bytes.slice(0, i) + char + bytes.slice(i + 1))
  })

  test('a flipped bit, anywhere', () => {
    for (const i of places) {
      for (let bit = 0; bit < 16; bit++) {
        expectRefused(
          bytes.slice(0, i) + String.fromCharCode(bytes.charCodeAt(i) ^ (1 << bit)) + bytes.slice(i + 1),
        )
      }
    }
  })

  test('a removed character, anywhere', () => {
    for (const i of places) expectRefused(bytes.slice(0, i) + bytes.slice(i + 1))
  })

  test('an inserted character, anywhere and at the end', () => {
    for (const i of [...places, bytes.length])
      for (const char of alphabet) expectRefused(bytes.slice(0, i) + char + bytes.slice(i))
  })

  test('two neighbours that changed places', () => {
    for (const i of places.slice(1))
      expectRefused(bytes.slice(0, i - 1) + bytes[i] + bytes[i - 1] + bytes.slice(i + 1))
  })
})

test('an entry cut off at any length is no entry', () => {
  for (let length = 0; length < bytes.length; length++) expectRefused(bytes.slice(0, length))
})

test('damage to the instants changes nothing but the instants', () => {
  const until = sumOf(bytes)
  for (let i = 0; i < until; i++) {
    for (const char of ['0', '9', '|', 'x', '']) {
      const parsed = parseEntry(bytes.slice(0, i) + char + bytes.slice(i + 1))
      if (parsed === undefined) continue
      const { stamp, created, fresh, stale, end, idle, took } = parsed.header
      expect(parsed).toEqual({
        payload: entry.payload,
        header: { ...entry.header, stamp, created, fresh, stale, end, idle, took },
      })
    }
  }
})

test('one changed character behind the instants of any entry is found', () => {
  fc.assert(
    fc.property(anyEntry, fc.nat(), fc.integer({ min: 1, max: 0xffff }), (any, place, mask) => {
      const text = formatEntry(any)
      const from = sumOf(text)
      const i = from + (place % (text.length - from))
      const damaged = text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ mask) + text.slice(i + 1)
      expect(parseEntry(damaged)).toBeUndefined()
    }),
    { numRuns: 5000 },
  )
})

test('the payload of one entry under the header of another is no entry', () => {
  fc.assert(
    fc.property(anyEntry, anyEntry, (a, b) => {
      fc.pre(a.payload !== b.payload)
      const header = formatEntry(a).slice(0, formatEntry(a).indexOf('\n') + 1)
      expect(parseEntry(header + b.payload)).toBeUndefined()
    }),
  )
})
