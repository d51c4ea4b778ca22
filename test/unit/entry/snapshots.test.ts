// The bytes of released versions of the format. They must decode for ever: never change a file in test/snapshots, add one.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Codec, openEntry, sealEntry, type Serializer } from '../../../src/entry/index.ts'

const codec = new Codec()
const lines: Serializer = {
  name: 'lines',
  encode: (value) => (value as string[]).join('\n'),
  decode: (data) => (data as string).split('\n'),
}
const octets: Serializer = {
  name: 'octets.v1',
  encode: (value) => Uint8Array.from(value as number[]),
  decode: (data) => Array.from(data as Uint8Array),
}
const settings = { maxValueBytes: 2 ** 20, compressFrom: Infinity }
const now = 1_700_000_000_000

const plain = {
  id: 7,
  name: 'Ada | Lovelace',
  tags: ['a', 'ü', '🐎'],
  nested: { on: true, none: null },
  note: 'x\ny',
}
const rich = {
  at: new Date(now),
  map: new Map([['a', 1]]),
  set: new Set([1, 2]),
  big: 12_345_678_901_234_567_890n,
  none: undefined,
}
const fixtures = [
  {
    name: 'h1-json',
    codec,
    address: 'e:user:7',
    value: plain,
    life: { ttl: 300_000, idle: 0, localTtl: 1, staleFor: 0 },
    took: 12,
  },
  {
    name: 'h1-superjson',
    codec,
    address: 'n:shop:e:a|b%',
    value: rich,
    life: { ttl: 300_000, idle: 60_000, localTtl: 1, staleFor: 0 },
    took: 0,
  },
  {
    name: 'h1-text',
    codec: new Codec(lines),
    address: 'e:lines',
    value: ['one', 'two | 2', ''],
    life: { ttl: 1, idle: 0, localTtl: 1, staleFor: 0 },
    took: 0,
  },
  {
    name: 'h1-bytes',
    codec: new Codec(octets),
    address: 'e:🐎',
    value: [0, 1, 127, 128, 255],
    life: { ttl: 1, idle: 0, localTtl: 1, staleFor: 0 },
    took: 0,
  },
]

const read = (name: string): string =>
  readFileSync(new URL(`../../snapshots/${name}.txt`, import.meta.url), 'utf8')

describe.each(fixtures)('$name', ({ name, codec: own, address, value, life, took }) => {
  test('decodes to its value', async () => {
    const opened = await openEntry(read(name), address, settings)
    if (typeof opened === 'string') throw new Error(`refused: ${opened}`)
    expect(own.decode(opened.encoded)).toEqual(value)
    const { created, fresh, idle, end } = opened.header
    expect([created, fresh, idle, end]).toEqual([
      now,
      now + (life.idle > 0 ? life.idle : life.ttl),
      life.idle,
      life.idle > 0 ? now + life.ttl : 0,
    ])
    expect(opened.header).toMatchObject({
      took,
      address,
      tags: [],
      etag: '',
      modified: '',
      zip: '',
      digest: '',
    })
  })

  test('is what is written today, byte for byte', () => {
    const { text, codec: mark } = own.encode(value)
    const packed = { zip: '', digest: '', payload: text }
    expect(
      sealEntry(packed, {
        codec: mark,
        life,
        took,
        validators: { etag: '', modified: '' },
        stamp: 0,
        tags: [],
        address,
        now,
      }),
    ).toBe(read(name))
  })
})

test('h1-gzip decodes to its value', async () => {
  const opened = await openEntry(read('h1-gzip'), 'e:long', settings)
  if (typeof opened === 'string') throw new Error(`refused: ${opened}`)
  expect(codec.decode(opened.encoded)).toEqual({ text: 'zürich 🐎 '.repeat(200) })
  expect(opened.header).toMatchObject({ zip: 'gzip', codec: 'j', created: now, fresh: now + 300_000 })
  expect(opened.header.digest).toMatch(/^[0-9a-f]{40}$/)
})
