import { expect, test } from 'vitest'
import { glob } from '../../../src/testing/glob.ts'

test.each([
  ['*', '', true],
  ['a*c', 'abbc', true],
  ['a*c', 'abbd', false],
  ['a?c', 'a\nc', true],
  ['a?c', 'aüc', false],
  ['a??c', 'aüc', true],
  ['a\\*c', 'a*c', true],
  ['a\\*c', 'abc', false],
  ['[a-c]x', 'bx', true],
  ['[c-a]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['[^a-c]x', 'dx', true],
  ['[a\\]]x', ']x', true],
  ['[]x', 'x', false],
  ['user:[1', 'user:1', true],
  ['user:[1', 'user:[1', false],
  ['[', '[', false],
  ['[^', 'x', true],
  ['[^a', 'a', false],
  ['[a\\', '\\', true],
  ['[a-]x', ']x', false],
  ['[a-]x', '_', true],
  ['[a-]x', 'x', true],
  ['[a-\\]', '^', true],
  ['[a-\\]x', ']x', true],
  ['[\\a-c]', 'b', false],
  ['[\\a-c]', '-', true],
  ['.+(x)|^$', '.+(x)|^$', true],
  ['.', 'x', false],
  ['a\\', 'a\\', true],
  ['a-b', 'a-b', true],
])('%s on %s: %s', (pattern, text, expected) => {
  expect(glob(pattern)(text)).toBe(expected)
})
