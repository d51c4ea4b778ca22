import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { CacheError, isCacheError } from '../../src/errors.ts'

describe('a CacheError', () => {
  test('is an Error with a name, a code and whether to try again', () => {
    const error = new CacheError('L2_TIMEOUT', 'late', { retryable: true })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'CacheError', code: 'L2_TIMEOUT', message: 'late', retryable: true })
    expect(String(error)).toBe('CacheError: late')
  })

  test('is not worth trying again unless it says so, and has no cause unless given one', () => {
    const error = new CacheError('SERIALIZE', 'no')
    expect(error.retryable).toBe(false)
    expect('cause' in error).toBe(false)
    expect(new CacheError('SERIALIZE', 'no', { cause: 'why' }).cause).toBe('why')
  })

  test('shows its code, and no brand, to whoever prints or serialises it', () => {
    const error = new CacheError('L2_AUTH', 'refused')
    expect(inspect(error)).toContain("code: 'L2_AUTH'")
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'L2_AUTH',
      name: 'CacheError',
      retryable: false,
    })
  })
})

describe('isCacheError', () => {
  test('knows one from this copy of the package, a subclass, and one from another copy', () => {
    class Special extends CacheError {}
    const foreign = Object.defineProperty(new Error('x'), Symbol.for('hybrid-cache.error'), { value: true })
    for (const error of [new CacheError('SERIALIZE', 'x'), new Special('SERIALIZE', 'x'), foreign]) {
      expect(isCacheError(error)).toBe(true)
    }
  })

  test.each([undefined, null, 'CacheError', 5, {}, new Error('x'), { name: 'CacheError', code: 'L2_AUTH' }])(
    'refuses %s',
    (other) => {
      expect(isCacheError(other)).toBe(false)
    },
  )
})
