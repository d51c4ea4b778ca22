import fc from '../../support/fc.ts'
import { expect, test } from 'vitest'
import { identify } from '../../../src/rate-limit/identifier.ts'

/** Text of any kind: also what is no text, and what looks like the hash of something. */
const identifiers = fc.oneof(
  fc.string({ minLength: 1, unit: 'binary', maxLength: 200 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1, maxLength: 20 })
    .map((units) => String.fromCharCode(...units)),
  fc.constantFrom('\ud800', '\udfff', '\ufffd', 'x'.repeat(128), 'x'.repeat(129), `${'x'.repeat(128)}\u0000`),
  fc
    .string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 })
    .map((hex) => `#${hex}`),
)

test('two identifiers are one key only if they are one identifier', async () => {
  const property = fc.asyncProperty(identifiers, identifiers, async (a, b) => {
    const [one, other] = [await identify(a), await identify(b)]
    expect(one === other).toBe(a === b)
    expect((await identify(one)) === one).toBe(!one.startsWith('#'))
    for (const key of [one, other]) {
      expect(key.length).toBeLessThanOrEqual(128)
      expect(key.isWellFormed()).toBe(true)
    }
  })
  await fc.assert(property, { numRuns: 500 })
})

test('short text is a part of the key as it is, at once', () => {
  for (const id of ['192.0.2.1', '2001:db8::1', 'user:42', '*', 'ž'.repeat(128)])
    expect(identify(id)).toBe(id)
})
