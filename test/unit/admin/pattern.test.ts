import fc from '../../support/fc.ts'
import { expect, test } from 'vitest'
import { KeyPattern } from '../../../src/admin/pattern.ts'

const special = fc.constantFrom('*', '?', '[', ']', '\\', '^', '-', 'a', 'b', '\n', 'ü', '🐎')
const anyText = fc.string({ unit: special, maxLength: 8 })

/** A pattern in the form of a regular expression: slow, but plain. */
function plain(pattern: string): RegExp {
  const source = Array.from(pattern.matchAll(/\\([\s\S])|([\s\S])/gu), ([, escaped, free]) => {
    if (free === '*') return '[^]*'
    if (free === '?') return '[^]'
    return (escaped ?? free ?? '').replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  })
  return new RegExp(`^(?:${source.join('')})$`, 'u')
}

test('matches what a regular expression does', () => {
  const pattern = fc
    .string({ unit: special, minLength: 1, maxLength: 8 })
    .map((text) => (/(?<!\\)(\\\\)*\\$/.test(text) ? `${text}x` : text))
  fc.assert(
    fc.property(pattern, anyText, (text, key) => {
      expect(new KeyPattern(text).matches(key)).toBe(plain(text).test(key))
    }),
    { numRuns: 5_000 },
  )
})

test('a text that is escaped matches itself only', () => {
  fc.assert(
    fc.property(fc.string({ unit: special, minLength: 1, maxLength: 8 }), anyText, (text, key) => {
      const pattern = new KeyPattern(text.replace(/[*?\\]/g, '\\$&'))
      expect([pattern.matches(text), pattern.matches(key)]).toEqual([true, text === key])
    }),
    { numRuns: 2_000 },
  )
})

test.each([
  ['user:*', 'hc:e:user:*'],
  ['a*b*c', 'hc:e:a*b*c'],
  ['a**b', 'hc:e:a*b'],
  ['a?', 'hc:e:a?*'],
  ['a??*?b', 'hc:e:a???*b'],
  ['[a-c]^\\*\\?\\\\\\x', 'hc:e:\\[a\\-c\\]\\^\\*\\?\\\\x'],
  ['1*2*3*4*5*6*7*8*9*0', 'hc:e:1*2*3*4*5*6*7*8*'],
])('Redis is asked for %s as %s', (pattern, glob) => {
  expect(new KeyPattern(pattern).forRedis('hc:e:')).toBe(glob)
})

test('the prefix means itself', () => {
  expect(new KeyPattern('*').forRedis('{a-b}.c:n:x-y:e:')).toBe('{a\\-b}.c:n:x\\-y:e:*')
})

test('takes no time to speak of, however many stars there are', () => {
  const pattern = new KeyPattern(`${'*a'.repeat(500)}*b`)
  expect(pattern.matches('a'.repeat(1_024))).toBe(false)
})
