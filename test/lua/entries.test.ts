import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { parseEntry } from '../../src/entry/header.ts'
import type { EntryHeader } from '../../src/entry/header.ts'
import {
  CompareAndSwapEntry,
  GetAndExtendEntries,
  SetEntryIfExists,
  SetEntryIfNotExists,
} from '../../src/lua/index.ts'
import { describeScripts, HOSTILE, title, type Word } from './lua.ts'
import { bytesOf, later, NOTHING } from './nothing.ts'

const headOf = (bytes: string): string => bytes.slice(0, bytes.indexOf('\n') + 1)

const tombstoneOf = (version: number): string => `h1|t|${version}\n`

describeScripts('entries', (lua) => {
  const key = 'p:e:k'
  const codecs = ',j,s,'
  const places = [key, 'p:m:v', 'p:m:log']
  const seed = 1_700_000_000_000_000
  const versioned = ['e:k', 0, '', 30_000]
  const stateOf = async (reply: Promise<unknown>): Promise<number> => ((await reply) as [number])[0]
  const setIfNotExists = (): Promise<number> =>
    stateOf(lua().call(SetEntryIfNotExists, places, ['p', codecs, '|new', 60_000, ...versioned]))
  const setIfExists = (ttl = 60_000): Promise<number> =>
    stateOf(lua().call(SetEntryIfExists, places, ['p', codecs, '|new', ttl, ...versioned, '']))
  const swap = (text: string, { codec = 'j', digest = 'd', ttl = 60_000 } = {}): Promise<number> =>
    stateOf(
      lua().call(CompareAndSwapEntry, places, ['p', codec, text, digest, '|new', ttl, ...versioned, '']),
    )
  const extend = async (ttl: number, keys: readonly string[] = [key]): Promise<unknown> => {
    const reply = await lua().call(GetAndExtendEntries, keys, ['p', codecs, ttl, 0, 0, 90_000])
    return Array.isArray(reply) ? reply[0] : reply
  }
  const stored = (): Promise<unknown> => lua().redis('GET', key)
  beforeEach(() => lua().redis('SET', 'p:m:v', seed))

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
    await lua().redis('SET', key, bytesOf({ fresh: (await now()) + 1_000 }))
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
        lua().call(SetEntryIfExists, [at, 'p:m:v'], ['p', codecs, '|new', 9, '', 0, '', 1, ''])
      expect(await run(`p:${address}x`)).toEqual([0, 0, null])
      expect(await run(`p:${address}`)).toEqual([1, seed + 1, headOf(bytesOf({ address }))])
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

  describe('versions', () => {
    const head = (given = {}): string => headOf(bytesOf(given))
    interface Given {
      readonly ttl?: number
      readonly member?: string
      readonly floor?: Word
      readonly dead?: string
      readonly fence?: number
      readonly vouched?: string
      readonly to?: readonly string[]
      readonly value?: string
    }
    const tail = ({ ttl = 60_000, member = 'm', floor = 0, dead = '', fence = 1 }: Given): Word[] => [
      ttl,
      member,
      floor,
      dead,
      fence,
    ]
    const ifNotExists = (given: Given = {}): Promise<unknown> =>
      lua().call(SetEntryIfNotExists, given.to ?? places, [
        'p',
        codecs,
        given.value ?? '|new',
        ...tail(given),
      ])
    const ifExists = (given: Given = {}): Promise<unknown> =>
      lua().call(SetEntryIfExists, given.to ?? places, [
        'p',
        codecs,
        given.value ?? '|new',
        ...tail(given),
        given.vouched ?? '',
      ])
    const swapIf = (given: Given = {}, text = '1'): Promise<unknown> => {
      const args = ['p', 'j', text, 'd', given.value ?? '|new', ...tail(given), given.vouched ?? '']
      return lua().call(CompareAndSwapEntry, given.to ?? places, args)
    }
    const NO = [0, 0, null]
    const writes = [
      ['SetEntryIfNotExists', ifNotExists, () => lua().redis('SET', key, tombstoneOf(seed)), null],
      ['SetEntryIfExists', ifExists, () => lua().redis('SET', key, bytesOf()), head()],
      ['CompareAndSwapEntry', swapIf, () => lua().redis('SET', key, bytesOf()), head()],
    ] as const
    const logged = (): Promise<unknown> => lua().redis('ZRANGE', 'p:m:log', 0, -1, 'WITHSCORES')

    test.each(writes)('%s draws a version, stamps with it and logs it', async (_, write, given, was) => {
      for (const version of [seed + 1, seed + 2]) {
        await given()
        expect(await write()).toEqual([1, version, was])
        expect(await stored()).toBe(`h1|e|${version}|new`)
        expect(await lua().redis('PTTL', key)).toSatisfy((ms: number) => ms > 50_000 && ms <= 60_000)
        expect(await logged()).toEqual(['m', String(version)])
      }
      await given()
      expect(await write({ to: places.slice(0, 2), member: '' })).toEqual([1, seed + 3, was])
      expect(await logged()).toEqual(['m', String(seed + 2)])
    })

    test.each(writes)('%s lets one log in 256 forget', async (_, write, given) => {
      const trims = seed + 256 - (seed % 256)
      await given()
      await lua().redis('ZADD', 'p:m:log', trims - 1024, 'old', trims - 1023, 'kept')
      await lua().redis('SET', 'p:m:v', trims - 2)
      await write()
      expect(await lua().redis('ZRANGE', 'p:m:log', 0, -1)).toEqual(['old', 'kept', 'm'])
      await given()
      await write()
      expect(await lua().redis('ZRANGE', 'p:m:log', 0, -1)).toEqual(['kept', 'm'])
    })

    test.each(writes)(
      '%s says so where versions are not seeded, and writes nothing',
      async (_, write, given, was) => {
        for (const version of ['DEL', '0', '999999999998']) {
          await given()
          const before = await stored()
          await (version === 'DEL' ? lua().redis('DEL', 'p:m:v') : lua().redis('SET', 'p:m:v', version))
          expect(await write()).toEqual([-2, 0, was])
          expect(await stored()).toBe(before)
          expect(await lua().redis('EXISTS', 'p:m:log')).toBe(0)
        }
      },
    )

    test.each(writes)(
      '%s keeps what it writes for the time of the fence at least',
      async (_, write, given) => {
        await given()
        await write({ ttl: 5_000, fence: 60_000 })
        expect(await lua().redis('PTTL', key)).toSatisfy((ms: number) => ms > 50_000 && ms <= 60_000)
      },
    )

    test.each(writes)('%s refuses what cannot be meant', async (_, write, given) => {
      await given()
      const before = await stored()
      for (const wrong of [
        { value: '' },
        { value: bytesOf() },
        { member: '' },
        { to: places.slice(0, 2) },
        { floor: '' },
        { fence: 0 },
      ])
        await expect(write(wrong)).rejects.toThrow(/^ERR hybrid-cache: /)
      expect(await stored()).toBe(before)
      expect(await lua().redis('GET', 'p:m:v')).toBe(String(seed))
    })

    test('a refusal draws no version, and shows the header line of the entry that is there', async () => {
      const tagged = bytesOf({ stamp: 5, tags: ['a|b', 'c'] }, 'x\ny')
      await lua().redis('SET', key, tagged)
      expect(await ifNotExists()).toEqual([0, 0, headOf(tagged)])
      expect(await swapIf({}, 'other')).toEqual([0, 0, headOf(tagged)])
      expect(await stored()).toBe(tagged)
      await lua().redis('SET', key, bytesOf({ fresh: 1 }))
      expect([await ifExists(), await swapIf()]).toEqual([NO, [-1, 0, null]])
      await lua().redis('SET', key, tombstoneOf(seed))
      expect([await ifExists(), await swapIf()]).toEqual([NO, [-1, 0, null]])
      expect(await lua().redis('GET', 'p:m:v')).toBe(String(seed))
      expect(await logged()).toEqual([])
    })

    test('an entry with a stamp below the floor, or whose header line is known to be dead, is none', async () => {
      const tagged = { stamp: 5, tags: ['a'] }
      const vouched = head(tagged)
      const cases = [
        [{ floor: 5 }, true],
        [{ floor: 6 }, false],
        [{ dead: head(tagged) }, false],
        [{ dead: head({ ...tagged, stamp: 6 }) }, true],
        [{ dead: `${head(tagged)}2` }, true],
      ] as const
      for (const [given, exists] of cases) {
        await lua().redis('SET', key, bytesOf(tagged))
        expect([given, await stateOf(ifNotExists(given))]).toEqual([given, exists ? 0 : 1])
        await lua().redis('SET', key, bytesOf(tagged))
        expect([given, await stateOf(ifExists({ ...given, vouched }))]).toEqual([given, exists ? 1 : 0])
        await lua().redis('SET', key, bytesOf(tagged))
        expect([given, await stateOf(swapIf({ ...given, vouched }))]).toEqual([given, exists ? 1 : -1])
      }
      // What its tags say only the caller can tell: it is asked, and nothing is written.
      for (const write of [ifExists, swapIf]) {
        await lua().redis('SET', key, bytesOf(tagged))
        expect(await write()).toEqual([-3, 0, vouched])
        expect(await write({ vouched: head({ ...tagged, stamp: 6 }) })).toEqual([-3, 0, vouched])
        expect(await stored()).toBe(bytesOf(tagged))
      }
      // One without a stamp is as old as can be.
      await lua().redis('SET', key, bytesOf())
      expect(await stateOf(ifExists({ floor: 1 }))).toBe(0)
    })

    test('what has ended already leaves a tombstone for the time of the fence', async () => {
      for (const [i, write] of [ifExists, swapIf].entries()) {
        await lua().redis('SET', key, bytesOf())
        expect(await write({ ttl: 0, fence: 60_000, value: '' })).toEqual([1, seed + 1 + i, head()])
        expect(await stored()).toBe(tombstoneOf(seed + 1 + i))
        expect(await lua().redis('PTTL', key)).toSatisfy((ms: number) => ms > 50_000 && ms <= 60_000)
        expect(await logged()).toEqual(['m', String(seed + 1 + i)])
      }
    })

    test('of many that write where there is nothing, one does', async () => {
      const replies = (await Promise.all(
        Array.from({ length: 20 }, () => ifNotExists({ value: `${bytesOf().slice(5)}` })),
      )) as [number, number, string | null][]
      expect(replies.filter(([state]) => state === 1)).toEqual([[1, seed + 1, null]])
      expect(replies.filter(([state]) => state === 0)).toHaveLength(19)
      for (const [state, , line] of replies) if (state === 0) expect(line).toBe(head({ stamp: seed + 1 }))
    })
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
        // One that slides ends when it is not used for its window; the whole time is its absolute end.
        const life = 'end' in slides ? 20_000 : 60_000
        expect(fresh - Number(seconds) * 1000).toSatisfy((ms: number) => ms >= life && ms < life + 3_000)
        expect(end).toBe('end' in slides ? fresh + 40_000 : 0)
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

    test('keeps no window beyond the longest that an entry lives', async () => {
      for (const [ttl, window] of [
        [60_000, 30_000],
        [90_000, 0],
      ] as const) {
        await lua().redis('SET', key, bytesOf({ stale: later + 50_000 }))
        await extend(ttl)
        const { fresh, stale } = await read()
        expect(stale === 0 ? 0 : stale - fresh).toBe(window)
        expect(await lua().redis('PTTL', key)).toBeLessThanOrEqual(90_000)
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

    test('counts an entry with a stamp below the floor as nothing, the first and others', async () => {
      const run = (floor: number): Promise<unknown> =>
        lua().call(GetAndExtendEntries, [key, 'p:e:l'], ['p', codecs, 60_000, floor, 0, 90_000])
      await lua().redis('SET', key, bytesOf({ stamp: 5 }))
      await lua().redis('SET', 'p:e:l', bytesOf({ address: 'e:l', stamp: 4 }))
      expect(await run(6)).toBeNull()
      expect(await lua().redis('PTTL', key)).toBe(-1)
      expect(await run(5)).toEqual([await stored(), null])
      expect(await lua().redis('PTTL', 'p:e:l')).toBe(-1)
      const line = String(await lua().redis('GET', 'p:e:l')).split('\n')[0]
      expect(line).toMatch(/^h1/)
      const [, renewed] = (await run(4)) as [string, string]
      expect(renewed).toBe(`${String(await lua().redis('GET', 'p:e:l')).split('\n')[0]}\n`)
      expect(renewed).not.toBe(`${line}\n`)
      expect(await lua().redis('PTTL', 'p:e:l')).toBeGreaterThan(50_000)
    })

    test('keeps the key for the time of the fence at least, and touches no tombstone', async () => {
      await lua().redis('SET', key, bytesOf({ end: later, idle: 2_000 }))
      await lua().redis('SET', 'p:e:l', tombstoneOf(seed), 'PX', 9_000)
      await lua().call(GetAndExtendEntries, [key, 'p:e:l'], ['p', codecs, 5_000, 0, 60_000, 90_000])
      expect(await lua().redis('PTTL', key)).toSatisfy((ms: number) => ms > 50_000 && ms <= 60_000)
      expect(await lua().redis('GET', 'p:e:l')).toBe(tombstoneOf(seed))
      expect(await lua().redis('PTTL', 'p:e:l')).toBeLessThanOrEqual(9_000)
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
      const { error } = await lua().run(
        GetAndExtendEntries,
        [...keys, key],
        ['p', codecs, 60_000, 0, 0, 90_000],
      )
      expect(error).toMatch(/at most 1000 keys/)
    })
  })
})
