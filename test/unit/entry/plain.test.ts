import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { isPlainJson } from '../../../src/entry/plain.ts'

// What JSON carries without loss, and so is not given to superjson.

class Point {
  x = 1
}
class List extends Array<number> {}

test.each(['', 'a', 0, -1.5, true, false, null, [], [1, [null]], {}, { a: { b: [] } }])(
  '%j is plain',
  (value) => {
    expect(isPlainJson(value)).toBe(true)
  },
)

const others: [string, unknown][] = [
  ['undefined', undefined],
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-0', -0],
  ['a big integer', 1n],
  ['a symbol', Symbol('a')],
  ['a function', () => 1],
  ['a date', new Date(0)],
  ['a map', new Map()],
  ['a set', new Set()],
  ['bytes', new Uint8Array()],
  ['an instance of a class', new Point()],
  ['an array of a class', List.of(1)],
  ['an array with a hole', Array(1)],
  ['an array with a name', /(?<year>\d+)/.exec('2026')],
  ['an array with a name in the place of a hole', Object.assign(Array(1), { name: 1 })],
  ['an array that turns itself into something else', Object.assign([1], { toJSON: () => 2 })],
  ['what turns itself into something else', { toJSON: () => 1 }],
  ['a symbol as a key', { [Symbol('a')]: 1 }],
]

describe.each(others)('%s', (_, value) => {
  test('is not plain, nor is what holds it', () => {
    expect(isPlainJson(value)).toBe(false)
    expect(isPlainJson([value])).toBe(false)
    expect(isPlainJson({ value })).toBe(false)
  })
})

test('an object without a prototype is plain', () => {
  expect(isPlainJson(Object.assign(Object.create(null), { a: 1 }))).toBe(true)
})

test('what is deeper than the stack is not, nor is a cycle', () => {
  let deep: unknown = 1
  for (let i = 0; i < 100_000; i++) deep = [deep]
  const cycle: unknown[] = []
  cycle.push(cycle)
  expect(isPlainJson(deep)).toBe(false)
  expect(isPlainJson(cycle)).toBe(false)
})

test('what a getter throws is thrown on', () => {
  const value = {
    get a(): never {
      throw new TypeError('no')
    },
  }
  expect(() => isPlainJson(value)).toThrow(new TypeError('no'))
})

describe('of another realm', () => {
  test.each(['({})', '({ a: [1] })', '[]', '[{ a: 1 }, []]'])('%s is plain', (code) => {
    expect(isPlainJson(runInNewContext(code))).toBe(true)
  })

  const strange = [
    'new (class { x = 1 })',
    'new (class extends (class { x = 1 }) {})',
    'new (class extends Array {})',
    'Object.setPrototypeOf([], null)',
    'Object.setPrototypeOf([], Object.prototype)',
    'new Date(0)',
    'new Map()',
  ]
  test.each(strange)('%s is not', (code) => {
    expect(isPlainJson(runInNewContext(code))).toBe(false)
  })
})
