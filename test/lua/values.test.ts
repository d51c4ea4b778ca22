import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  CompareAndDelete,
  CompareAndSwap,
  GetAndExtendExpiration,
  SetIfExists,
  SetIfNotExists,
} from '../../src/lua/index.ts'
import { describeScripts } from './lua.ts'

describeScripts('single values', (lua) => {
  const ttl = (key: string): Promise<unknown> => lua().redis('PTTL', key)

  describe('GetAndExtendExpiration', () => {
    test('gets the value and sets its time anew, longer or shorter, or at all', async () => {
      await lua().redis('SET', 'k', 'v', 'PX', 5_000)
      expect(await lua().call(GetAndExtendExpiration, ['k'], [60_000])).toBe('v')
      expect(await ttl('k')).toEqual(near(60_000))
      expect(await lua().call(GetAndExtendExpiration, ['k'], [10_000])).toBe('v')
      expect(await ttl('k')).toEqual(near(10_000))
      await lua().redis('SET', 'k', 'v')
      expect(await lua().call(GetAndExtendExpiration, ['k'], ['3155760000000'])).toBe('v')
      expect(await ttl('k')).toEqual(near(3_155_760_000_000))
    })

    test('a missing key gives null and stays missing', async () => {
      expect(await lua().call(GetAndExtendExpiration, ['k'], [1_000])).toBeNull()
      expect(await lua().redis('EXISTS', 'k')).toBe(0)
    })

    test('an empty value is a value', async () => {
      await lua().redis('SET', 'k', '')
      expect(await lua().call(GetAndExtendExpiration, ['k'], [1_000])).toBe('')
    })

    test('it expires when it says', async () => {
      await lua().redis('SET', 'k', 'v')
      await lua().call(GetAndExtendExpiration, ['k'], [30])
      await lua().elapse(31)
      expect(await lua().call(GetAndExtendExpiration, ['k'], [30])).toBeNull()
    })
  })

  describe('SetIfNotExists', () => {
    test('the first one writes, the next does not and changes nothing', async () => {
      expect(await lua().call(SetIfNotExists, ['k'], ['a', 50_000])).toBe(1)
      expect(await lua().call(SetIfNotExists, ['k'], ['b', 90_000])).toBe(0)
      expect(await lua().redis('GET', 'k')).toBe('a')
      expect(await ttl('k')).toEqual(near(50_000))
    })

    test('0 never expires', async () => {
      expect(await lua().call(SetIfNotExists, ['k'], ['a', 0])).toBe(1)
      expect(await ttl('k')).toBe(-1)
    })

    test('anything there counts, whatever its type', async () => {
      await lua().redis('RPUSH', 'k', 'element')
      expect(await lua().call(SetIfNotExists, ['k'], ['a', 0])).toBe(0)
      expect(await lua().redis('TYPE', 'k')).toBe('list')
    })

    test('what has expired is not there', async () => {
      await lua().call(SetIfNotExists, ['k'], ['a', 30])
      await lua().elapse(31)
      expect(await lua().call(SetIfNotExists, ['k'], ['b', 0])).toBe(1)
    })

    test('of a hundred at once one wins, and its value stays', async () => {
      const won = await Promise.all(
        Array.from({ length: 100 }, (_, i) => lua().call(SetIfNotExists, ['k'], [`v${i}`, 0])),
      )
      expect(won.filter((each) => each === 1)).toHaveLength(1)
      expect(await lua().redis('GET', 'k')).toBe(`v${won.indexOf(1)}`)
    })
  })

  describe('SetIfExists', () => {
    test('overwrites, and never brings anything back', async () => {
      expect(await lua().call(SetIfExists, ['k'], ['a', 0])).toBe(0)
      expect(await lua().redis('EXISTS', 'k')).toBe(0)
      await lua().redis('SET', 'k', 'old')
      expect(await lua().call(SetIfExists, ['k'], ['new', 40_000])).toBe(1)
      expect(await lua().redis('GET', 'k')).toBe('new')
      expect(await ttl('k')).toEqual(near(40_000))
    })

    test('0 takes the expiration away, keep leaves it', async () => {
      await lua().redis('SET', 'k', 'a', 'PX', 70_000)
      expect(await lua().call(SetIfExists, ['k'], ['b', 'keep'])).toBe(1)
      expect(await lua().redis('GET', 'k')).toBe('b')
      expect(await ttl('k')).toEqual(near(70_000))
      expect(await lua().call(SetIfExists, ['k'], ['c', 0])).toBe(1)
      expect(await ttl('k')).toBe(-1)
    })
  })

  describe('CompareAndSwap', () => {
    test('swaps what is expected and nothing else', async () => {
      await lua().redis('SET', 'k', 'one')
      expect(await lua().call(CompareAndSwap, ['k'], ['other', 'two', 0])).toBe(0)
      expect(await lua().redis('GET', 'k')).toBe('one')
      expect(await lua().call(CompareAndSwap, ['k'], ['one', 'two', 30_000])).toBe(1)
      expect(await lua().redis('GET', 'k')).toBe('two')
      expect(await ttl('k')).toEqual(near(30_000))
    })

    test('a missing key is no empty value', async () => {
      expect(await lua().call(CompareAndSwap, ['k'], ['', 'v', 0])).toBe(-1)
      expect(await lua().redis('EXISTS', 'k')).toBe(0)
      await lua().redis('SET', 'k', '')
      expect(await lua().call(CompareAndSwap, ['k'], ['', 'v', 0])).toBe(1)
    })

    test('numbers are compared as the texts they are', async () => {
      await lua().redis('SET', 'k', '1')
      for (const almost of ['1.0', '01', ' 1', '1 ', '+1', '1\n'])
        expect(await lua().call(CompareAndSwap, ['k'], [almost, 'v', 0])).toBe(0)
      await lua().redis('SET', 'k', '9007199254740993')
      expect(await lua().call(CompareAndSwap, ['k'], ['9007199254740992', 'v', 0])).toBe(0)
    })

    test('keep leaves the expiration, or that there is none; 0 takes it away', async () => {
      await lua().redis('SET', 'k', 'a', 'PX', 80_000)
      await lua().call(CompareAndSwap, ['k'], ['a', 'b', 'keep'])
      expect(await ttl('k')).toEqual(near(80_000))
      await lua().call(CompareAndSwap, ['k'], ['b', 'c', 0])
      expect(await ttl('k')).toBe(-1)
      await lua().call(CompareAndSwap, ['k'], ['c', 'd', 'keep'])
      expect(await ttl('k')).toBe(-1)
    })

    test('a hundred clients swap one key, and every success is unique', async () => {
      await lua().redis('SET', 'k', '0')
      const swapped: number[] = []
      const client = async (id: number): Promise<void> => {
        for (let attempt = 0; attempt < 5; attempt += 1) {
          await sleep((id * attempt) % 10)
          const seen = String(await lua().redis('GET', 'k'))
          const next = Number(seen.split(':')[0]) + 1
          const done = await lua().call(CompareAndSwap, ['k'], [seen, `${next}:${id}`, 60_000])
          if (done === 1) swapped.push(next)
        }
      }
      await Promise.all(Array.from({ length: 100 }, (_, id) => client(id)))
      // An attempt fails only because another one succeeded meanwhile, and no client has two at a time.
      expect(swapped.length).toBeGreaterThanOrEqual(5)
      expect(swapped.toSorted((a, b) => a - b)).toEqual(swapped.map((_, i) => i + 1))
      expect(await lua().redis('GET', 'k')).toMatch(new RegExp(`^${swapped.length}:`))
    })
  })

  describe('CompareAndDelete', () => {
    test('deletes what is expected and nothing else', async () => {
      expect(await lua().call(CompareAndDelete, ['k'], [''])).toBe(-1)
      await lua().redis('SET', 'k', 'one')
      expect(await lua().call(CompareAndDelete, ['k'], ['other'])).toBe(0)
      expect(await lua().redis('GET', 'k')).toBe('one')
      expect(await lua().call(CompareAndDelete, ['k'], ['one'])).toBe(1)
      expect(await lua().redis('EXISTS', 'k')).toBe(0)
    })

    test('of a hundred at once one deletes', async () => {
      await lua().redis('SET', 'k', 'v')
      const done = await Promise.all(
        Array.from({ length: 100 }, () => lua().call(CompareAndDelete, ['k'], ['v'])),
      )
      expect(done.filter((each) => each === 1)).toHaveLength(1)
      expect(done.filter((each) => each === -1)).toHaveLength(99)
    })
  })
})

function near(ms: number): unknown {
  return expect.toSatisfy((left: number) => left <= ms && left > ms - 9_000, `about ${ms}`)
}
