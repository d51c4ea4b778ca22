import { describe, expect, test } from 'vitest'
import { type EntryHeader, parseEntry } from '../../src/entry/header.ts'
import { GetAndExtendEntries } from '../../src/lua/index.ts'
import { codecs, conditional, key } from './conditional.ts'
import { describeScripts } from './lua.ts'
import { bytesOf, later, tombstoneOf } from './nothing.ts'
import { seed } from './versioned.ts'

describeScripts('entries', (lua) => {
  const { setIfNotExists, setIfExists, swap, extend, stored } = conditional(lua)

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
        expect(fresh - Number(seconds) * 1000).toSatisfy((ms: number) => ms >= life && ms < life + 10_000)
        expect(end).toBe('end' in slides ? fresh + 40_000 : 0)
        const px = Number(await lua().redis('PTTL', key))
        expect(px).toSatisfy((ms: number) => ms > ('end' in slides ? 10_000 : 50_000) && ms <= 60_000)
        if ('end' in slides) expect(px).toBeLessThanOrEqual(20_000)
      }
    })

    test('moves the stale window along, as long as it was, and Redis keeps the entry through it', async () => {
      const now = async (): Promise<number> => Number(((await lua().redis('TIME')) as [string])[0]) * 1000
      for (const ttl of [60_000, 20_000]) {
        await lua().redis('SET', key, bytesOf({ stale: later + 30_000 }))
        await lua().redis('SET', 'p:e:a', bytesOf({ address: 'e:a', stale: later + 1 }))
        const from = await now()
        expect(await extend(ttl, [key, 'p:e:a'])).toBe(await stored())
        const [first, second] = [await read(), await read('p:e:a')]
        expect(first.fresh - from).toSatisfy((ms: number) => ms >= ttl && ms < ttl + 10_000)
        expect([first.stale - first.fresh, second.stale - second.fresh]).toEqual([30_000, 1])
        const px = Number(await lua().redis('PTTL', key))
        expect(px).toSatisfy((ms: number) => ms > ttl + 20_000 && ms <= ttl + 30_000)
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
      await extend(15_000)
      expect(await lua().redis('PTTL', key)).toSatisfy((ms: number) => ms > 5_000 && ms <= 15_000)
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
