import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { assertKey, assertSegment } from '../../../src/redis/keys.ts'
import { View } from '../../../src/view.ts'

describe('a key', () => {
  test.each([
    ['undefined', undefined],
    ['null', null],
    ['number', 1],
    ['bigint', 1n],
    ['symbol', Symbol('k')],
    ['boolean', true],
    ['object', ['k']],
    ['object', Object('k')],
    ['function', () => 'k'],
  ])('that is no string but %s throws a TypeError that says so', (kind, key) => {
    expect(() => assertKey(key as string)).toThrow(TypeError)
    expect(() => assertKey(key as string)).toThrow(`a key must be a string, not ${kind}`)
  })

  test('that is empty throws a TypeError', () => {
    expect(() => assertKey('')).toThrow(TypeError)
  })

  test.each(['\ud800', '\udfff', 'a\ud800', '\udc00a', '\udc00\ud800', `${'x'.repeat(500)}\ud83d`])(
    'with a lone surrogate throws a TypeError',
    (key) => {
      expect(() => assertKey(key)).toThrow(TypeError)
    },
  )

  test.each([
    ['one byte a character', 'a', 1],
    ['two bytes', 'ü', 2],
    ['three bytes', '€', 3],
    ['four bytes', '🐎', 4],
  ])('of %s may take 1024 bytes and not one more', (_, char, width) => {
    const full = char.repeat(Math.floor(1024 / width)) + 'a'.repeat(1024 % width)
    expect(new TextEncoder().encode(full)).toHaveLength(1024)
    expect(() => assertKey(full)).not.toThrow()
    expect(() => assertKey(`${full}a`)).toThrow(/^a key must not be longer than 1024 bytes/)
    expect(() => assertKey(`a${full}`)).toThrow(TypeError)
  })

  test('is accepted exactly when it has 1 to 1024 bytes of well-formed text', () => {
    const unit = fc.oneof(fc.constantFrom('a', 'ü', '€', '🐎', '\ud800', '\0'), fc.string({ unit: 'binary' }))
    const key = fc
      .tuple(unit, fc.integer({ min: 0, max: 1100 }))
      .map(([text, n]) => text.repeat(n).slice(0, 1200))
    fc.assert(
      fc.property(key, (text) => {
        const bytes = Buffer.from(text, 'utf8')
        const fits = bytes.length > 0 && bytes.length <= 1024 && bytes.toString('utf8') === text
        const accepted = ((): boolean => {
          try {
            assertKey(text)
            return true
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError)
            return false
          }
        })()
        expect(accepted).toBe(fits)
      }),
      { numRuns: 2000 },
    )
  })

  test('is never shown in the error that refuses it', () => {
    for (const key of [`canary\ud800`, 'canary'.repeat(200)]) {
      expect(() => assertKey(key)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('canary') }),
      )
    }
  })
})

describe('a prefix or namespace', () => {
  test.each(['a', 'A-Z', '{app}', 'v1.2_3', '{', '}', '-', '.', '0', 'x'.repeat(64), '__proto__'])(
    'may be %s',
    (name) => {
      expect(() => assertSegment(name, 'x')).not.toThrow()
    },
  )

  const bad = ['', ':', 'a:b', 'a b', 'a\n', '\na', 'ü', '*', 'a/b', '%', '|', '\0', '🐎', 'x'.repeat(65)]
  test.each([...bad, 5, null, undefined, ['a'], {}])('may not be %j', (name) => {
    expect(() => assertSegment(name as string, 'the thing')).toThrow(TypeError)
    expect(() => assertSegment(name as string, 'the thing')).toThrow(/^the thing must be/)
  })
})

interface Where {
  readonly prefix: string
  readonly namespace: string | undefined
  readonly key: string
}

function placeOf({ prefix, namespace, key }: Where): {
  localKey: string
  physicalKey: string
  address: string
} {
  const root = new View(prefix, undefined)
  return (namespace === undefined ? root : root.inNamespace(namespace)).place(key)
}

const same = (a: Where, b: Where): boolean =>
  a.prefix === b.prefix && a.namespace === b.namespace && a.key === b.key

// Made of the same few parts, so that near-collisions are common.
const parts = ['a', 'b', 'e', 'n', 'e:', 'n:', ':e:', ':', 'n:a:e:', '.', '-', '__proto__', 'constructor']
const hostile = [
  ...parts,
  '\0',
  '\n',
  '|',
  '%',
  '%7c',
  '🐎',
  'ü',
  ' ',
  '\ufeff',
  '\u2028',
  '\uffff',
  '1',
  '01',
]
const segment = fc
  .array(fc.constantFrom('a', 'e', 'n', '.', '{a}', '-', '_'), { minLength: 1, maxLength: 3 })
  .map((s) => s.join(''))
const where: fc.Arbitrary<Where> = fc.record({
  prefix: segment,
  namespace: fc.option(segment, { nil: undefined }),
  key: fc.array(fc.constantFrom(...hostile), { minLength: 1, maxLength: 3 }).map((s) => s.join('')),
})

describe('physical keys', () => {
  test('are different for different prefixes, namespaces and keys: 100,000 pairs, and all of them at once', () => {
    const seen = new Map<string, Where>()
    for (const place of fc.sample(where, { numRuns: 100_000, seed: 1 })) {
      const { physicalKey } = placeOf(place)
      const other = seen.get(physicalKey)
      if (other !== undefined && !same(other, place))
        throw new Error(`collision: ${JSON.stringify([other, place])}`)
      seen.set(physicalKey, place)
    }
    expect(seen.size).toBeGreaterThan(10_000)
    const byAll = new Set([...seen.values()].map((place) => JSON.stringify(place)))
    expect(byAll.size).toBe(seen.size)
  })

  test('keep the root key e:x apart from the key x of namespace e, in both tiers', () => {
    const pairs: [Where, Where][] = [
      [
        { prefix: 'p', namespace: undefined, key: 'e:x' },
        { prefix: 'p', namespace: 'e', key: 'x' },
      ],
      [
        { prefix: 'p', namespace: undefined, key: 'n:e:e:x' },
        { prefix: 'p', namespace: 'e', key: 'x' },
      ],
      [
        { prefix: 'p', namespace: undefined, key: 'e' },
        { prefix: 'p', namespace: 'e', key: 'e' },
      ],
      [
        { prefix: 'p', namespace: 'a', key: 'e:b' },
        { prefix: 'p', namespace: 'a.e', key: 'b' },
      ],
    ]
    for (const [a, b] of pairs) {
      expect(placeOf(a).physicalKey).not.toBe(placeOf(b).physicalKey)
      expect(placeOf(a).localKey).not.toBe(placeOf(b).localKey)
    }
  })

  test('are written as documented', () => {
    expect(placeOf({ prefix: 'p', namespace: undefined, key: 'k' })).toMatchObject({
      physicalKey: 'p:e:k',
      address: 'e:k',
    })
    expect(placeOf({ prefix: 'p', namespace: 'ns', key: 'k' })).toMatchObject({
      physicalKey: 'p:n:ns:e:k',
      address: 'n:ns:e:k',
    })
  })
})

describe('keys of L1', () => {
  test('are different for different namespaces and keys, whatever the key: 100,000 pairs', () => {
    const seen = new Map<string, string>()
    for (const { namespace, key } of fc.sample(where, { numRuns: 100_000, seed: 2 })) {
      const { localKey } = placeOf({ prefix: 'p', namespace, key })
      const identity = JSON.stringify([namespace, key])
      if (seen.has(localKey) && seen.get(localKey) !== identity) throw new Error(`collision: ${identity}`)
      seen.set(localKey, identity)
    }
    expect(new Set(seen.values()).size).toBe(seen.size)
  })

  test('of any two well-formed keys, one in a namespace and one not, never meet', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 })
    fc.assert(
      fc.property(text, text, segment, (rootKey, key, namespace) => {
        const root = placeOf({ prefix: 'p', namespace: undefined, key: rootKey })
        const named = placeOf({ prefix: 'p', namespace, key })
        expect(root.localKey).not.toBe(named.localKey)
        expect(root.physicalKey === named.physicalKey).toBe(false)
      }),
      { numRuns: 10_000 },
    )
  })
})
