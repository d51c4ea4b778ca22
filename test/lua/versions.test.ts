import { describe, expect, test } from 'vitest'
import {
  ExpireEntries,
  InvalidateTags,
  type LuaScript,
  RemoveEntries,
  SeedVersions,
  SetEntry,
} from '../../src/lua/index.ts'
import { describeScripts, HOSTILE, title, type Word } from './lua.ts'
import { tombstoneOf } from './nothing.ts'
import { a, b, counter, lives, log, seed, trims, versioned } from './versioned.ts'

describeScripts('versions', (lua) => {
  const { redis, seeded, logged, setEntry, remove, invalidate, expire } = versioned(lua)

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
      expect(await redis('MGET', key, `t${key}`)).toEqual([tombstoneOf(seed + 4), String(seed + 2)])
      expect(await logged()).toEqual([`t${member}`, String(seed + 2), member, String(seed + 4)])
      expect(await redis('DBSIZE')).toBe(4)
    },
  )
})
