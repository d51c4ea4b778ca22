import { describe, expect, test } from 'vitest'
import { parseEntry } from '../../src/entry/header.ts'
import { ExpireEntries, FillEntry } from '../../src/lua/index.ts'
import { describeScripts } from './lua.ts'
import { bytesOf, later, NOTHING, tombstoneOf } from './nothing.ts'
import { a, b, counter, lives, log, seed, trims, versioned } from './versioned.ts'

describeScripts('versions', (lua) => {
  const { redis, seeded, expire } = versioned(lua)

  describe('ExpireEntries', () => {
    const facts = { stamp: 9, stale: 5, took: 3, end: 7, idle: 8, tags: ['a|b'], etag: '%', modified: 'x' }

    test('ends the freshness of an entry, keeps when it would have ended, and changes nothing else', async () => {
      await seeded()
      for (const given of [{}, { fresh: 1, stale: 5 }, { codec: 't:other', zip: 'gzip', digest: 'ab' }]) {
        await redis('SET', a, bytesOf(given, '0|00\n'))
        await expire()
        const { fresh: end = later } = given as { fresh?: number }
        expect(await redis('GET', a)).toBe(bytesOf({ ...given, fresh: 0, end }, '0|00\n'))
      }
    })

    test.each([facts, { idle: 8 }])('leaves a sliding entry its own end', async (given) => {
      await seeded()
      await redis('SET', a, bytesOf(given, '0|00\n'))
      await expire()
      expect(await redis('GET', a)).toBe(bytesOf({ ...given, fresh: 0 }, '0|00\n'))
    })

    test('keeps when an entry would have ended that is expired again', async () => {
      await seeded()
      await redis('SET', a, bytesOf())
      for (let time = 1; time <= 3; time += 1) await expire()
      expect(parseEntry(String(await redis('GET', a)))?.header).toMatchObject({ fresh: 0, end: later })
    })

    test('keeps the life of an entry, but never below that of a tombstone', async () => {
      await seeded()
      await redis('SET', a, bytesOf(), 'PX', 200_000)
      await redis('SET', b, bytesOf({ address: 'e:l' }), 'PX', 5_000)
      await expire()
      expect(await redis('PTTL', a)).toEqual(lives(100_000, 200_000))
      expect(await redis('PTTL', b)).toEqual(lives(50_000, 60_000))
      await redis('PERSIST', a)
      await expire()
      expect(await redis('PTTL', a)).toBe(-1)
    })

    test.each([...NOTHING.slice(2), ['is nothing', undefined] as const])(
      'leaves a tombstone where what is there %s',
      async (_, bytes) => {
        await seeded()
        if (bytes !== undefined) await redis('SET', a, bytes)
        expect(await expire()).toBe(seed + 1)
        expect(await redis('GET', a)).toBe(tombstoneOf(seed + 1))
        expect(await redis('PTTL', a)).toEqual(lives(50_000, 60_000))
      },
    )

    test('puts a newer tombstone in the place of an older one, and of a list', async () => {
      await seeded()
      await redis('SET', a, tombstoneOf(seed), 'PX', 1_000)
      await redis('RPUSH', b, 'x')
      await expire()
      expect(await redis('MGET', a, b)).toEqual([tombstoneOf(seed + 1), tombstoneOf(seed + 1)])
      expect(await redis('PTTL', a)).toEqual(lives(50_000, 60_000))
    })

    test('each time stops the fills that began before, until only a tombstone can', async () => {
      await seeded()
      await redis('SET', a, bytesOf())
      for (let time = 1; time <= 17; time += 1) {
        const before = String(await redis('GET', a))
        await expire()
        const after = String(await redis('GET', a))
        expect(parseEntry(after)?.header.fresh).toBe(time <= 16 ? 0 : undefined)
        if (time === 17) expect(after).toBe(tombstoneOf(seed + 17))
        const seen = before.slice(0, before.indexOf('\n') + 1)
        expect([time, await lua().call(FillEntry, [a], [seen, 'new', 9_000, seed])]).toEqual([time, 0])
      }
    })

    test('without a log', async () => {
      await seeded(trims - 1)
      await redis('SET', a, bytesOf())
      expect(await lua().call(ExpireEntries, [counter, a, b], [60_000, 'p'])).toBe(trims)
      expect(await redis('MGET', a, b)).toEqual([bytesOf({ fresh: 0, end: later }), tombstoneOf(trims)])
      expect(await redis('EXISTS', log)).toBe(0)
    })

    test('looks at the key’s own address', async () => {
      await seeded()
      const address = 'n:x:e:|,%\nk'
      await redis('SET', `q:${address}`, bytesOf({ address }))
      await lua().call(ExpireEntries, [counter, `q:${address}`], [60_000, 'q'])
      expect(await redis('GET', `q:${address}`)).toBe(bytesOf({ address, fresh: 0, end: later }))
    })
  })
})
