import { describe, expect, test } from 'vitest'
import { AppendToLimitedList, GetAndRefreshRelated, GetMultiple, SetMultiple } from '../../src/lua/index.ts'
import { describeScripts, type Word } from './lua.ts'

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `k${i}`)

describeScripts('many values', (lua) => {
  const ttl = async (key: string): Promise<number> => Number(await lua().redis('PTTL', key))

  const append = (...args: Word[]): Promise<unknown> => lua().call(AppendToLimitedList, ['l'], args)

  describe('GetMultiple', () => {
    test('answers in order, null for what is missing, never shorter', async () => {
      await lua().redis('MSET', 'a', '1', 'c', '', 'e', '5')
      expect(await lua().call(GetMultiple, ['x', 'a', 'x', 'c', 'e', 'x', 'a'])).toEqual([
        null,
        '1',
        null,
        '',
        '5',
        null,
        '1',
      ])
      expect(await lua().call(GetMultiple, ['x', 'y'])).toEqual([null, null])
      expect(await lua().call(GetMultiple, [])).toEqual([])
    })

    test('what is no string is null', async () => {
      await lua().redis('RPUSH', 'list', 'x')
      await lua().redis('SET', 'a', '1')
      expect(await lua().call(GetMultiple, ['list', 'a'])).toEqual([null, '1'])
    })

    test('OK and NOSCRIPT are values', async () => {
      await lua().redis('MSET', 'a', 'OK', 'b', 'NOSCRIPT No matching script')
      expect(await lua().call(GetMultiple, ['a', 'b'])).toEqual(['OK', 'NOSCRIPT No matching script'])
    })

    test.each([999, 1_000, 1_001, 2_500])('%i keys', async (count) => {
      const keys = names(count)
      await lua().redis('MSET', ...keys.filter((_, i) => i % 3 !== 1).flatMap((key) => [key, `v${key}`]))
      const expected = keys.map((key, i) => (i % 3 === 1 ? null : `v${key}`))
      expect(await lua().call(GetMultiple, keys)).toEqual(expected)
    })

    test('9,000 keys, more than fit an unpack', async () => {
      await lua().redis('SET', 'k8999', 'last')
      const values = (await lua().call(GetMultiple, names(9_000))) as unknown[]
      expect(values).toHaveLength(9_000)
      expect(values.at(-1)).toBe('last')
    })
  })

  describe('SetMultiple', () => {
    test('writes all, with an expiration or without', async () => {
      expect(await lua().call(SetMultiple, ['a', 'b'], ['1', '', 50_000])).toBe(2)
      expect(await lua().redis('MGET', 'a', 'b')).toEqual(['1', ''])
      expect(await ttl('a')).toBeGreaterThan(40_000)
      expect(await ttl('b')).toBeGreaterThan(40_000)
      expect(await lua().call(SetMultiple, ['a', 'b'], ['3', '4', 0])).toBe(2)
      expect(await lua().redis('MGET', 'a', 'b')).toEqual(['3', '4'])
      expect(await ttl('a')).toBe(-1)
    })

    test.each<[string, string[], Word[]]>([
      ['a value too few', ['a', 'b'], ['1', 50_000]],
      ['a value too many', ['a', 'b'], ['1', '2', '3', 50_000]],
      ['no values', ['a', 'b'], []],
      ['no keys', [], [50_000]],
      ['a bad expiration', ['a', 'b'], ['1', '2', 'soon']],
    ])('%s is an error before anything is written', async (_, keys, args) => {
      await lua().redis('SET', 'b', 'old')
      expect((await lua().run(SetMultiple, keys, args)).error).toMatch(/^ERR hybrid-cache: /)
      expect(await lua().redis('DBSIZE')).toBe(1)
      expect(await lua().redis('GET', 'b')).toBe('old')
    })

    test.each([0, 50_000])('keys of other types do not leave half (expiration %i)', async (expiration) => {
      await lua().redis('RPUSH', 'b', 'x')
      await lua().redis('HSET', 'c', 'f', 'x')
      expect(await lua().call(SetMultiple, ['a', 'b', 'c'], ['1', '2', '3', expiration])).toBe(3)
      expect(await lua().redis('MGET', 'a', 'b', 'c')).toEqual(['1', '2', '3'])
    })

    test.each([
      [499, 0],
      [500, 0],
      [501, 0],
      [1_203, 0],
      [1_203, 60_000],
      [9_000, 0],
    ])('%i keys, expiration %i', async (count, expiration) => {
      const keys = names(count)
      expect(await lua().call(SetMultiple, keys, [...keys.map((key) => `v${key}`), expiration])).toBe(count)
      expect(await lua().redis('DBSIZE')).toBe(count)
      expect(await lua().call(GetMultiple, keys)).toEqual(keys.map((key) => `v${key}`))
    })

    test('nobody sees half of it', async () => {
      const keys = names(20)
      const write = async (): Promise<void> => {
        for (let round = 0; round < 20; round += 1)
          await lua().call(SetMultiple, keys, [...keys.map(() => String(round)), 60_000])
      }
      const read = async (): Promise<void> => {
        for (let round = 0; round < 20; round += 1)
          expect(new Set((await lua().redis('MGET', ...keys)) as string[]).size).toBe(1)
      }
      await Promise.all([write(), write(), read(), read(), read()])
    })
  })

  describe('GetAndRefreshRelated', () => {
    test('gives the first value and refreshes all that are there', async () => {
      await lua().redis('SET', 'a', 'first', 'PX', 5_000)
      await lua().redis('RPUSH', 'b', 'a list')
      expect(await lua().call(GetAndRefreshRelated, ['a', 'b', 'missing'], [70_000])).toBe('first')
      expect(await ttl('a')).toBeGreaterThan(60_000)
      expect(await ttl('b')).toBeGreaterThan(60_000)
      expect(await lua().redis('EXISTS', 'missing')).toBe(0)
    })

    test('without a first value nothing is refreshed', async () => {
      await lua().redis('SET', 'b', 'second', 'PX', 5_000)
      expect(await lua().call(GetAndRefreshRelated, ['a', 'b'], [70_000])).toBeNull()
      expect(await ttl('b')).toBeLessThanOrEqual(5_000)
    })

    test('a first key alone will do', async () => {
      await lua().redis('SET', 'a', '')
      expect(await lua().call(GetAndRefreshRelated, ['a'], [70_000])).toBe('')
      expect(await ttl('a')).toBeGreaterThan(60_000)
    })
  })

  describe('AppendToLimitedList', () => {
    test('keeps the newest and says the length', async () => {
      const lengths: unknown[] = []
      for (const value of ['a', 'b', 'c', 'd', 'e']) lengths.push(await append(value, 3, 0))
      expect(lengths).toEqual([1, 2, 3, 3, 3])
      expect(await lua().redis('LRANGE', 'l', 0, -1)).toEqual(['c', 'd', 'e'])
      expect(await ttl('l')).toBe(-1)
    })

    test('a list that was longer is cut, one of 1 keeps the last', async () => {
      await lua().redis('RPUSH', 'l', ...names(50))
      expect(await append('x', 10, 0)).toBe(10)
      expect(await append('y', 1, 0)).toBe(1)
      expect(await lua().redis('LRANGE', 'l', 0, -1)).toEqual(['y'])
    })

    test('the expiration starts with the first element and is not prolonged', async () => {
      await append('a', 5, 100_000)
      await lua().elapse(2)
      const before = await ttl('l')
      expect(before).toBeGreaterThan(90_000)
      await append('b', 5, 500_000)
      await append('c', 1, 500_000)
      expect(await ttl('l')).toBeLessThanOrEqual(before)
    })

    test('the largest size there is', async () => {
      expect(await append('a', '4294967295', 0)).toBe(1)
      expect(await append('b', '4294967295', 0)).toBe(2)
    })

    test('200 concurrent ones: the list never grows, and lengths never exceed the size', async () => {
      const lengths = await Promise.all(names(200).map((value) => append(value, 100, 60_000)))
      expect(lengths.every((length) => Number(length) <= 100)).toBe(true)
      expect(await lua().redis('LLEN', 'l')).toBe(100)
    })
  })
})
