import { describe, expect, test } from 'vitest'
import { wholeNumber, wholeNumberWithin } from '../../src/validate.ts'

describe('a whole number', () => {
  test.each([
    [1, undefined],
    [Number.MAX_SAFE_INTEGER, undefined],
    [0, 0],
    [7, 7],
  ])('%d is one, %s or more', (value, min) => {
    expect(wholeNumber(value, 'n', min)).toBe(value)
  })

  test.each([0, -1, 1.5, Number.NaN, Infinity, 2 ** 53, '5', 1n, null, undefined])(
    '%s is none from 1 on',
    (value) => {
      expect(() => wholeNumber(value as number, 'n')).toThrow(
        new TypeError('n must be a whole number, 1 or more'),
      )
    },
  )

  test.each([-1, 11, 2.5])('%d is none from 0 to 10, as 0 and 10 are', (value) => {
    expect(wholeNumberWithin(0, 'n', 0, 10) + wholeNumberWithin(10, 'n', 0, 10)).toBe(10)
    expect(() => wholeNumberWithin(value, 'n', 0, 10)).toThrow(
      new TypeError('n must be a whole number from 0 to 10'),
    )
  })
})
