import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { Codec, type Serializer } from '../../../src/entry/index.ts'
import { CacheError } from '../../../src/index.ts'

const textual = (given: Partial<Serializer> = {}): Serializer => ({
  name: 'text',
  encode: (value) => `<${String(value)}>`,
  decode: (data) => (data as string).slice(1, -1),
  ...given,
})
const binary: Serializer = {
  name: 'bytes',
  encode: (value) => Uint8Array.from(value as number[]),
  decode: (data) => Array.from(data as Uint8Array),
}
const serializeError = expect.objectContaining({
  name: 'CacheError',
  code: 'SERIALIZE',
  retryable: false,
}) as Error

describe('a serializer of your own', () => {
  test('replaces JSON for every value, and gets back exactly the text that it made', () => {
    const codec = new Codec(textual())
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const encoded = codec.encode(value)
        expect(encoded).toEqual({ codec: 't:text', text: `<${value}>` })
        expect(codec.decode(encoded)).toBe(value)
      }),
    )
  })

  test('may make bytes, which travel as base64 and come back as bytes', () => {
    const codec = new Codec(binary)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 255 })), (value) => {
        const encoded = codec.encode(value)
        expect(encoded.text).toMatch(/^[A-Za-z0-9+/]*={0,2}$/)
        expect(codec.decode(encoded)).toEqual(value)
      }),
    )
    const large = Array.from({ length: 300_000 }, (_, i) => i % 256)
    expect(codec.decode(codec.encode(large))).toEqual(large)
  })

  test('that makes a view into a larger buffer stores the view only', () => {
    const codec = new Codec({ ...binary, encode: () => new Uint8Array([9, 1, 2, 9]).subarray(1, 3) })
    expect(codec.decode(codec.encode(0))).toEqual([1, 2])
  })

  test('cannot read entries of another serializer, nor of its own kind under another name', () => {
    const encoded = [new Codec(textual()).encode('x'), new Codec(binary).encode([1])]
    const others = [new Codec(), new Codec(textual({ name: 'text2' })), new Codec({ ...binary, name: 'b2' })]
    for (const other of others) for (const entry of encoded) expect(other.decode(entry)).toBeUndefined()
    expect(new Codec(textual({ name: 'bytes' })).decode(new Codec(binary).encode([60, 1]))).not.toBe('x')
  })

  test('can read what was stored before it was introduced', () => {
    expect(new Codec(textual()).decode(new Codec().encode({ a: new Date(0) }))).toEqual({ a: new Date(0) })
  })

  test('that throws rejects as SERIALIZE, and nothing of what it threw shows', () => {
    const codec = new Codec(
      textual({
        encode: (value) => {
          throw new Error(`cannot encode ${String(value)}`)
        },
      }),
    )
    const encode = (): unknown => codec.encode('canary')
    expect(encode).toThrow(serializeError)
    expect(encode).not.toThrow(/canary/)
    expect(encode).toThrow(expect.not.objectContaining({ cause: expect.anything() as unknown }) as Error)
  })

  test.each([undefined, null, 5, {}, [], new ArrayBuffer(1), Promise.resolve('x'), new Date(0)])(
    'that returns neither text nor bytes (%s) rejects as SERIALIZE',
    (returned) => {
      const codec = new Codec(textual({ encode: () => returned as string }))
      expect(() => codec.encode('x')).toThrow(serializeError)
    },
  )

  test.each(['\ud800', 'a\udfffb'])(
    'that returns a lone surrogate, which UTF-8 cannot carry, rejects as SERIALIZE',
    (text) => {
      expect(() => new Codec(textual({ encode: () => text })).encode('x')).toThrow(serializeError)
    },
  )

  test('whose decode throws or gives undefined is a miss', () => {
    const throwing = (): unknown => {
      throw new Error('damaged')
    }
    for (const decode of [throwing, () => undefined]) {
      expect(new Codec(textual({ decode })).decode({ codec: 't:text', text: '<x>' })).toBeUndefined()
    }
  })

  test('is not asked about damaged base64', () => {
    expect(new Codec(binary).decode({ codec: 'b:bytes', text: '!!!' })).toBeUndefined()
  })

  test('that throws a CacheError of its own is heard', () => {
    const own = new CacheError('TOO_LARGE', 'too large')
    const codec = new Codec(
      textual({
        encode: () => {
          throw own
        },
      }),
    )
    expect(() => codec.encode('x')).toThrow(own)
  })
})

describe('the name of a serializer', () => {
  test.each(['a', 'A.b_c-9', 'x'.repeat(64)])('may be %s', (name) => {
    expect(() => new Codec(textual({ name }))).not.toThrow()
  })

  test.each(['', 'a b', 'a|b', 'a:b', 'a\n', 'ü', 'x'.repeat(65), undefined, null, 5, ['a'], {}])(
    'may not be %j: a TypeError that says so',
    (name) => {
      expect(() => new Codec(textual({ name: name as string }))).toThrow(TypeError)
      expect(() => new Codec(textual({ name: name as string }))).toThrow(
        /^serializer must have .* a name of 1 to 64 /,
      )
    },
  )
})

test('a codec says whose marks it can read, which a script is told', () => {
  expect(new Codec().readable).toBe(',j,s,')
  expect(new Codec(textual()).readable).toBe(',j,s,t:text,b:text,')
})
