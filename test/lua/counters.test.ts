import { describe, expect, test } from 'vitest'
import { IncrementWithExpiration, IncrementWithin } from '../../src/lua/index.ts'
import { describeScripts, isRealRedis, type Word } from './lua.ts'

const INT64_MAX = '9223372036854775807'

describeScripts('counters', (lua) => {
  const add = (...args: Word[]): Promise<unknown> => lua().call(IncrementWithExpiration, ['k'], args)
  const within = (...args: Word[]): Promise<unknown> => lua().call(IncrementWithin, ['k'], args)
  const ttl = async (): Promise<number> => Number(await lua().redis('PTTL', 'k'))

  describe('IncrementWithExpiration', () => {
    test('adds and subtracts', async () => {
      expect(await add(5, 0)).toBe(5)
      expect(await add(-7, 0)).toBe(-2)
      expect(await add(0, 0)).toBe(-2)
      expect(await ttl()).toBe(-1)
    })

    test('the expiration starts with the first increment and is not prolonged', async () => {
      await add(1, 100_000)
      await lua().elapse(2)
      const before = await ttl()
      expect(before).toBeLessThan(100_000)
      await add(1, 500_000)
      expect(await ttl()).toBeLessThanOrEqual(before)
    })

    test('not even when the counter passes through 0', async () => {
      await add(1, 100_000)
      await add(-1, 100_000)
      await lua().elapse(2)
      const before = await ttl()
      expect(await add(1, 500_000)).toBe(1)
      expect(await ttl()).toBeLessThanOrEqual(before)
    })

    test('after it has expired the next increment is a first one', async () => {
      await add(5, 30)
      await lua().elapse(31)
      expect(await add(2, 100_000)).toBe(2)
      expect(await ttl()).toBeGreaterThan(90_000)
    })

    test('a counter that never expires is not made to', async () => {
      await lua().redis('SET', 'k', 5)
      await add(1, 100_000)
      expect(await ttl()).toBe(-1)
    })

    test('a negative first amount starts it too', async () => {
      expect(await add(-3, 100_000)).toBe(-3)
      expect(await ttl()).toBeGreaterThan(90_000)
    })

    test('stays exact beyond 2^53, in strings', async () => {
      expect(await add('9007199254740991', 0)).toBe(9_007_199_254_740_991)
      expect(await add(1, 0)).toBe('9007199254740992')
      expect(await add(1, 0)).toBe('9007199254740993')
      expect(await add('-9007199254740994', 0)).toBe(-1)
      expect(await add('-9007199254740992', 0)).toBe('-9007199254740993')
      await lua().redis('DEL', 'k')
      expect(await add(INT64_MAX, 100_000)).toBe(INT64_MAX)
      expect(await ttl()).toBeGreaterThan(90_000)
      expect(await add('-1', 0)).toBe('9223372036854775806')
    })

    test('an overflow is an error and changes nothing', async () => {
      await add(INT64_MAX, 0)
      const { error } = await lua().run(IncrementWithExpiration, ['k'], [1, 0])
      expect(error).toMatch(/^ERR increment or decrement would overflow/)
      expect((await lua().run(IncrementWithExpiration, ['k'], ['9223372036854775808', 0])).error).toMatch(
        /^ERR /,
      )
      expect(await lua().redis('GET', 'k')).toBe(INT64_MAX)
    })

    test('a value that is no integer is an error and stays', async () => {
      await lua().redis('SET', 'k', '1.5')
      expect((await lua().run(IncrementWithExpiration, ['k'], [1, 9_000])).error).toMatch(
        /^ERR value is not an int/,
      )
      expect(await lua().redis('GET', 'k')).toBe('1.5')
      expect(await ttl()).toBe(-1)
    })

    test('1,000 concurrent increments lose none, and 10,000 of a real Redis', async () => {
      // Where requests can meet, one dialect will do.
      const clients = isRealRedis(lua()) && lua().dialect === 'redis' ? 100 : 10
      const sums: unknown[] = []
      const client = async (): Promise<void> => {
        const increments = Array.from({ length: 50 }, () =>
          lua().words(IncrementWithExpiration, ['k'], [1, 600_000]),
        )
        for (let i = 0; i < 2; i += 1) sums.push(...(await lua().pipeline(increments)))
      }
      await Promise.all(Array.from({ length: clients }, client))
      expect(await lua().redis('GET', 'k')).toBe(String(clients * 100))
      expect(new Set(sums).size).toBe(clients * 100)
      expect(await ttl()).toBeGreaterThan(500_000)
    })
  })

  describe('IncrementWithin', () => {
    test('adds up to the bounds and not beyond, either way', async () => {
      expect(await within(3, 0, 5, 0)).toEqual([1, 3])
      expect(await within(3, 0, 5, 0)).toEqual([0, 3])
      expect(await within(2, 0, 5, 0)).toEqual([1, 5])
      expect(await within(-6, 0, 5, 0)).toEqual([0, 5])
      expect(await within(-5, 0, 5, 0)).toEqual([1, 0])
      expect(await lua().redis('GET', 'k')).toBe('0')
    })

    test('a refused first increment writes nothing', async () => {
      expect(await within(-1, 0, 5, 9_000)).toEqual([0, 0])
      expect(await lua().redis('EXISTS', 'k')).toBe(0)
    })

    test('the expiration starts with the first increment and is not prolonged', async () => {
      await within(1, 0, 9, 100_000)
      expect(await ttl()).toBeGreaterThan(90_000)
      await within(1, 0, 9, 500_000)
      expect(await ttl()).toBeLessThanOrEqual(100_000)
    })

    test('is exact up to the largest exact number, and refuses beyond', async () => {
      const max = '9007199254740991'
      expect(await within(max, 0, max, 0)).toEqual([1, Number(max)])
      expect(await within(1, 0, max, 0)).toEqual([0, Number(max)])
      await lua().redis('SET', 'k', '9007199254740992')
      expect((await lua().run(IncrementWithin, ['k'], [1, 0, 5, 0])).error).toMatch(
        /^ERR hybrid-cache: the key holds/,
      )
    })

    test.each(['x', '1.5', '007', ' 1', ''])('a value of %j is an error and stays', async (value) => {
      await lua().redis('SET', 'k', value)
      expect((await lua().run(IncrementWithin, ['k'], [1, 0, 50, 0])).error).toMatch(
        /^ERR hybrid-cache: the key holds/,
      )
      expect(await lua().redis('GET', 'k')).toBe(value)
    })

    test('of 300 who want one of 100, 100 get one', async () => {
      await lua().redis('SET', 'k', 100)
      const got = await Promise.all(Array.from({ length: 300 }, () => within(-1, 0, 100, 0)))
      expect(got.filter((each) => (each as number[])[0] === 1)).toHaveLength(100)
      expect(await lua().redis('GET', 'k')).toBe('0')
    })
  })
})
