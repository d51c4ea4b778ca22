import { describe, expect, test } from 'vitest'
import { parseEntry } from '../../src/entry/header.ts'
import {
  CommitEntry,
  ExpireEntries,
  FillEntry,
  InvalidateTags,
  type LuaScript,
  RemoveEntries,
  SeedVersions,
  SetEntry,
} from '../../src/lua/index.ts'
import { describeScripts, HOSTILE, title, type Word } from './lua.ts'
import { bytesOf, later, NOTHING } from './nothing.ts'

const seed = 1_700_000_000_000_000
/** A version at which the log is trimmed. */
const trims = 1_700_000_000_000_000 + 256 - (1_700_000_000_000_000 % 256)

describeScripts('versions', (lua) => {
  const [counter, log, root] = ['p:m:v', 'p:m:log', 'p:t:*']
  const [a, b] = ['p:e:k', 'p:e:l']
  const redis = (...words: Word[]): Promise<unknown> => lua().redis(...words)
  const seeded = (version: Word = seed): Promise<unknown> => redis('SET', counter, version)
  const logged = (): Promise<unknown> => redis('ZRANGE', log, 0, -1, 'WITHSCORES')
  const tombstone = (version: Word): string => `h1|t|${version}\n`
  const lives = (from: number, to: number): unknown => expect.toSatisfy((ms: number) => ms > from && ms <= to)

  const setEntry = (value = '|x', ttl = 60_000): Promise<unknown> =>
    lua().call(SetEntry, [counter, a, log], [value, ttl, 'm'])
  const remove = (): Promise<unknown> => lua().call(RemoveEntries, [counter, a, b, log], [60_000, 'm', 'n'])
  const invalidate = (ttl = 0): Promise<unknown> =>
    lua().call(InvalidateTags, [counter, log, 'p:t:a', 'p:t:b'], [ttl, 'm', 'n'])
  const expire = (ttl = 60_000): Promise<unknown> =>
    lua().call(ExpireEntries, [counter, a, b, log], [ttl, 'p', 'm', 'n'])

  describe('seeding', () => {
    const seedVersions = (): Promise<unknown> => lua().call(SeedVersions, [counter, root, log], ['*'])

    test('takes the server’s time in microseconds, for the root and for the log, and none of it ends', async () => {
      const [seconds] = (await redis('TIME')) as [string]
      const version = await seedVersions()
      expect(version).toSatisfy((v: number) => v >= Number(seconds) * 1e6 && v < (Number(seconds) + 5) * 1e6)
      expect(version).not.toBe(Math.floor(Number(version) / 1e6) * 1e6)
      expect(await redis('MGET', counter, root)).toEqual([String(version), String(version)])
      expect(await logged()).toEqual(['*', String(version)])
      expect(await lua().pipeline([counter, root, log].map((key) => ['PTTL', key]))).toEqual([-1, -1, -1])
    })

    test('of many at once all get one version, and the next write the one after it', async () => {
      const versions = await Promise.all(Array.from({ length: 20 }, seedVersions))
      expect(new Set(versions).size).toBe(1)
      expect(await setEntry()).toBe((versions[0] as number) + 1)
      expect(await seedVersions()).toBe((versions[0] as number) + 1)
    })

    test.each(['1000000000000', '1700000000000000', '9000000000000000'])('leaves %s alone', async (text) => {
      await seeded(text)
      expect(await seedVersions()).toBe(Number(text))
      expect(await redis('GET', counter)).toBe(text)
      expect(await redis('DBSIZE')).toBe(1)
    })

    test.each(['', '0', '1', '999999999999', '-5', '1.5', '1e15', 'x', '01700000000000000', '9'.repeat(19)])(
      'replaces %j',
      async (text) => {
        await seeded(text)
        const version = await seedVersions()
        expect(version).toBeGreaterThan(seed)
        expect(await redis('MGET', counter, root)).toEqual([String(version), String(version)])
      },
    )

    test('replaces what is of another type, except the log, and then writes nothing', async () => {
      await redis('RPUSH', counter, 'x')
      await redis('RPUSH', root, 'x')
      expect(await seedVersions()).toBeGreaterThan(seed)
      await redis('DEL', counter, root, log)
      await redis('SET', log, 'x')
      expect((await lua().run(SeedVersions, [counter, root, log], ['*'])).error).toMatch(/^WRONGTYPE/)
      expect(await redis('EXISTS', counter, root)).toBe(0)
    })
  })

  describe.each([
    ['SetEntry', () => setEntry(), ['m']],
    ['RemoveEntries', () => remove(), ['m', 'n']],
    ['InvalidateTags', () => invalidate(), ['m', 'n']],
    ['ExpireEntries', () => expire(), ['m', 'n']],
  ] as const)('%s', (name, run, members) => {
    test('draws one version after the other, one a run, and the log has the last', async () => {
      await seeded()
      for (const version of [seed + 1, seed + 2, seed + 3]) {
        expect(await run()).toBe(version)
        expect(await redis('GET', counter)).toBe(String(version))
        expect(await logged()).toEqual(members.flatMap((member) => [member, String(version)]))
      }
      expect(await lua().pipeline([counter, log].map((key) => ['PTTL', key]))).toEqual([-1, -1])
    })

    test('of many at once each has a version of its own', async () => {
      await seeded()
      const versions = (await Promise.all(Array.from({ length: 20 }, run))) as number[]
      expect(versions.toSorted((x, y) => x - y)).toEqual(versions.map((_, i) => seed + 1 + i))
    })

    test.each([undefined, '0', '5', '999999999998'])(
      'writes nothing where versions are not seeded: %s',
      async (text) => {
        if (text !== undefined) await seeded(text)
        expect(await run()).toBe(0)
        expect(await redis('GET', counter)).toBe(String(Number(text ?? 0) + 1))
        expect(await redis('DBSIZE')).toBe(1)
      },
    )

    test('begins with the first version that can be one, and stops where they are no longer exact', async () => {
      await seeded('999999999999')
      expect(await run()).toBe(1e12)
      await seeded('9007199254740990')
      expect(await run()).toBe(9_007_199_254_740_991)
      expect(await run()).toBe(0)
    })

    test('one in 256 lets the log forget, and keeps the newest 1024', async () => {
      const old = [-1025, -1024, -1023, -1, 0].map((by) => trims + by)
      for (const version of [trims - 1, trims, trims + 1]) {
        await redis('DEL', log)
        await redis('ZADD', log, ...old.flatMap((score) => [String(score), `old${score}`]))
        await seeded(version - 1)
        expect(await run()).toBe(version)
        const kept = version === trims ? old.slice(2) : old
        const scores = (await redis('ZRANGE', log, 0, -1)) as string[]
        expect(scores.toSorted()).toEqual([...members, ...kept.map((score) => `old${score}`)].toSorted())
      }
    })

    test('a counter that is none, or a log, of another type is an error, and nothing is written', async () => {
      await redis('RPUSH', counter, 'x')
      await expect(run()).rejects.toThrow(/WRONGTYPE/)
      await seeded('x')
      await expect(run()).rejects.toThrow(/not an integer/)
      await seeded()
      await redis('SET', log, 'x')
      await expect(run()).rejects.toThrow(/WRONGTYPE/)
      expect((await redis('KEYS', 'p:[et]:*')) as string[]).toEqual([])
    })

    test.skipIf(name === 'SetEntry')('run again it draws the next version, which says the same', async () => {
      await seeded()
      await run()
      const keys = ((await redis('KEYS', 'p:[et]:*')) as string[]).toSorted()
      const first = await redis('MGET', ...keys)
      expect(await run()).toBe(seed + 2)
      const texts = (first as string[]).map((text) => text.replace(String(seed + 1), String(seed + 2)))
      expect(await redis('MGET', ...keys)).toEqual(texts)
    })
  })

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
      await redis('SET', a, tombstone(seed + 3))
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
      expect(await redis('MGET', a, b)).toEqual([tombstone(seed + 1), tombstone(seed + 1)])
      for (const key of [a, b]) expect(await redis('PTTL', key)).toEqual(lives(50_000, 60_000))
    })

    test('without a log', async () => {
      await seeded(trims - 1)
      expect(await lua().call(RemoveEntries, [counter, a, b], [60_000])).toBe(trims)
      expect(await redis('MGET', a, b)).toEqual([tombstone(trims), tombstone(trims)])
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

  test('InvalidateTags lets tags live for their time, or for ever', async () => {
    await seeded()
    await redis('RPUSH', 'p:t:a', 'x')
    expect(await invalidate(0)).toBe(seed + 1)
    expect(await redis('MGET', 'p:t:a', 'p:t:b')).toEqual([String(seed + 1), String(seed + 1)])
    for (const key of ['p:t:a', 'p:t:b']) expect(await redis('PTTL', key)).toBe(-1)
    expect(await invalidate(60_000)).toBe(seed + 2)
    for (const key of ['p:t:a', 'p:t:b']) expect(await redis('PTTL', key)).toEqual(lives(50_000, 60_000))
    expect(await redis('MGET', 'p:t:a', 'p:t:b')).toEqual([String(seed + 2), String(seed + 2)])
  })

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
        expect(await redis('GET', a)).toBe(tombstone(seed + 1))
        expect(await redis('PTTL', a)).toEqual(lives(50_000, 60_000))
      },
    )

    test('puts a newer tombstone in the place of an older one, and of a list', async () => {
      await seeded()
      await redis('SET', a, tombstone(seed), 'PX', 1_000)
      await redis('RPUSH', b, 'x')
      await expire()
      expect(await redis('MGET', a, b)).toEqual([tombstone(seed + 1), tombstone(seed + 1)])
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
        if (time === 17) expect(after).toBe(tombstone(seed + 17))
        const seen = before.slice(0, before.indexOf('\n') + 1)
        expect([time, await lua().call(FillEntry, [a], [seen, 'new', 9_000, seed])]).toEqual([time, 0])
      }
    })

    test('without a log', async () => {
      await seeded(trims - 1)
      await redis('SET', a, bytesOf())
      expect(await lua().call(ExpireEntries, [counter, a, b], [60_000, 'p'])).toBe(trims)
      expect(await redis('MGET', a, b)).toEqual([bytesOf({ fresh: 0, end: later }), tombstone(trims)])
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

  test('five hundred keys at once, and no more', async () => {
    await seeded()
    const keys = Array.from({ length: 501 }, (_, i) => `p:e:${i}`)
    const calls: readonly (readonly [LuaScript, (n: number) => [string[], Word[]]])[] = [
      [
        RemoveEntries,
        (n) => [
          [counter, ...keys.slice(0, n), log],
          [9_000, ...keys.slice(0, n)],
        ],
      ],
      [RemoveEntries, (n) => [[counter, ...keys.slice(0, n)], [9_000]]],
      [
        ExpireEntries,
        (n) => [
          [counter, ...keys.slice(0, n), log],
          [9_000, 'p', ...keys.slice(0, n)],
        ],
      ],
      [
        ExpireEntries,
        (n) => [
          [counter, ...keys.slice(0, n)],
          [9_000, 'p'],
        ],
      ],
      [
        InvalidateTags,
        (n) => [
          [counter, log, ...keys.slice(0, n)],
          [9_000, ...keys.slice(0, n)],
        ],
      ],
    ]
    for (const [script, args] of [
      [RemoveEntries, [9_000]],
      [ExpireEntries, [9_000, 'p']],
    ] as const)
      expect((await lua().run(script, [counter], args)).error).toMatch(/1 to 500/)
    expect((await lua().run(InvalidateTags, [counter, log], [0])).error).toMatch(/1 to 500/)
    let version = seed
    for (const [script, given] of calls) {
      expect((await lua().run(script, ...given(501))).error).toMatch(/1 to 500/)
      await redis('DEL', ...keys, log)
      expect(await lua().call(script, ...given(500))).toBe(++version)
      expect(await redis('GET', 'p:e:499')).toContain(String(version))
      const [, args] = given(500)
      expect(await redis('ZCARD', log)).toBe(args.length > 2 ? 500 : 0)
    }
  })

  test('members must be as many as entries', async () => {
    await seeded()
    for (const [script, keys, args] of [
      [RemoveEntries, [counter, a, b, log], [9_000, 'm']],
      [RemoveEntries, [counter, a, log], [9_000, 'm', 'n']],
      [ExpireEntries, [counter, a, b, log], [9_000, 'p', 'm']],
      [ExpireEntries, [counter, a, log], [9_000, 'p', 'm', 'n']],
      [InvalidateTags, [counter, log, 'p:t:a', 'p:t:b'], [0, 'm']],
      [InvalidateTags, [counter, log, 'p:t:a'], [0, 'm', 'n']],
      [InvalidateTags, [counter, log, 'p:t:a'], [0]],
    ] as const)
      expect((await lua().run(script, keys, args)).error).toMatch(/a member for each/)
    expect((await lua().run(SeedVersions, ['x', 'y', 'z'], [''])).error).toMatch(/member must not be empty/)
    expect(await redis('GET', counter)).toBe(String(seed))
    expect(await redis('DBSIZE')).toBe(1)
  })

  test.each(HOSTILE.map((text) => [title(text), text] as const))(
    'the text %s is part of keys, members and values',
    async (_, text) => {
      await seeded()
      const [key, member] = [`p:e:${text.slice(0, 900)}`, `e:${text}`]
      expect(await lua().call(SetEntry, [counter, key, log], [`|${text}`, 9_000, member])).toBe(seed + 1)
      expect(await redis('GET', key)).toBe(`h1|e|${seed + 1}|${text}`)
      expect(await logged()).toEqual([member, String(seed + 1)])
      expect(await lua().call(InvalidateTags, [counter, log, `t${key}`], [0, `t${member}`])).toBe(seed + 2)
      expect(await lua().call(ExpireEntries, [counter, key, log], [9_000, 'p', member])).toBe(seed + 3)
      expect(await lua().call(RemoveEntries, [counter, key, log], [9_000, member])).toBe(seed + 4)
      expect(await redis('MGET', key, `t${key}`)).toEqual([tombstone(seed + 4), String(seed + 2)])
      expect(await logged()).toEqual([`t${member}`, String(seed + 2), member, String(seed + 4)])
      expect(await redis('DBSIZE')).toBe(4)
    },
  )
})
