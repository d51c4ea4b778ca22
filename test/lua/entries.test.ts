import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseEntry } from '../../src/entry/header.ts'
import type { EntryHeader } from '../../src/entry/header.ts'
import {
  CompareAndSwapEntry,
  GetAndExtendEntries,
  SetEntryIfExists,
  SetEntryIfNotExists,
} from '../../src/lua/index.ts'
import { describeScripts, HOSTILE, title } from './lua.ts'
import { bytesOf, later, NOTHING } from './nothing.ts'

describeScripts('entries', (lua) => {
  const key = 'p:e:k'
  const codecs = ',j,s,'
  const setIfNotExists = (): Promise<unknown> =>
    lua().call(SetEntryIfNotExists, [key], ['p', codecs, 'new', 60_000])
  const setIfExists = (ttl = 60_000): Promise<unknown> =>
    lua().call(SetEntryIfExists, [key], ['p', codecs, 'new', ttl])
  const swap = (text: string, { codec = 'j', digest = 'd', ttl = 60_000 } = {}): Promise<unknown> =>
    lua().call(CompareAndSwapEntry, [key], ['p', codec, text, digest, 'new', ttl])
  const extend = (ttl: number, keys: readonly string[] = [key]): Promise<unknown> =>
    lua().call(GetAndExtendEntries, keys, ['p', codecs, ttl])
  const stored = (): Promise<unknown> => lua().redis('GET', key)

  describe.each(NOTHING)('what %s', (_, bytes) => {
    test('counts as nothing, and is replaced only where nothing is wanted there', async () => {
      await lua().redis('SET', key, bytes)
      expect(await setIfExists()).toBe(0)
      expect(await swap('1')).toBe(-1)
      expect(await extend(60_000)).toBeNull()
      expect(await lua().redis('PTTL', key)).toBe(-1)
      expect(await stored()).toBe(bytes)
      expect(await setIfNotExists()).toBe(1)
      expect(await stored()).toBe('new')
    })
  })

  test('a key of another type counts as nothing', async () => {
    await lua().redis('RPUSH', key, 'element')
    expect([await setIfExists(), await swap('1'), await extend(60_000)]).toEqual([0, -1, null])
    expect(await lua().redis('TYPE', key)).toBe('list')
    expect(await setIfNotExists()).toBe(1)
    expect(await stored()).toBe('new')
  })

  test('an entry of another serializer counts as nothing, except where its very text is expected', async () => {
    for (const codec of ['t:other', 'j,s', 'x', '']) {
      await lua().redis('SET', key, bytesOf({ codec }))
      expect([codec, await setIfExists(), await extend(60_000)]).toEqual([codec, 0, null])
      expect([codec, await swap('1')]).toEqual([codec, 0])
      expect([codec, await setIfNotExists()]).toEqual([codec, 1])
    }
  })

  test('an entry is one to the last millisecond, by the server’s clock', async () => {
    const now = async (): Promise<number> => {
      const [seconds, micros] = (await lua().redis('TIME')) as [string, string]
      return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
    }
    await lua().redis('SET', key, bytesOf({ fresh: (await now()) + 1_000 }))
    expect(await setIfNotExists()).toBe(0)
    await lua().redis('SET', key, bytesOf({ fresh: await now() }))
    expect(await setIfNotExists()).toBe(1)
  })

  test('what is written has the life that was given, and an end in the past removes', async () => {
    await setIfNotExists()
    expect(await lua().redis('PTTL', key)).toSatisfy((ms: number) => ms > 50_000 && ms <= 60_000)
    await lua().redis('SET', key, bytesOf())
    expect(await setIfExists(0)).toBe(1)
    expect(await lua().redis('EXISTS', key)).toBe(0)
    await lua().redis('SET', key, bytesOf())
    expect(await swap('1', { ttl: 0 })).toBe(1)
    expect(await lua().redis('EXISTS', key)).toBe(0)
  })

  describe.each(HOSTILE.map((text) => [title(text), text] as const))('the text %s', (_, text) => {
    test('is compared whole as a payload', async () => {
      await lua().redis('SET', key, bytesOf({}, text))
      expect(await swap(`${text}x`)).toBe(0)
      expect(await swap(text, { codec: 's' })).toBe(0)
      expect(await swap(text)).toBe(1)
    })

    test('is part of a key and of what the entry says of itself', async () => {
      const name = text.slice(0, 900)
      const address = `e:|,%\n${name}`
      await lua().redis('SET', `p:${address}`, bytesOf({ address }))
      const run = (at: string): Promise<unknown> =>
        lua().call(SetEntryIfExists, [at], ['p', codecs, 'new', 9])
      expect(await run(`p:${address}x`)).toBe(0)
      expect(await run(`p:${address}`)).toBe(1)
    })
  })

  test('a compressed entry is compared by its digest, and never by its payload', async () => {
    const digest = createHash('sha1').update('text').digest('hex')
    const zipped = (): Promise<unknown> =>
      lua().redis('SET', key, bytesOf({ zip: 'gzip', digest }, 'cGF5bG9hZA=='))
    await zipped()
    expect(await swap('cGF5bG9hZA==')).toBe(0)
    expect(await swap('text', { digest: digest.replace(/./, 'x') })).toBe(0)
    expect(await swap('text', { digest, codec: 's' })).toBe(0)
    expect(await swap('text', { digest })).toBe(1)
    await lua().redis('SET', key, bytesOf({ digest }))
    expect(await swap('text', { digest })).toBe(0)
  })

  describe('extending', () => {
    const read = async (at = key): Promise<EntryHeader> => {
      const entry = parseEntry(String(await lua().redis('GET', at)))
      if (entry === undefined) throw new Error('not an entry any more')
      return entry.header
    }

    test('changes the instants and nothing else, and the entry stays whole', async () => {
      const given = { stamp: 7, took: 11, tags: ['a|b', 'c'], etag: '%"x"', modified: 'x' }
      for (const slides of [{}, { end: later, idle: 20_000 }]) {
        await lua().redis('SET', key, bytesOf({ ...given, ...slides }, '{"a":[]}'))
        const before = await read()
        const [seconds] = (await lua().redis('TIME')) as [string]
        const bytes = await extend(60_000)
        expect(bytes).toBe(await stored())
        const { fresh, end, ...rest } = await read()
        const { fresh: _, end: __, ...kept } = before
        expect(rest).toEqual(kept)
        expect(fresh - Number(seconds) * 1000).toSatisfy((ms: number) => ms >= 60_000 && ms < 63_000)
        expect(end).toBe('end' in slides ? fresh : 0)
        const px = Number(await lua().redis('PTTL', key))
        expect(px).toSatisfy((ms: number) => ms > ('end' in slides ? 18_000 : 58_000) && ms <= 60_000)
        if ('end' in slides) expect(px).toBeLessThanOrEqual(20_000)
      }
    })

    test('moves the stale window along, as long as it was, and Redis keeps the entry through it', async () => {
      const now = async (): Promise<number> => Number(((await lua().redis('TIME')) as [string])[0]) * 1000
      for (const ttl of [60_000, 5_000]) {
        await lua().redis('SET', key, bytesOf({ stale: later + 30_000 }))
        await lua().redis('SET', 'p:e:a', bytesOf({ address: 'e:a', stale: later + 1 }))
        const from = await now()
        expect(await extend(ttl, [key, 'p:e:a'])).toBe(await stored())
        const [first, second] = [await read(), await read('p:e:a')]
        expect(first.fresh - from).toSatisfy((ms: number) => ms >= ttl && ms < ttl + 3_000)
        expect([first.stale - first.fresh, second.stale - second.fresh]).toEqual([30_000, 1])
        const px = Number(await lua().redis('PTTL', key))
        expect(px).toSatisfy((ms: number) => ms > ttl + 28_000 && ms <= ttl + 30_000)
      }
    })

    test('leaves no window that ends before its entry does', async () => {
      for (const stale of [5, later]) {
        await lua().redis('SET', key, bytesOf({ stale }))
        await extend(60_000)
        expect((await read()).stale).toBe(0)
        expect(await lua().redis('PTTL', key)).toBeLessThanOrEqual(60_000)
      }
    })

    test('does not bring back what is only stale', async () => {
      const [seconds] = (await lua().redis('TIME')) as [string]
      const bytes = bytesOf({ fresh: Number(seconds) * 1000, stale: later })
      await lua().redis('SET', key, bytes)
      expect(await extend(60_000)).toBeNull()
      expect(await stored()).toBe(bytes)
      expect(await lua().redis('PTTL', key)).toBe(-1)
      expect(await setIfExists()).toBe(0)
      expect(await swap('1')).toBe(-1)
      expect(await setIfNotExists()).toBe(1)
    })

    test('shortens as well, an idle window too', async () => {
      await lua().redis('SET', key, bytesOf({ end: later, idle: 20_000 }))
      await extend(5_000)
      expect(await lua().redis('PTTL', key)).toSatisfy((ms: number) => ms > 3_000 && ms <= 5_000)
    })

    test('others follow if there is a first', async () => {
      const keys = [key, 'p:e:a', 'p:e:none', 'p:e:dead', 'p:e:list', 'p:n:x:e:k']
      await lua().redis('SET', 'p:e:a', bytesOf({ address: 'e:a' }))
      await lua().redis('SET', 'p:e:dead', bytesOf({ address: 'e:dead', fresh: 1 }))
      await lua().redis('SET', 'p:n:x:e:k', bytesOf({ address: 'n:x:e:k', codec: 't:other' }))
      await lua().redis('RPUSH', 'p:e:list', '1')
      expect(await extend(60_000, keys)).toBeNull()
      const lives = (): Promise<unknown[]> => lua().pipeline(keys.map((each) => ['PTTL', each]))
      expect(await lives()).toEqual([-2, -1, -2, -1, -1, -1])
      await lua().redis('SET', key, bytesOf())
      expect(await extend(60_000, keys)).toBe(await stored())
      const lives60 = expect.toSatisfy((ms: number) => ms > 50_000) as unknown
      expect(await lives()).toEqual([lives60, lives60, -2, -1, -1, lives60])
    })

    test('takes a thousand keys and no more', async () => {
      const keys = Array.from({ length: 1_000 }, (_, i) => `p:e:${i}`)
      await lua().pipeline(keys.map((each) => ['SET', each, bytesOf({ address: each.slice(2) })]))
      expect(await extend(60_000, keys)).toMatch(/^h1/)
      expect(await lua().redis('PTTL', 'p:e:999')).toBeGreaterThan(50_000)
      const { error } = await lua().run(GetAndExtendEntries, [...keys, key], ['p', codecs, 60_000])
      expect(error).toMatch(/at most 1000 keys/)
    })
  })
})
