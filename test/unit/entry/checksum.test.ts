import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { checksum } from '../../../src/entry/checksum.ts'

// Values that the reference implementation gives with seed 0.
const known: [string, string][] = [
  ['', '00000000'],
  ['a', '3c2569b2'],
  ['ab', '9bbfd75f'],
  ['abc', 'b3dd93fa'],
  ['abcd', '43ed676a'],
  ['hello', '248bfa47'],
  ['hello, world', '149bbb7f'],
  ['The quick brown fox jumps over the lazy dog', '2e4ff723'],
]

describe('the checksum is MurmurHash3', () => {
  test.each(known)('of %j', (text, sum) => {
    expect(checksum(text)).toBe(sum)
  })

  test('over UTF-8', () => {
    const text = 'grün, 緑, 🟢'
    const bytes = String.fromCharCode(...new TextEncoder().encode(text))
    expect(checksum(text)).toBe(reference(bytes))
  })

  test('of any text, from anywhere in it, by the bytes one after the other', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.nat(200), (text, start) => {
        const bytes = String.fromCharCode(...new TextEncoder().encode(text.slice(start)))
        expect(checksum(text, start)).toBe(reference(bytes))
      }),
    )
  })
})

test.each([16_383, 16_384, 16_385, 16_386, 100_003])('of %d characters, one byte each or three', (length) => {
  for (const char of ['x', '緑']) {
    const text = char.repeat(length)
    expect(checksum(text)).toBe(reference(Buffer.from(text).toString('latin1')))
    expect(checksum(`${text}a`)).not.toBe(checksum(`${text}b`))
  }
})

test('what was summed before leaves nothing behind', () => {
  const short = checksum('ab')
  checksum('zzzzzzzzzzzz')
  expect(checksum('ab')).toBe(short)
  expect(checksum('ab\0')).not.toBe(short)
})

/** The algorithm as it is written down, in whole numbers without bounds. */
function reference(bytes: string): string {
  const [mask, c1, c2] = [0xffffffffn, 0xcc9e2d51n, 0x1b873593n]
  const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (32n - by))) & mask
  const mix = (k: bigint): bigint => (rotate((k * c1) & mask, 15n) * c2) & mask
  let hash = 0n
  for (let i = 0; i < bytes.length; i += 4) {
    let word = 0n
    for (let j = Math.min(i + 4, bytes.length) - 1; j >= i; j--)
      word = (word << 8n) | BigInt(bytes.charCodeAt(j))
    hash ^= mix(word)
    if (i + 4 <= bytes.length) hash = (rotate(hash, 13n) * 5n + 0xe6546b64n) & mask
  }
  hash ^= BigInt(bytes.length)
  hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) & mask
  hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) & mask
  return (hash ^ (hash >> 16n)).toString(16).padStart(8, '0')
}
