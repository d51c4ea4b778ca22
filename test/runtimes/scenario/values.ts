import { equal, failure } from './assert.ts'
import { show } from './show.ts'
import type { Checks } from './toolbox.ts'

/** Every kind of value that must come back as it was. */
const values: Readonly<Record<string, unknown>> = {
  'plain JSON': { id: 1, list: [1, 'two', null, [true, { deep: [] }]], empty: {}, text: '' },
  'a number': 4.2,
  'numbers that JSON lacks': [Number.NaN, Infinity, -Infinity, -0],
  'a Date': new Date(1_700_000_000_123),
  'a Map': new Map<unknown, unknown>([
    ['a', new Map([[1, 'one']])],
    [2, new Date(0)],
  ]),
  'a Set': new Set(['x', 'y', 1]),
  'a BigInt': { big: 12_345_678_901_234_567_890n, negative: -1n },
  'undefined inside': { missing: undefined, list: [1, undefined, 2] },
  'typed arrays': [new Uint8Array([0, 127, 128, 255]), new Float64Array([1.5, -0.25]), new Int16Array([-2])],
  'a RegExp and a URL': [/^a+\/b$/gi, new URL('https://example.com/ä?q=1#x')],
  unicode: { 'ключ ✓': 'héllo wörld – 日本語 – 👩‍👩‍👧‍👦 🇫🇷 \u0000 \u2028 \ufeff \ud83d\ude00' },
  'what looks like a reference': { json: 1, meta: { values: {} }, h1: 'h1|e|', $: '$ref' },
}

class Point {
  readonly x = 1
}

const roundTrips = Object.entries(values).map(([name, value]): [string, Checks[string]] => [
  `comes back as it was: ${name}`,
  async (t) => {
    const [writer, reader] = [t.isolate(), t.isolate()]
    await writer.set('value', value)
    equal(writer.getLocal('value'), value, 'L1')
    equal(await reader.get('value'), value, 'L2')
    equal(reader.getLocal('value'), value, 'L1 after L2')
  },
])

export const valueChecks: Checks = {
  ...Object.fromEntries(roundTrips),

  'comes back as it was: 200,000 characters': async (t) => {
    const text = 'schön ✓ 😀 '.repeat(20_000)
    await t.isolate().set('long', { text })
    equal(((await t.isolate().get('long')) as { text: string }).text === text, true)
  },

  'a value that cannot be stored is refused, before anything is sent': async (t) => {
    const cache = await t.warmIsolate({ maxValueBytes: 1000 })
    const codeOf = async (value: unknown): Promise<unknown> =>
      ((await failure(() => cache.set('bad', value))) as { code?: unknown }).code
    const cost = await t.costOf(async () => {
      equal(await codeOf({ run: () => 1 }), 'SERIALIZE', 'a function')
      equal(await codeOf(new Point()), 'SERIALIZE', 'a class instance')
      equal(await codeOf('x'.repeat(1000)), 'TOO_LARGE', 'a long text')
      equal((await failure(() => cache.set('bad', undefined))).name, 'TypeError', 'undefined')
    })
    equal(cost, { requests: 0, commands: 0 })
  },

  'getOrCreate gives a value that cannot be stored to its caller': async (t) => {
    const made = { run: show }
    equal((await t.isolate().getOrCreate('bad', () => made)) === made, true)
  },
}
