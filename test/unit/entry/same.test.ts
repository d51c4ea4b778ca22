import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { isSame } from '../../../src/entry/same.ts'

// What superjson is believed to have given back whole.

class Point {
  x = 1
}

const cycle = (): object => {
  const it: { self?: object } = {}
  it.self = it
  return it
}

const coded = (message: string, code: string): Error => Object.assign(new Error(message), { code })

const different: [string, unknown, unknown][] = [
  ['numbers', 1, 2],
  ['zeros', 0, -0],
  ['a value and none', {}, null],
  ['none and a value', null, {}],
  ['an object and a number', {}, 1],
  ['a number and an object', 1, {}],
  ['texts', { a: 'x' }, { a: 'y' }],
  ['keys', { a: 1 }, { b: 1 }],
  ['a key more', { a: 1 }, { a: 1, b: 2 }],
  ['a key less', { a: 1, b: 2 }, { a: 1 }],
  ['undefined and nothing', { a: undefined }, {}],
  ['orders', [1, 2], [2, 1]],
  ['an array and an object', [], {}],
  ['a class and a plain object', new Point(), { x: 1 }],
  ['sets', new Set([1]), new Set([2])],
  ['orders of sets', new Set([1, 2]), new Set([2, 1])],
  ['keys of maps', new Map([['a', 1]]), new Map([['b', 1]])],
  ['values of maps', new Map([['a', 1]]), new Map([['a', 2]])],
  ['dates', new Date(1), new Date(2)],
  ['messages', new Error('a'), new Error('b')],
  ['names', Object.assign(new Error('a'), { name: 'A' }), Object.assign(new Error('a'), { name: 'B' })],
  ['causes', new Error('a', { cause: 1 }), new Error('a', { cause: 2 })],
  ['what was added to errors', coded('a', 'E'), new Error('a')],
  ['an error and one with more', new Error('a'), coded('a', 'E')],
  ['what was added and what else', coded('a', 'E'), coded('a', 'F')],
  ['kinds of errors', new TypeError('a'), new RangeError('a')],
  ['expressions', /a/, /b/],
  ['flags', /a/g, /a/i],
  ['addresses', new URL('https://a.example'), new URL('https://b.example')],
  ['bytes', Uint8Array.of(1), Uint8Array.of(2)],
  ['more bytes', Uint8Array.of(1), Uint8Array.of(1, 1)],
  ['a cycle and an end', cycle(), { self: {} }],
  ['symbols', { [Symbol.for('a')]: 1 }, {}],
]

test.each(different)('%s differ', (_, one, other) => {
  expect(isSame(one, other)).toBe(false)
  expect(isSame({ deep: [one] }, { deep: [other] })).toBe(false)
})

describe('the same', () => {
  const shared = { a: 1 }
  const same: [string, unknown, unknown][] = [
    ['not a number', Number.NaN, Number.NaN],
    ['dates that are none', new Date(Number.NaN), new Date(Number.NaN)],
    ['sets of objects', new Set([{ a: 1 }]), new Set([{ a: 1 }])],
    ['maps of objects', new Map([[{ a: 1 }, [2]]]), new Map([[{ a: 1 }, [2]]])],
    ['errors', new TypeError('a', { cause: [1] }), new TypeError('a', { cause: [1] })],
    ['errors with a code', coded('a', 'E'), coded('a', 'E')],
    ['names of their own', Object.assign(new Error('a'), { name: 'Error' }), new Error('a')],
    ['expressions', /a/gi, /a/gi],
    ['addresses', new URL('https://a.example/?b'), new URL('https://a.example/?b')],
    ['bytes', Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
    [
      'an object without a prototype, and a plain one',
      Object.assign(Object.create(null), { a: 1 }),
      { a: 1 },
    ],
    ['cycles', cycle(), cycle()],
    ['one object twice, and two', [shared, shared], [{ a: 1 }, { a: 1 }]],
  ]
  test.each(same)('%s', (_, one, other) => {
    expect(isSame(one, other)).toBe(true)
  })
})

describe('of another realm', () => {
  test.each<[string, unknown]>([
    ['({ a: 1, b: [{}] })', { a: 1, b: [{}] }],
    ['[1, { a: [] }]', [1, { a: [] }]],
  ])('%s is the same as that of this one', (code, own) => {
    expect(isSame(runInNewContext(code), own)).toBe(true)
  })

  test.each<[string, unknown]>([
    ['new (class { x = 1 })', { x: 1 }],
    ['new (class extends Array {})', []],
    ['[]', {}],
    ['({})', []],
    ['new Date(0)', {}],
    ['new Map()', {}],
    ['Object.setPrototypeOf([], null)', []],
  ])('%s is not the same as what it may come back as', (code, own) => {
    expect(isSame(runInNewContext(code), own)).toBe(false)
  })
})
