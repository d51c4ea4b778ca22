import { describe, expect, test } from 'vitest'
import { parseEntry } from '../../src/entry/header.ts'
import { CommitEntry, FillEntry, RemoveEntries, SetEntry } from '../../src/lua/index.ts'
import { describeScripts, type Word } from './lua.ts'
import { bytesOf, tombstoneOf } from './nothing.ts'
import { a, b, counter, lives, log, seed, trims, versioned } from './versioned.ts'

describeScripts('versions', (lua) => {
  const { redis, seeded, setEntry, remove } = versioned(lua)

  describe('SetEntry', () => {
    test('puts the version where the stamp is, whatever was there', async () => {
      await seeded()
      const [, rest = ''] = /^h1\|e\|(\|[\s\S]*)$/.exec(bytesOf({ tags: ['a'] }, '"é🐎"')) ?? []
      expect(await setEntry(rest)).toBe(seed + 1)
      expect(await redis('GET', a)).toBe(bytesOf({ stamp: seed + 1, tags: ['a'] }, '"é🐎"'))
      expect(await redis('PTTL', a)).toEqual(lives(50_000, 60_000))
      await redis('DEL', a)
      await redis('RPUSH', a, 'x')
      expect(await setEntry(rest)).toBe(seed + 2)
      await redis('SET', a, tombstoneOf(seed + 3))
      expect(await setEntry(rest)).toBe(seed + 3)
      expect(parseEntry(String(await redis('GET', a)))?.header.stamp).toBe(seed + 3)
    })

    test('without a log it draws a version all the same', async () => {
      await seeded(trims - 1)
      expect(await lua().call(SetEntry, [counter, a], ['|x', 60_000, ''])).toBe(trims)
      expect(await redis('GET', a)).toBe(`h1|e|${trims}|x`)
      expect(await redis('DBSIZE')).toBe(2)
    })

    test('refuses a value that has its stamp already, and a log without a member or the reverse', async () => {
      await seeded()
      const calls: readonly (readonly [readonly string[], readonly Word[]])[] = [
        [
          [counter, a, log],
          ['', 60_000, 'm'],
        ],
        [
          [counter, a, log],
          ['x|', 60_000, 'm'],
        ],
        [
          [counter, a, log],
          [bytesOf(), 60_000, 'm'],
        ],
        [
          [counter, a, log],
          ['|x', 60_000, ''],
        ],
        [
          [counter, a],
          ['|x', 60_000, 'm'],
        ],
      ]
      for (const [keys, args] of calls)
        expect((await lua().run(SetEntry, keys, args)).error).toMatch(/^ERR hybrid-cache: /)
      expect(await redis('GET', counter)).toBe(String(seed))
      expect(await redis('DBSIZE')).toBe(1)
    })
  })

  describe('RemoveEntries', () => {
    test('leaves a tombstone in the place of whatever was there, for its time', async () => {
      await seeded()
      await redis('SET', a, bytesOf())
      await redis('RPUSH', b, 'x')
      expect(await remove()).toBe(seed + 1)
      expect(await redis('MGET', a, b)).toEqual([tombstoneOf(seed + 1), tombstoneOf(seed + 1)])
      for (const key of [a, b]) expect(await redis('PTTL', key)).toEqual(lives(50_000, 60_000))
    })

    test('without a log', async () => {
      await seeded(trims - 1)
      expect(await lua().call(RemoveEntries, [counter, a, b], [60_000])).toBe(trims)
      expect(await redis('MGET', a, b)).toEqual([tombstoneOf(trims), tombstoneOf(trims)])
      expect(await redis('EXISTS', log)).toBe(0)
    })

    test('a tombstone stops a fill that began before, and none that began after', async () => {
      await seeded()
      await remove()
      const fill = (stamp: number): Promise<unknown> => lua().call(FillEntry, [a], ['', 'new', 9_000, stamp])
      expect(await fill(seed)).toBe(0)
      const commit = (stamp: number): Promise<unknown> =>
        lua().call(CommitEntry, [b, 'p:l:l'], ['t', '', 'new', 9_000, stamp])
      expect(await commit(seed)).toBe(0)
      expect([await fill(seed + 1), await commit(seed + 2)]).toEqual([1, 1])
    })
  })
})
