import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { formatEntry, parseEntry } from '../../../src/entry/header.ts'
import { anyEntry, anyText, headerOf } from '../../support/entries.ts'

describe('an entry', () => {
  test('comes back as it was written, whatever its tags, labels, address and payload hold', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        expect(parseEntry(formatEntry(entry))).toEqual(entry)
      }),
      { numRuns: 2000 },
    )
  })

  test('has one header line: nothing in a label can end it or start another field', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const text = formatEntry(entry)
        const line = text.slice(0, text.indexOf('\n'))
        expect(line.split('|')).toHaveLength(17)
        expect(text.slice(line.length + 1)).toBe(entry.payload)
      }),
    )
  })

  test('is exactly what the format says', () => {
    const header = headerOf({
      stamp: 7,
      stale: 8,
      end: 9,
      idle: 10,
      took: 11,
      tags: ['a', 'b,|'],
      etag: 'x',
      modified: 'y',
    })
    expect(formatEntry({ header, payload: '{}' })).toMatch(
      /^h1\|e\|7\|1700000000000\|1700000300000\|8\|9\|10\|11\|[0-9a-f]{8}\|j\|\|\|a,b%2c%7c\|x\|y\|e:key\n\{\}$/,
    )
    expect(formatEntry({ header: headerOf(), payload: '' })).toMatch(
      /^h1\|e\|\|1700000000000\|1700000300000\|\|\|\|\|[0-9a-f]{8}\|j\|{6}e:key\n$/,
    )
  })

  test('never parses as JSON', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        expect(() => JSON.parse(formatEntry(entry)) as unknown).toThrow(SyntaxError)
      }),
    )
  })

  test('is matched by a script with this Lua pattern, which gives the instants', () => {
    // '^h1|e|(%d*)|(%d+)|(%d+)|(%d*)|(%d*)|(%d*)|(%d*)|(%x+)|' with Lua's %d and %x
    const lua =
      /^h1\|e\|([0-9]*)\|([0-9]+)\|([0-9]+)\|([0-9]*)\|([0-9]*)\|([0-9]*)\|([0-9]*)\|([0-9A-Fa-f]+)\|/
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const { stamp, created, fresh, stale, end, idle, took } = entry.header
        const groups = lua.exec(formatEntry(entry))?.slice(1, 8).map(Number)
        expect(groups).toEqual([stamp, created, fresh, stale, end, idle, took])
      }),
    )
  })
})

describe('text that is no entry', () => {
  test.each([
    '',
    'h1',
    'h1|e|',
    'h1|e|||||||||||||||||\n',
    'h2|e||1|2|||||00000000|j||||||e:key\n{}',
    'h1|t||1|2|||||00000000|j||||||e:key\n{}',
    'H1|e||1|2|||||00000000|j||||||e:key\n{}',
    'h1|e||1|2|||||811c9dc5|j||||||e:key',
    '{"value":1}',
    'null',
    '123',
    '"h1|e|"',
    '\u0080\u0004\u0095 pickled',
  ])('is undefined: %j', (text) => {
    expect(parseEntry(text)).toBeUndefined()
  })

  test('of another kind or version is none, also where all else is right', () => {
    const bytes = formatEntry({ header: headerOf(), payload: '{}' })
    for (const start of ['h1|t|', 'h2|e|', 'h1|E|', 'x1|e|', 'h1|ee|', ' h1|e|', '\nh1|e|', 'h1||']) {
      expect(parseEntry(bytes.replace('h1|e|', start))).toBeUndefined()
    }
  })

  test('and arbitrary strings never throw, nor pass for one', () => {
    const almost = fc
      .tuple(fc.constantFrom('', 'h1|e|', 'h1|e||1|2|||||'), anyText, fc.constantFrom('', '\n{}'))
      .map((p) => p.join(''))
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), almost), (text) => {
        expect(parseEntry(text)).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })

  test('takes no more than linear time to refuse', () => {
    const hostile = [
      `h1|e|${'1'.repeat(200_000)}`,
      `h1|e|${'|'.repeat(200_000)}`,
      `h1|e||1|2|||||00000000${'|a'.repeat(100_000)}`,
    ]
    for (const text of hostile) expect(parseEntry(text)).toBeUndefined()
    expect(parseEntry(`h1|e||1|2|||||00000000|j||||||${'%7c'.repeat(100_000)}\n`)).toBeUndefined()
  })
})
