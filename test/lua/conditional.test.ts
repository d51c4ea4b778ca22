import { describe, expect, test } from 'vitest'
import type { EntryHeader } from '../../src/entry/header.ts'
import { CompareAndSwapEntry, SetEntryIfExists, SetEntryIfNotExists } from '../../src/lua/index.ts'
import { codecs, conditional, key, places, stateOf } from './conditional.ts'
import { describeScripts, type Word } from './lua.ts'
import { bytesOf, tombstoneOf } from './nothing.ts'
import { seed } from './versioned.ts'

describeScripts('entries', (lua) => {
  const { stored } = conditional(lua)

  describe('versions', () => {
    interface Given {
      readonly ttl?: number
      readonly member?: string
      readonly floor?: Word
      readonly stars?: Word
      readonly tags?: string
      readonly tagFloor?: Word
      readonly fence?: number
      readonly to?: readonly string[]
      readonly value?: string
    }
    const tail = ({
      ttl = 60_000,
      member = 'm',
      floor = 0,
      stars = 0,
      tags = '',
      tagFloor = 0,
      fence = 1,
    }: Given): Word[] => [ttl, member, floor, stars, tags, tagFloor, fence]
    const ifNotExists = (given: Given = {}): Promise<unknown> =>
      lua().call(SetEntryIfNotExists, given.to ?? places, [
        'p',
        codecs,
        given.value ?? '|new',
        ...tail(given),
      ])
    const ifExists = (given: Given = {}): Promise<unknown> =>
      lua().call(SetEntryIfExists, given.to ?? places, ['p', codecs, given.value ?? '|new', ...tail(given)])
    const swapIf = (given: Given = {}, text = '1'): Promise<unknown> => {
      const args = ['p', 'j', text, 'd', given.value ?? '|new', ...tail(given)]
      return lua().call(CompareAndSwapEntry, given.to ?? places, args)
    }
    const NO = [0, 0, null]
    const writes = [
      ['SetEntryIfNotExists', ifNotExists, () => lua().redis('SET', key, tombstoneOf(seed))],
      ['SetEntryIfExists', ifExists, () => lua().redis('SET', key, bytesOf())],
      ['CompareAndSwapEntry', swapIf, () => lua().redis('SET', key, bytesOf())],
    ] as const
    const logged = (): Promise<unknown> => lua().redis('ZRANGE', 'p:m:log', 0, -1, 'WITHSCORES')

    test.each(writes)('%s draws a version, stamps with it and logs it', async (_, write, given) => {
      for (const version of [seed + 1, seed + 2]) {
        await given()
        expect(await write()).toEqual([1, version, null])
        expect(await stored()).toBe(`h1|e|${version}|new`)
        expect(await lua().redis('PTTL', key)).toSatisfy((ms: number) => ms > 50_000 && ms <= 60_000)
        expect(await logged()).toEqual(['m', String(version)])
      }
      await given()
      expect(await write({ to: places.slice(0, 2), member: '' })).toEqual([1, seed + 3, null])
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
      async (_, write, given) => {
        for (const version of ['DEL', '0', '999999999998']) {
          await given()
          const before = await stored()
          await (version === 'DEL' ? lua().redis('DEL', 'p:m:v') : lua().redis('SET', 'p:m:v', version))
          expect(await write()).toEqual([-2, 0, null])
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
        { stars: '' },
        { tagFloor: '' },
        { fence: 0 },
      ])
        await expect(write(wrong)).rejects.toThrow(/^ERR hybrid-cache: /)
      expect(await stored()).toBe(before)
      expect(await lua().redis('GET', 'p:m:v')).toBe(String(seed))
    })

    test('a refusal draws no version, and shows tags that it was not told of', async () => {
      const tagged = bytesOf({ stamp: 5, tags: ['a|b', 'c'] }, 'x\ny')
      await lua().redis('SET', key, tagged)
      for (const tags of ['', 'c', 'a%7cb', 'c,a%7cb', 'a|b,c']) {
        expect([tags, await ifNotExists({ tags })]).toEqual([tags, [-3, 0, 'a%7cb,c']])
        expect([tags, await ifExists({ tags })]).toEqual([tags, [-3, 0, 'a%7cb,c']])
        expect([tags, await swapIf({ tags }, 'x\ny')]).toEqual([tags, [-3, 0, 'a%7cb,c']])
      }
      expect(await swapIf({}, 'other')).toEqual(NO)
      expect(await ifNotExists({ tags: 'a%7cb,c' })).toEqual(NO)
      expect(await stored()).toBe(tagged)
      await lua().redis('SET', key, bytesOf({ fresh: 1 }))
      expect([await ifExists(), await swapIf()]).toEqual([NO, [-1, 0, null]])
      await lua().redis('SET', key, tombstoneOf(seed))
      expect([await ifExists(), await swapIf()]).toEqual([NO, [-1, 0, null]])
      expect(await lua().redis('GET', 'p:m:v')).toBe(String(seed))
      expect(await logged()).toEqual([])
    })

    test.each(writes)('%s counts what is older than a star as nothing', async (name, write) => {
      const stars = ['p:t:*', 'p:n:x:t:*']
      for (const [star, version, exists] of [
        ['p:t:*', '5', true],
        ['p:t:*', '6', false],
        ['p:n:x:t:*', '6', false],
        ['p:n:x:t:*', 'not a version', true],
      ] as const) {
        await lua().redis('DEL', ...stars)
        await lua().redis('SET', star, version)
        await lua().redis('SET', key, bytesOf({ stamp: 5 }))
        const state = await stateOf(write({ to: [...places, ...stars], stars: 2 }))
        expect([star, version, state === 1]).toEqual([
          star,
          version,
          exists === (name !== 'SetEntryIfNotExists'),
        ])
      }
    })

    test.each(writes)(
      '%s counts what a tag has ended as nothing, if it has that tag',
      async (name, write) => {
        const [star, a, b, softA, softB] = ['p:t:*', 'p:t:a', 'p:t:b', 'p:x:a', 'p:x:b'] as const
        const to = [...places, star, a, b, softA, softB]
        const at = { stamp: 5, tags: ['a', 'b'] }
        const cases: [readonly [string, string] | undefined, Partial<EntryHeader>, exists: boolean][] = [
          [undefined, at, true],
          ...[a, b, softA, softB].flatMap((tag): [[string, string], Partial<EntryHeader>, boolean][] => [
            [[tag, '5'], at, true],
            [[tag, '6'], at, false],
            [[tag, '6'], { ...at, stamp: 6 }, true],
            [[tag, '6'], { stamp: 5 }, true],
            [[tag, 'not a version'], at, true],
          ]),
          [[star, '6'], at, false],
          [[star, '6'], { stamp: 5 }, false],
        ]
        for (const [version, header, exists] of cases) {
          await lua().redis('DEL', star, a, b, softA, softB)
          if (version !== undefined) await lua().redis('SET', ...version)
          await lua().redis('SET', key, bytesOf(header))
          const [state, number] = (await write({ to, stars: 1, tags: 'a,b' })) as [number, number]
          const states = name === 'SetEntryIfNotExists' ? [0, 1] : [1, -4]
          expect([version, header, state]).toEqual([version, header, states[exists ? 0 : 1]])
          if (state === -4) expect(number).toBe(6)
        }
      },
    )

    test.each(writes)('%s goes by what its caller knows of the tags, too', async (name, write) => {
      for (const [header, tagFloor, exists] of [
        [{ stamp: 5, tags: ['a'] }, 5, true],
        [{ stamp: 5, tags: ['a'] }, 6, false],
        [{ stamp: 5 }, 6, true],
      ] as const) {
        await lua().redis('SET', key, bytesOf(header))
        const state = await stateOf(write({ tags: 'a', tagFloor }))
        const states = name === 'SetEntryIfNotExists' ? [0, 1] : [1, -4]
        expect([header, tagFloor, state]).toEqual([header, tagFloor, states[exists ? 0 : 1]])
      }
    })

    test('an entry with a stamp below the floor is none', async () => {
      for (const [floor, exists] of [
        [5, true],
        [6, false],
      ] as const) {
        const states = exists ? [0, 1, 1] : [1, -4, -4]
        for (const [i, write] of [ifNotExists, ifExists, swapIf].entries()) {
          await lua().redis('SET', key, bytesOf({ stamp: 5 }))
          expect([floor, await stateOf(write({ floor }))]).toEqual([floor, states[i]])
        }
      }
      // One without a stamp is as old as can be.
      await lua().redis('SET', key, bytesOf())
      expect(await ifExists({ floor: 1 })).toEqual([-4, 0, null])
    })

    test('what has ended already leaves a tombstone for the time of the fence', async () => {
      for (const [i, write] of [ifExists, swapIf].entries()) {
        await lua().redis('SET', key, bytesOf())
        expect(await write({ ttl: 0, fence: 60_000, value: '' })).toEqual([1, seed + 1 + i, null])
        expect(await stored()).toBe(tombstoneOf(seed + 1 + i))
        expect(await lua().redis('PTTL', key)).toSatisfy((ms: number) => ms > 50_000 && ms <= 60_000)
        expect(await logged()).toEqual(['m', String(seed + 1 + i)])
      }
    })

    test('of many that write where there is nothing, one does', async () => {
      const replies = (await Promise.all(
        Array.from({ length: 20 }, () => ifNotExists({ value: `${bytesOf().slice(5)}` })),
      )) as [number, number, null][]
      expect(replies.filter(([state]) => state === 1)).toEqual([[1, seed + 1, null]])
      expect(replies.filter(([state]) => state === 0)).toHaveLength(19)
    })
  })
})
