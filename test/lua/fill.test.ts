import { describe, expect, test } from 'vitest'
import { CommitEntry, FillEntry, LeaseEntry } from '../../src/lua/index.ts'
import { describeScripts, HOSTILE, title } from './lua.ts'
import { bytesOf } from './nothing.ts'

const NEW = bytesOf({ created: 1_700_000_001_000 }, '"new"')
const headerLine = (bytes: string): string => bytes.slice(0, bytes.indexOf('\n') + 1)

/** What a load may have seen under the key, and the beginning that tells it. */
const SEEN: readonly (readonly [string, string, string])[] = [
  ['an entry that has expired', bytesOf({ fresh: 1 }), headerLine(bytesOf({ fresh: 1 }))],
  [
    'an entry with escaped characters in its header line',
    bytesOf({ address: 'e:%|,\n*[k]?', tags: ['a|b', '%'], etag: '"%d+|\n"', fresh: 1 }),
    headerLine(bytesOf({ address: 'e:%|,\n*[k]?', tags: ['a|b', '%'], etag: '"%d+|\n"', fresh: 1 })),
  ],
  ['another key’s entry', bytesOf({ address: 'e:other' }), headerLine(bytesOf({ address: 'e:other' }))],
  ['a tombstone', 'h1|t|1700000000000000\n', 'h1|t|1700000000000000\n'],
  ['a short text', '?', '?'],
  ['a text of which 64 characters are enough', 'é🐎'.repeat(60), 'é🐎'.repeat(60).slice(0, 63)],
  ['a text that is a Lua pattern', '^.*%a+[^x]-$ and more', '^.*%a+[^x]-$'],
  ['an empty text', '', ''],
]

describeScripts('fills', (lua) => {
  const [key, leaseKey] = ['p:e:k', 'p:l:k']
  const stored = (): Promise<unknown> => lua().redis('GET', key)
  const holder = (): Promise<unknown> => lua().redis('GET', leaseKey)
  const life = (): Promise<unknown> => lua().redis('PTTL', key)
  const given = async (bytes?: string, token?: string): Promise<void> => {
    await lua().redis('DEL', key, leaseKey)
    if (bytes !== undefined) await lua().redis('SET', key, bytes)
    if (token !== undefined) await lua().redis('SET', leaseKey, token, 'PX', 60_000)
  }
  const fill = (seen: string, value = NEW, ttl = 60_000, stamp = 7): Promise<unknown> =>
    lua().call(FillEntry, [key], [seen, value, ttl, stamp])
  const commit = (seen: string, value = NEW, ttl = 60_000, stamp = 7): Promise<unknown> =>
    lua().call(CommitEntry, [key, leaseKey], ['mine', seen, value, ttl, stamp])
  const expectNew = async (): Promise<void> => {
    expect(await stored()).toBe(NEW)
    expect(await life()).toSatisfy((ms: number) => ms > 50_000 && ms <= 60_000)
  }

  describe.each([
    ['FillEntry', fill],
    ['CommitEntry without its lease', commit],
  ] as const)('%s', (_, store) => {
    test.each(SEEN)('writes over %s, while it is there', async (__, bytes, seen) => {
      await given(bytes)
      expect(await store(seen)).toBe(1)
      await expectNew()
      await given()
      expect(await store(seen)).toBe(1)
      await expectNew()
      // Written by somebody else since, a fresh one or not.
      for (const other of [bytesOf(), bytesOf({ fresh: 2 }), `!${bytes}`]) {
        await given(other)
        expect(await store(seen)).toBe(0)
        expect(await stored()).toBe(other)
        expect(await life()).toBe(-1)
      }
    })

    test('writes where nothing was, unless something is', async () => {
      expect(await store('')).toBe(1)
      await expectNew()
      for (const other of [bytesOf(), 'x', '0', '\u0000', '\n']) {
        await given(other)
        expect(await store('')).toBe(0)
        expect(await stored()).toBe(other)
      }
    })

    test('what was seen must be there to its last byte, and from the first', async () => {
      const seen = headerLine(bytesOf({ fresh: 1 }))
      for (const other of [
        seen.slice(0, -1),
        seen.slice(1),
        ` ${seen}`,
        seen.toUpperCase(),
        seen.replace('\n', 'x\n'),
      ]) {
        await given(other)
        expect(await store(seen)).toBe(0)
        expect(await stored()).toBe(other)
      }
    })

    test('sent again it answers the same, and does not write: nor does it prolong', async () => {
      const old = bytesOf({ fresh: 1 })
      await given(old)
      expect(await store(headerLine(old))).toBe(1)
      await lua().redis('PEXPIRE', key, 5_000)
      expect(await store(headerLine(old))).toBe(1)
      expect(await store('')).toBe(1)
      expect(await store(NEW.slice(0, 64))).toBe(1)
      expect(await life()).toSatisfy((ms: number) => ms > 0 && ms <= 5_000)
      expect(await stored()).toBe(NEW)
    })

    test('sent again late it undoes nothing, be it a tombstone or an entry', async () => {
      const old = bytesOf({ fresh: 1 })
      for (const other of ['h1|t|1700000000000001\n', bytesOf({ created: 1_700_000_002_000 })]) {
        await given(old)
        expect(await store(headerLine(old))).toBe(1)
        await given(other)
        expect(await store(headerLine(old))).toBe(0)
        expect(await stored()).toBe(other)
      }
      // A removal that leaves nothing behind is not known to have been.
      await given()
      expect(await store(headerLine(old))).toBe(1)
    })

    test('writes over a tombstone that it knew of, whatever else it saw', async () => {
      const v = 1_700_000_000_000_000
      for (const [version, stamp, state] of [
        [v, v, 1],
        [v, v + 1, 1],
        [v, v - 1, 0],
        [v, 0, 0],
        [9, 10, 1],
        [10, 9, 0],
        [9_007_199_254_740_991, 9_007_199_254_740_991, 1],
      ] as const) {
        for (const seen of ['', 'seen', headerLine(bytesOf({ fresh: 1 }))]) {
          const bytes = `h1|t|${version}\n`
          await given(bytes)
          expect([version, stamp, await store(seen, NEW, 60_000, stamp)]).toEqual([version, stamp, state])
          expect(await stored()).toBe(state === 1 ? NEW : bytes)
        }
      }
    })

    test('what only looks like a tombstone stays', async () => {
      for (const bytes of [
        'h1|t|7',
        'h1|t|7\n\n',
        'h1|t|7\nx',
        ' h1|t|7\n',
        'h1|t|\n',
        'h1|t|-7\n',
        'h1|t|7|\n',
        'h2|t|7\n',
        'h1|e|7\n',
        `h1|t|${'0'.repeat(17)}\n`,
      ]) {
        await given(bytes)
        expect([bytes, await store('', NEW, 60_000, 9)]).toEqual([bytes, 0])
        expect(await stored()).toBe(bytes)
      }
    })

    test('a value that only begins like the new one is another', async () => {
      for (const other of [`${NEW} `, NEW.slice(0, -1)]) {
        await given(other)
        expect(await store('h2')).toBe(0)
        expect(await stored()).toBe(other)
      }
    })

    test('a key of another type counts as nothing', async () => {
      await lua().redis('RPUSH', key, 'element')
      expect(await store('seen')).toBe(1)
      await expectNew()
    })

    test('bytes that are no text are told by their beginning', async () => {
      const put = String.raw`return redis.call('SET', KEYS[1], ARGV[1] .. '\255\0\1')`
      const isKept = String.raw`return redis.call('GET', KEYS[1]) == ARGV[1] .. '\255\0\1'`
      await lua().redis('EVAL', put, 1, key, 'begin')
      expect(await store('begim')).toBe(0)
      expect(await store('begin\uFFFD')).toBe(0)
      expect(await lua().redis('EVAL', isKept, 1, key, 'begin')).toBe(1)
      expect(await store('begin')).toBe(1)
      await expectNew()
    })

    test.each(HOSTILE.map((text) => [title(text), text] as const))('the text %s', async (__, text) => {
      await given(`${text}x`)
      expect(await store(`${text.slice(0, 64)}y`, text)).toBe(0)
      expect(await store(`${text}x`, `${text}!`)).toBe(1)
      expect(await stored()).toBe(`${text}!`)
      expect(await store('other', `${text}!`)).toBe(1)
      expect(await store('other', `${text}?`)).toBe(0)
    })
  })

  test.each(HOSTILE.map((text) => [title(text), text] as const))(
    'the text %s is part of keys and tokens',
    async (_, text) => {
      const keys = [`p:e:${text.slice(0, 900)}`, `p:l:${text.slice(0, 900)}`] as const
      const token = `${text}t`
      await lua().redis('SET', 'decoy', 'stays')
      expect(await lua().call(LeaseEntry, keys, ['p', ',j,', token, 60_000, '', 0, 0, 0])).toEqual([
        1,
        null,
        expect.any(Number),
      ])
      expect(await lua().call(CommitEntry, keys, [`${token}t`, '', 'new', 60_000, 0])).toBe(0)
      expect(await lua().redis('EXISTS', ...keys)).toBe(1)
      expect(await lua().call(CommitEntry, keys, [token, '', 'new', 60_000, 0])).toBe(1)
      expect(await lua().redis('MGET', ...keys)).toEqual(['new', null])
      expect(await lua().call(FillEntry, [keys[0]], ['new', 'newer', 60_000, 0])).toBe(1)
      expect(await lua().redis('MGET', ...keys, 'decoy')).toEqual(['newer', null, 'stays'])
      expect(await lua().redis('DBSIZE')).toBe(2)
    },
  )

  describe('CommitEntry', () => {
    test.each(SEEN)('writes over %s, and ends its lease', async (_, bytes, seen) => {
      await given(bytes, '5|mine')
      expect(await commit(seen)).toBe(1)
      await expectNew()
      expect(await holder()).toBeNull()
    })

    test('ends its lease where others have written, too', async () => {
      for (const seen of ['', headerLine(bytesOf({ fresh: 1 }))]) {
        await given(bytesOf(), '5|mine')
        expect(await commit(seen)).toBe(0)
        expect(await stored()).toBe(bytesOf())
        expect(await holder()).toBeNull()
      }
    })

    test('writes nothing where another has the lease, and leaves it', async () => {
      const old = bytesOf({ fresh: 1 })
      for (const token of ['5|other', '5|min', '5|mine ', '5|x|mine', 'mine', '|mine', 'x|mine', '']) {
        for (const bytes of [undefined, '', old]) {
          await given(bytes, token)
          expect(await commit(bytes === old ? headerLine(old) : '')).toBe(0)
          expect(await stored()).toBe(bytes ?? null)
          expect(await holder()).toBe(token)
          expect(await lua().redis('PTTL', leaseKey)).toBeGreaterThan(50_000)
        }
      }
    })

    test('sent again it answers the same, also when the next holder has come, whose lease it leaves', async () => {
      const old = bytesOf({ fresh: 1 })
      await given(old, '5|mine')
      expect([await commit(headerLine(old)), await commit(headerLine(old))]).toEqual([1, 1])
      await lua().redis('SET', leaseKey, '5|other', 'PX', 60_000)
      expect(await commit(headerLine(old))).toBe(1)
      expect(await holder()).toBe('5|other')
      // Its own lease, taken once more by a request that came late, goes.
      await lua().redis('SET', leaseKey, '6|mine', 'PX', 60_000)
      expect(await commit(headerLine(old))).toBe(1)
      expect(await holder()).toBeNull()
      await expectNew()
    })

    test('a lease that has ended does no harm unless somebody came between', async () => {
      await given(undefined)
      expect(await lua().call(LeaseEntry, [key, leaseKey], ['p', ',j,', 'mine', 20, '', 0, 0, 0])).toEqual([
        1,
        null,
        20,
      ])
      await lua().elapse(21)
      expect(await commit('')).toBe(1)
      await expectNew()
      await given(bytesOf())
      expect(await commit('')).toBe(0)
      expect(await stored()).toBe(bytesOf())
    })

    test('a lease key of another type is no lease', async () => {
      await lua().redis('RPUSH', leaseKey, 'mine')
      expect(await commit('')).toBe(1)
      await expectNew()
      expect(await lua().redis('TYPE', leaseKey)).toBe('list')
    })
  })

  test('a whole load: one makes it, the others wait and then find it', async () => {
    const lease = (token: string): Promise<unknown> =>
      lua().call(LeaseEntry, [key, leaseKey], ['p', ',j,', token, 60_000, '', 0, 0, 0])
    const old = bytesOf({ fresh: 1 })
    await given(old)
    expect(await lease('mine')).toEqual([1, old, 60_000])
    expect(await lease('other')).toEqual([2, old, expect.any(Number)])
    expect(await commit(headerLine(old))).toBe(1)
    expect(await lease('other')).toEqual([0, NEW, 0])
    expect(await lua().redis('DBSIZE')).toBe(1)
  })
})
