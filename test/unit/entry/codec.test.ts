import { runInNewContext } from 'node:vm'
import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { Codec } from '../../../src/entry/index.ts'
import { CacheError } from '../../../src/index.ts'
import { anyData, nested } from '../../support/values.ts'

const codec = new Codec()
const roundTrip = (value: unknown): unknown => codec.decode(codec.encode(value))
class Point {
  readonly x = 1
}

describe('plain JSON data', () => {
  test.each(
    (
      [
        [
          null,
          true,
          false,
          0,
          1,
          -1.5,
          1e308,
          Number.MAX_SAFE_INTEGER,
          '',
          'text',
          'ü🐎\u2028\0',
          '\ud800',
          [],
          {},
        ],
        [[[[]]], { a: { b: [null] } }, { '': 1, 'a.b': 2, ' ': 3 }, Object.create(null), [null, [1, 'a']]],
        [{ toJSON: 'no function' }, JSON.parse('{"constructor":1,"prototype":{},"a":{"__proto__":5}}')],
      ] as unknown[][]
    ).flat(),
  )('is written as JSON and nothing else: %j', (value) => {
    expect(codec.encode(value)).toEqual({ codec: 'j', text: JSON.stringify(value) })
  })

  test('comes back as JSON.parse gives it, a new one on every call', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as unknown // without -0
        const encoded = codec.encode(plain)
        expect(encoded.codec).toBe('j')
        expect(codec.decode(encoded)).toEqual(plain)
        if (typeof plain === 'object' && plain !== null)
          expect(codec.decode(encoded)).not.toBe(codec.decode(encoded))
      }),
    )
  })
})

describe('anything that JSON would lose something of', () => {
  test.each([
    [new Date(0)],
    [new Map([[{ a: 1 }, new Set([1])]])],
    [new Set()],
    [5n],
    [Number.NaN],
    [-0],
    [Infinity],
    [-Infinity],
    [{ a: undefined }],
    [[undefined, null]],
    [{ deep: [{ at: new Date(1) }] }],
    [new Uint8Array([0, 255])],
    [new URL('https://example.com/a?b#c')],
    [/x/g],
  ])('is written by superjson and comes back the same: %s', (value) => {
    expect(codec.encode(value).codec).toBe('s')
    expect(roundTrip(value)).toStrictEqual(value)
  })

  test('comes back the same anywhere in any data', () => {
    fc.assert(
      fc.property(anyData, (value) => {
        expect(roundTrip({ value })).toStrictEqual({ value })
      }),
      { numRuns: 1000 },
    )
  })

  test('keeps cycles and shared references', () => {
    const shared = { at: new Date(5) }
    const value: Record<string, unknown> = { one: shared, two: [shared], map: new Map([['s', shared]]) }
    value['self'] = value
    const back = roundTrip(value) as { one: unknown; two: unknown[]; self: unknown }
    expect(back.self).toBe(back)
    expect(back.two[0]).toBe(back.one)
    expect(back.one).toEqual(shared)
  })

  test('keeps plain data of another realm beside it', () => {
    const from: unknown = runInNewContext('({ name: "Ada", list: [{ n: 1 }] })')
    const value = { at: new Date(0), from, list: runInNewContext('[1]') as unknown }
    expect(roundTrip(value)).toEqual({ at: new Date(0), from: { name: 'Ada', list: [{ n: 1 }] }, list: [1] })
  })

  test('keeps sets and maps whose members are referenced elsewhere, too: all of them, in their order', () => {
    const [a, b, c] = [{ n: 1 }, { n: 2 }, { n: 3 }]
    const value = {
      all: [a, b],
      set: new Set([a, b, c]),
      keys: new Map([
        [a, 'a'],
        [b, 'b'],
        [c, 'c'],
      ]),
      values: new Map([
        ['a', a],
        ['b', b],
      ]),
    }
    const back = roundTrip(value) as typeof value
    expect([...back.set]).toEqual([a, b, c])
    expect([...back.keys]).toEqual([...value.keys])
    expect([...back.values]).toEqual([...value.values])
  })

  test('keeps maps and sets that hold NaN, and NaN elsewhere, too', () => {
    const value = {
      list: [Number.NaN],
      map: new Map([
        [Number.NaN, 'nan'],
        [1, 'one'],
      ] as [number, string][]),
      set: new Set([Number.NaN, 1]),
    }
    expect(roundTrip(value)).toEqual(value)
  })

  test('keeps a cycle through plain data only, and one through an array', () => {
    const list: unknown[] = [1]
    list.push(list)
    const back = roundTrip(list) as unknown[]
    expect(back[0]).toBe(1)
    expect(back[1]).toBe(back)
  })
})

describe('a value that cannot be carried without loss rejects as SERIALIZE', () => {
  test.each<[string, unknown]>([
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a registered symbol', Symbol.for('x')],
    ['a class instance', new Point()],
    ['what a regular expression found', /(?<year>\d+)/.exec('2026')],
    ['a promise', Promise.resolve(1)],
    ['a WeakMap', new WeakMap()],
    ['a WeakSet', new WeakSet()],
    ['a Response', new Response('x')],
    ['a Headers', new Headers()],
    ['an AbortSignal', new AbortController().signal],
    ['an invalid Date', new Date(Number.NaN)],
    ['a boxed number', Object(5)],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['a generator', (function* gen() {})()],
    ['an error with a code', Object.assign(new Error('x'), { code: 'E' })],
    ['an error with a symbol for a key', Object.assign(new Error('x'), { [Symbol('k')]: 1 })],
    ['an object with a symbol for a key', { [Symbol('k')]: 1 }],
    ['an instance of a class that extends Array', new (class List extends Array {})()],
  ])('%s, alone and inside others', (_, value) => {
    for (const holder of [
      value,
      [value],
      { a: { b: value } },
      new Map([['k', value]]),
      [new Date(0), value],
    ]) {
      expect(() => codec.encode(holder)).toThrow(
        expect.objectContaining({ name: 'CacheError', code: 'SERIALIZE', retryable: false }),
      )
    }
  })

  test('a sparse array', () => {
    // oxlint-disable-next-line no-sparse-arrays
    expect(() => codec.encode([1, , 3])).toThrow(CacheError)
  })

  test('an object that has its own way into JSON', () => {
    expect(() => codec.encode({ toJSON: () => 'x' })).toThrow(CacheError)
  })

  test('an object whose own way into JSON is hidden is refused or written as it is, never in that way', () => {
    const value = Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 'lost' })
    try {
      expect(roundTrip(value)).toEqual({ a: 1 })
    } catch (error) {
      expect(error).toMatchObject({ code: 'SERIALIZE' })
    }
  })

  test('a getter that throws', () => {
    const value = {
      get canary(): string {
        throw new Error('canary')
      },
    }
    expect(() => codec.encode(value)).toThrow(expect.objectContaining({ code: 'SERIALIZE' }))
    expect(() => codec.encode(value)).not.toThrow(/canary/)
  })
})

describe('depth', () => {
  test('of 100,000 levels is refused, and does not overflow the stack', () => {
    expect(() => codec.encode(nested(100_000))).toThrow(expect.objectContaining({ code: 'SERIALIZE' }))
    expect(() => codec.encode({ at: new Date(0), deep: nested(100_000) })).toThrow(
      expect.objectContaining({ code: 'SERIALIZE' }),
    )
  })

  test('of any other size either comes back or is refused', () => {
    for (let depth = 500; depth < 20_000; depth = Math.ceil(depth * 1.3)) {
      try {
        expect(JSON.stringify(roundTrip(nested(depth)))).toHaveLength(depth * 2)
      } catch (error) {
        expect(error).toMatchObject({ code: 'SERIALIZE' })
      }
    }
  })

  test('in stored text is decoded or as good as nothing', () => {
    const text = '['.repeat(100_000) + ']'.repeat(100_000)
    expect(() => codec.decode({ codec: 'j', text })).not.toThrow()
    expect(() => codec.decode({ codec: 's', text: `{"json":${text},"meta":{"v":1}}` })).not.toThrow()
  })
})
