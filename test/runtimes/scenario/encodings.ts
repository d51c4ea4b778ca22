import type { Serializer } from '../../../src/index.ts'
import { equal } from './assert.ts'
import { type Checks, record } from './toolbox.ts'

const compresses = typeof CompressionStream === 'function'
const text = 'a repetitive text, '.repeat(200)

/** Bytes, each flipped: neither UTF-8 nor JSON. */
const flipped: Serializer = {
  name: 'flipped',
  encode: (value) => new TextEncoder().encode(JSON.stringify(value)).map((byte) => byte ^ 0xff),
  decode: (data) => JSON.parse(new TextDecoder().decode((data as Uint8Array).map((byte) => byte ^ 0xff))),
}

const shouting: Serializer = {
  name: 'shouting',
  encode: (value) => String(value).toUpperCase(),
  decode: (data) => (data as string).toLowerCase(),
}

export const encodings: Checks = {
  'compression: a long value is stored compressed where the runtime can': async (t) => {
    const options = { compression: { threshold: 100 } }
    const writer = t.isolate(options)
    await writer.set('long', text)
    await writer.set('short', 'short')
    const stored = (await t.redis('GET', `${t.prefix}:e:long`)) as string
    equal(stored.length < 1000, compresses, 'stored compressed')
    equal(
      await t.isolate(options).getMany(['long', 'short']),
      new Map([
        ['long', text],
        ['short', 'short'],
      ]),
    )
    equal(await t.isolate().get('long'), text, 'read by a cache that does not compress itself')
    return compresses ? `compressed: ${stored.length} of ${text.length} characters` : 'not compressed'
  },

  'compression: what another runtime compressed is read, or else is a miss': async (t) => {
    const cache = t.isolate({ keyPrefix: `${t.subject.input.run}.given` })
    const seen = record(cache, 'discard', 'error')
    equal(await cache.get('compressed'), compresses ? text : undefined)
    equal(seen, compresses ? [] : ['discard l2 codec'])
    equal(await cache.getOrCreate('compressed', () => 'made anew'), compresses ? text : 'made anew')
  },

  'a serializer of bytes': async (t) => {
    const options = { serializer: flipped }
    const value = { list: [1, 2, 'drei ✓'] }
    const cache = t.isolate(options)
    await cache.set('a', value)
    equal(cache.getLocal('a'), value)
    equal(await t.isolate(options).get('a'), value)
  },

  'a serializer of text; what another one wrote is a miss': async (t) => {
    await t.isolate({ serializer: shouting }).set('a', 'hello')
    equal(await t.isolate({ serializer: shouting }).get('a'), 'hello')
    const other = t.isolate({ serializer: flipped })
    const seen = record(other, 'discard', 'error')
    equal(await other.get('a'), undefined)
    equal(seen, ['discard l2 codec'])
  },

  'foreign bytes are a miss, never an error': async (t) => {
    await t.redis('SET', `${t.prefix}:e:a`, '{"not":"ours"}')
    const cache = t.isolate()
    const seen = record(cache, 'discard', 'error')
    equal(await cache.get('a'), undefined)
    equal(seen, ['discard l2 foreign'])
  },
}

/** What the test stores for every run, from Node. */
export const given: { readonly compressed: string } = { compressed: text }
