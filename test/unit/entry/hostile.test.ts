// Text in the database that somebody else wrote, to do harm. Whatever it holds, decoding must not reach outside its own value.
import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { Codec } from '../../../src/entry/index.ts'

const codec = new Codec()
const polluted = '{"polluted":true}'
const plain = [
  `{"__proto__":${polluted}}`,
  `{"a":{"__proto__":${polluted}}}`,
  `[{"__proto__":${polluted}}]`,
  `{"constructor":{"prototype":${polluted}}}`,
  `{"prototype":${polluted}}`,
  `{"__proto__":{"toString":null,"toJSON":1}}`,
  `{"__proto__":null}`,
  `{"__proto__":[]}`,
  `{"__defineGetter__":1,"hasOwnProperty":1}`,
]
const meta = (values: unknown, json: unknown = {}, referentialEqualities?: unknown): string =>
  JSON.stringify({ json, meta: { values, referentialEqualities, v: 1 } })
const rich = [
  ...plain.map((text) => `{"json":${text}}`),
  ...plain.map((text) => `{"json":${text},"meta":{"values":{"__proto__.polluted":["Date"]}}}`),
  ...plain.map((text) => `{"json":{},"meta":${text}}`),
  ...plain,
  meta({ '__proto__.polluted': ['Date'] }, { a: 1 }),
  meta({ 'constructor.prototype.polluted': ['Date'] }, { a: 1 }),
  meta({ a: ['map', { __proto__: ['set'] }] }, { a: [['__proto__', { polluted: true }]] }),
  meta({ a: [['custom', 'Object']] }, { a: { polluted: true } }),
  meta({ a: [['class', 'Object']] }, { a: { polluted: true } }),
  meta({ a: [['class', '__proto__']] }, { a: { polluted: true } }),
  meta({ a: [['symbol', '__proto__']] }, { a: 'x' }),
  meta({ a: [['typed-array', '__proto__']] }, { a: [1] }),
  meta({ a: [['typed-array', 'constructor']] }, { a: [1] }),
  meta({ a: ['Error'] }, { a: { name: 'x', message: 'y', stack: 'z', __proto__: { polluted: true } } }),
  meta({ a: ['regexp'] }, { a: '/(a+)+$/' }),
  meta({ a: ['regexp'] }, { a: 5 }),
  meta({ a: ['bigint'] }, { a: 'not a number' }),
  meta({ a: ['constructor'] }, { a: 1 }),
  meta({ a: ['__proto__'] }, { a: 1 }),
  meta({}, { a: { polluted: true }, b: {} }, { a: ['__proto__'] }),
  meta({}, { a: { polluted: true } }, { a: ['__proto__.x', 'constructor.prototype.polluted'] }),
  meta({}, { a: { polluted: true } }, [{ a: ['__proto__.polluted'] }, { b: ['__proto__'] }]),
  '{"json":{"a":1},"meta":{"referentialEqualities":{"a":["__proto__.polluted"]}}}',
  '{"json":[],"meta":{"referentialEqualities":[["__proto__.polluted"]]}}',
  '{"json":{},"meta":{"values":[["a","b","c"]]}}',
  '{"meta":{}}',
  'null',
  '5',
]

const descriptorsOf = (): string =>
  JSON.stringify(
    [Object.prototype, Array.prototype, Function.prototype, Map.prototype, Date.prototype].map((prototype) =>
      Reflect.ownKeys(prototype).map(String),
    ),
  )

describe('stored text never changes a prototype, nor throws', () => {
  const before = descriptorsOf()
  const payloads = [...plain.map((text) => ['j', text]), ...rich.map((text) => ['s', text])] as [
    string,
    string,
  ][]

  test.each(payloads)('%s %s', (mark, text) => {
    const value = codec.decode({ codec: mark, text })
    expect(descriptorsOf()).toBe(before)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(Object.getPrototypeOf({})).toBe(Object.prototype)
    // Nor does writing what came out.
    try {
      codec.encode(value)
    } catch (error) {
      expect(error).toMatchObject({ code: 'SERIALIZE' })
    }
    expect(descriptorsOf()).toBe(before)
  })

  test('any text under any codec mark', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `{"json":${json},"meta":${json}}`),
    )
    const mark = fc.constantFrom('j', 's', '', 't:x', 'b:x', 't:undefined', 'b:undefined', '__proto__')
    fc.assert(
      fc.property(text, mark, (any, by) => {
        codec.decode({ codec: by, text: any })
        expect(descriptorsOf()).toBe(before)
      }),
      { numRuns: 2000 },
    )
  })

  test('there are enough of them', () => {
    expect(payloads.length).toBeGreaterThan(30)
  })
})
