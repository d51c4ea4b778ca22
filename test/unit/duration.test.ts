import fc from '../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { type Duration, toMilliseconds } from '../../src/duration.ts'

const factors = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const units = Object.keys(factors) as (keyof typeof factors)[]
const parse = (duration: Duration): number => toMilliseconds(duration, 'ttl')

describe('a duration', () => {
  test.each([
    [1, 1],
    [250, 250],
    ['1ms', 1],
    ['250ms', 250],
    ['30s', 30_000],
    ['15m', 900_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['1.5s', 1500],
    ['0.5h', 1_800_000],
    ['007s', 7000],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ] as [Duration, number][])('%s is %i ms', (given, expected) => {
    expect(parse(given)).toBe(expected)
  })

  test.each([
    [0.1, 1],
    [1.000_001, 2],
    [Number.MIN_VALUE, 1],
    ['0.1ms', 1],
    ['1.2ms', 2],
    ['0.0001s', 1],
    ['0.0011s', 2],
    ['0.00001m', 1],
    ['0.000000001ms', 1],
    ['1.000000001s', 1001],
  ] as [Duration, number][])('%s, a fraction of a millisecond, rounds up to %i', (given, expected) => {
    expect(parse(given)).toBe(expected)
  })

  test('n units are n times the factor of the unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.constantFrom(...units), (n, unit) => {
        expect(parse(`${n}${unit}`)).toBe(n * factors[unit])
      }),
    )
  })

  test('a decimal fraction that comes to whole milliseconds is exact: no rounding error of the arithmetic shows', () => {
    const wrong: string[] = []
    for (let ms = 1; ms < 100_000; ms++) {
      const text = `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}s` as `${number}s`
      if (parse(text) !== ms) wrong.push(`${text} = ${parse(text)}`)
    }
    expect(wrong.slice(0, 5)).toEqual([])
  })

  test('a number of milliseconds is rounded up to a whole one, by no more than one', () => {
    fc.assert(
      fc.property(fc.double({ min: Number.MIN_VALUE, max: 2 ** 50, noNaN: true }), (ms) => {
        const whole = parse(ms)
        expect(Number.isSafeInteger(whole) && whole >= ms && whole - ms <= 1).toBe(true)
      }),
    )
  })
})

const nonsense = (
  [
    [0, -0, -1, -0.5, Number.NaN, Infinity, -Infinity, Number.MAX_SAFE_INTEGER + 1, Number.MAX_VALUE],
    [
      '',
      '5',
      '0',
      's',
      'ms',
      '5 m',
      ' 5m',
      '5m ',
      '5m\n',
      '\n5m',
      '5M',
      '5S',
      '5MS',
      '5min',
      '5sec',
      '5w',
      '5y',
    ],
    [
      '-1s',
      '+1s',
      '1e3s',
      '1e3',
      '.5s',
      '5.s',
      '1.2.3s',
      '1,5s',
      '1_000s',
      '0x10s',
      'Infinitys',
      'NaNms',
      '٥s',
    ],
    ['0ms', '0s', '0.0h', '-0s', '1s1s', '1h30m', 'PT5S', '99999999999999999999d', `${'9'.repeat(400)}ms`],
    [null, undefined, true, false, 5n, Symbol('5s'), {}, [], [5], ['5s'], () => 5, new Date(5), new Map()],
    [Object('5s'), Object(5), { valueOf: () => 5 }, { toString: () => '5s' }],
  ] as unknown[][]
).flat()

describe('nonsense', () => {
  test.each(nonsense.map((value) => [value]))('%s throws a TypeError that names the option', (value) => {
    expect(() => toMilliseconds(value as Duration, 'l2.timeout')).toThrow(TypeError)
    expect(() => toMilliseconds(value as Duration, 'l2.timeout')).toThrow(/^l2\.timeout must be a duration/)
  })

  test('any other text either is a number and a unit, or throws a TypeError', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (text) => {
        fc.pre(!/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text))
        expect(() => parse(text as Duration)).toThrow(TypeError)
      }),
    )
  })
})
