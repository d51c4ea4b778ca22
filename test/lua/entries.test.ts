import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SetEntryIfExists } from '../../src/lua/index.ts'
import { codecs, conditional, key } from './conditional.ts'
import { describeScripts, HOSTILE, title } from './lua.ts'
import { bytesOf, NOTHING } from './nothing.ts'
import { seed } from './versioned.ts'

describeScripts('entries', (lua) => {
  const { setIfNotExists, setIfExists, swap, extend, stored } = conditional(lua)

  describe.each(NOTHING)('what %s', (_, bytes) => {
    test('counts as nothing, and is replaced only where nothing is wanted there', async () => {
      await lua().redis('SET', key, bytes)
      expect(await setIfExists()).toBe(0)
      expect(await swap('1')).toBe(-1)
      expect(await extend(60_000)).toBeNull()
      expect(await lua().redis('PTTL', key)).toBe(-1)
      expect(await stored()).toBe(bytes)
      expect(await setIfNotExists()).toBe(1)
      expect(await stored()).toBe(`h1|e|${seed + 1}|new`)
    })
  })

  test('a key of another type counts as nothing', async () => {
    await lua().redis('RPUSH', key, 'element')
    expect([await setIfExists(), await swap('1'), await extend(60_000)]).toEqual([0, -1, null])
    expect(await lua().redis('TYPE', key)).toBe('list')
    expect(await setIfNotExists()).toBe(1)
    expect(await stored()).toBe(`h1|e|${seed + 1}|new`)
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
    await lua().redis('SET', key, bytesOf({ fresh: (await now()) + 60_000 }))
    expect(await setIfNotExists()).toBe(0)
    await lua().redis('SET', key, bytesOf({ fresh: await now() }))
    expect(await setIfNotExists()).toBe(1)
  })

  test('what is written has the life that was given, and an end in the past leaves a tombstone', async () => {
    await setIfNotExists()
    expect(await lua().redis('PTTL', key)).toSatisfy((ms: number) => ms > 50_000 && ms <= 60_000)
    await lua().redis('SET', key, bytesOf())
    expect(await setIfExists(0)).toBe(1)
    expect(await stored()).toMatch(/^h1\|t\|1700000000000\d+\n$/)
    await lua().redis('SET', key, bytesOf())
    expect(await swap('1', { ttl: 0 })).toBe(1)
    expect(await stored()).toMatch(/^h1\|t\|1700000000000\d+\n$/)
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
        lua().call(SetEntryIfExists, [at, 'p:m:v'], ['p', codecs, '|new', 9, '', 0, 0, '', 0, 1])
      expect(await run(`p:${address}x`)).toEqual([0, 0, null])
      expect(await run(`p:${address}`)).toEqual([1, seed + 1, null])
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
})
