import { createHash } from 'node:crypto'
import fc from '../../support/fc.ts'
import { describe, expect, test, vi } from 'vitest'
import { assertFits, json, openEntry, pack, sealEntry, tombstoneIn } from '../../../src/entry/index.ts'
import { formatEntry } from '../../../src/entry/header.ts'
import { CacheError } from '../../../src/index.ts'
import { headerOf } from '../../support/entries.ts'

const address = 'e:key'
const now = 1_700_000_000_000
const life = { ttl: 1000, idle: 0, localTtl: 1000, staleFor: 0 }
const validators = { etag: '', modified: '' }
const roomy = { maxValueBytes: 2 ** 20, compressFrom: Infinity }
const plain = (payload: string): string => formatEntry({ header: headerOf(), payload })
const gzipped = async (text: string): Promise<string> => {
  const packed = await pack(text, { ...roomy, compressFrom: 0 })
  return sealEntry(packed, { codec: json, life, took: 0, validators, stamp: 0, tags: [], address, now })
}

describe('sealing and opening', () => {
  test('gives the text back, with its codec and instants', async () => {
    const packed = await pack('"text"', roomy)
    const bytes = sealEntry(packed, {
      codec: 's',
      life: { ...life, idle: 5 },
      took: 7,
      validators,
      stamp: 0,
      tags: [],
      address,
      now,
    })
    expect(await openEntry(bytes, address, roomy)).toEqual({
      encoded: { codec: 's', text: '"text"' },
      header: headerOf({ codec: 's', created: now, fresh: now + 5, end: now + 1000, idle: 5, took: 7 }),
    })
  })

  test('packs at once, not in a promise, what is not compressed: writes of one tick keep their order', () => {
    expect(pack('text', roomy)).toEqual({ zip: '', digest: '', payload: 'text' })
    expect(pack('text', { ...roomy, compressFrom: 5 })).toEqual({ zip: '', digest: '', payload: 'text' })
    expect(pack('text!', { ...roomy, compressFrom: 5 })).toBeInstanceOf(Promise)
  })
})

describe('bytes that are as good as nothing', () => {
  test.each(['', 'null', '{"a":1}', 'OK', 'h1|t|tombstone', 'h2|e|later', 'h1', ' h1|e|'])(
    'not written by this version of the library are foreign: %j',
    async (bytes) => {
      expect(await openEntry(bytes, address, roomy)).toBe('foreign')
    },
  )

  test('cut off or damaged behind the instants are corrupt', async () => {
    const bytes = plain('{"a":1}')
    for (let length = 'h1|e|'.length; length < bytes.length; length++) {
      expect(await openEntry(bytes.slice(0, length), address, roomy)).toBe('corrupt')
    }
    expect(await openEntry(bytes.replace('{', '['), address, roomy)).toBe('corrupt')
  })

  test('of another key or namespace say so', async () => {
    for (const other of ['e:key2', 'e:ke', 'n:a:e:key', 'key', '', 'e:KEY']) {
      expect(await openEntry(plain('1'), other, roomy)).toBe('key')
    }
  })

  test('compressed in a way that nobody knows have an unknown codec', async () => {
    const bytes = formatEntry({ header: headerOf({ zip: 'zstd' }), payload: 'x' })
    expect(await openEntry(bytes, address, roomy)).toBe('codec')
  })

  test('never make it throw, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.constantFrom('', 'h1|e|'), async (text, start) => {
        expect(['foreign', 'corrupt', 'key', 'codec', 'too-large']).toContain(
          await openEntry(start + text, address, roomy),
        )
      }),
    )
  })
})

describe('a tombstone', () => {
  test('is a line with a version, and nothing else', () => {
    expect(tombstoneIn('h1|t|1700000000000001\n')).toBe(1_700_000_000_000_001)
    expect(tombstoneIn('h1|t|7\n')).toBe(7)
  })

  test.each([
    '',
    'h1|t|\n',
    'h1|t|7',
    'h1|t|7\n\n',
    'h1|t|7\nmore',
    ' h1|t|7\n',
    'h1|e|7\n',
    'h1|t|-7\n',
    'h1|t|17000000000000001\n',
  ])('is not %j', (bytes) => {
    expect(tombstoneIn(bytes)).toBeUndefined()
  })
})

test('is not waited for unless it is compressed', async () => {
  const bytes = await gzipped('text')
  expect(openEntry(plain('text'), address, roomy)).not.toBeInstanceOf(Promise)
  expect(openEntry(bytes, address, roomy)).toBeInstanceOf(Promise)
})

describe('the cap on the size of a value', () => {
  const cap = 120
  const small = { maxValueBytes: cap, compressFrom: Infinity }
  const texts = [
    ['ASCII', 'a', 1],
    ['two-byte', 'ü', 2],
    ['three-byte', '€', 3],
    ['four-byte', '🐎', 4],
  ] as const

  test.each(texts)('counts bytes of UTF-8 on both sides, to the byte: %s text', async (_, char, width) => {
    const full = char.repeat(cap / width)
    const over = `${full}a`
    const under = `${char.repeat(cap / width - 1)}${'a'.repeat(width - 1)}`
    for (const text of [full, under]) {
      expect(() => assertFits({ codec: json, text }, small)).not.toThrow()
      expect(await openEntry(plain(text), address, small)).toMatchObject({ encoded: { text } })
      expect(await openEntry(await gzipped(text), address, small)).toMatchObject({ encoded: { text } })
    }
    expect(() => assertFits({ codec: json, text: over }, small)).toThrow(CacheError)
    expect(await openEntry(plain(over), address, small)).toBe('too-large')
    expect(await openEntry(await gzipped(over), address, small)).toBe('too-large')
  })

  test('names the limit and the way out, and shows nothing of the value', () => {
    const check = (): void => assertFits({ codec: json, text: 'canary'.repeat(99) }, small)
    expect(check).toThrow(expect.objectContaining({ code: 'TOO_LARGE', retryable: false }))
    expect(check).toThrow(/^the encoded value is larger than 120 bytes: .*maxValueBytes$/)
  })

  test('refuses a huge string before it looks at it', async () => {
    expect(await openEntry(`h1|e|${'x'.repeat(20_000)}`, address, small)).toBe('too-large')
  })

  test('leaves room for the header of the longest key, each character of it escaped', async () => {
    const longest = `e:${'%'.repeat(1024)}`
    const bytes = formatEntry({ header: headerOf({ address: longest }), payload: 'a'.repeat(cap) })
    expect(await openEntry(bytes, longest, small)).toMatchObject({ encoded: { text: 'a'.repeat(cap) } })
  })

  test('agrees on both sides for any text', async () => {
    const text = fc.string({ unit: 'grapheme', minLength: 25, maxLength: 130 })
    await fc.assert(
      fc.asyncProperty(text, async (any) => {
        const fits = Buffer.byteLength(any) <= cap
        const written = ((): boolean => {
          try {
            assertFits({ codec: json, text: any }, small)
            return true
          } catch {
            return false
          }
        })()
        const opened = await openEntry(plain(any), address, small)
        expect([written, typeof opened === 'object']).toEqual([fits, fits])
      }),
    )
  })
})

describe('compression', () => {
  test('gives any text back, its byte order mark included, and its digest is the SHA-1 of the text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.constantFrom('', '\ufeff'), async (any, mark) => {
        const text = mark + any
        const packed = await pack(text, { ...roomy, compressFrom: 0 })
        expect(packed.digest).toBe(createHash('sha1').update(text).digest('hex'))
        expect(await openEntry(await gzipped(text), address, roomy)).toMatchObject({
          encoded: { codec: json, text },
        })
      }),
    )
  })

  test('keeps characters whole that fall between two chunks of the stream', async () => {
    const text = `x${'🐎€ü'.repeat(60_000)}`
    expect(await openEntry(await gzipped(text), address, roomy)).toMatchObject({ encoded: { text } })
  })

  test('of incompressible text at the cap can still be read back', async () => {
    const text = Buffer.from(
      Uint8Array.from({ length: 60_000 }, (_, i) => (i * 7919 + ((i * i) >> 5)) % 251),
    ).toString('hex')
    const exact = { maxValueBytes: text.length, compressFrom: 0 }
    const packed = await pack(text, exact)
    const bytes = sealEntry(packed, {
      codec: json,
      life,
      took: 0,
      validators,
      stamp: 0,
      tags: [],
      address,
      now,
    })
    expect(await openEntry(bytes, address, exact)).toMatchObject({ encoded: { text } })
  })

  test.each([
    ['no base64', '!!!'],
    ['no gzip', btoa('hello there')],
    ['nothing', ''],
    ['half of it', (whole: string) => btoa(atob(whole).slice(0, -12))],
    [
      'a wrong check sum',
      (whole: string) => btoa(`${atob(whole).slice(0, -8)}\0\0\0\0${atob(whole).slice(-4)}`),
    ],
    ['a wrong length', (whole: string) => btoa(`${atob(whole).slice(0, -4)}\0\0\0\x01`)],
    ['something behind it', (whole: string) => btoa(`${atob(whole)}junk`)],
  ])('with a payload that is %s is corrupt', async (_, damage) => {
    const { payload } = await pack('text '.repeat(50), { ...roomy, compressFrom: 0 })
    const damaged = typeof damage === 'string' ? damage : damage(payload)
    const bytes = formatEntry({ header: headerOf({ zip: 'gzip' }), payload: damaged })
    expect(await openEntry(bytes, address, roomy)).toBe('corrupt')
  })

  test('of bytes that are not UTF-8 is corrupt', async () => {
    const stream = new Blob([Uint8Array.of(0xff, 0xfe, 0xfd)])
      .stream()
      .pipeThrough(new CompressionStream('gzip'))
    const payload = Buffer.from(await new Response(stream).arrayBuffer()).toString('base64')
    const bytes = formatEntry({ header: headerOf({ zip: 'gzip' }), payload })
    expect(await openEntry(bytes, address, roomy)).toBe('corrupt')
  })

  test.each(['CompressionStream', 'DecompressionStream'])(
    'without %s writes as it is, and cannot read what is compressed',
    async (missing) => {
      const bytes = await gzipped('text')
      vi.stubGlobal(missing, undefined)
      expect(pack('text', { ...roomy, compressFrom: 0 })).toEqual({ zip: '', digest: '', payload: 'text' })
      expect(await openEntry(bytes, address, roomy)).toBe('codec')
      expect(await openEntry(plain('1'), address, roomy)).toMatchObject({ encoded: { text: '1' } })
    },
  )
})
