import { describe, expect, test } from 'vitest'
import { LeaseEntry } from '../../src/lua/index.ts'
import { describeScripts, HOSTILE, title, type Word } from './lua.ts'
import { bytesOf, later, NOTHING, tombstoneOf } from './nothing.ts'

const created = 1_700_000_000_000
const now = created + 1_000

describeScripts('leases', (lua) => {
  const [key, leaseKey] = ['p:e:k', 'p:l:k']
  interface Given {
    readonly keys?: readonly [string, string]
    readonly token?: string
    readonly codecs?: string
    readonly ttl?: number
    readonly now?: Word
    readonly after?: Word
    readonly stamp?: Word
    readonly floor?: Word
  }
  const lease = (given: Given = {}): Promise<unknown> => {
    const { keys = [key, leaseKey], token = 'mine', codecs = ',j,s,', ttl = 60_000 } = given
    const { after = 0, stamp = 7, floor = 0 } = given
    return lua().call(LeaseEntry, keys, ['p', codecs, token, ttl, given.now ?? now, after, stamp, floor])
  }
  const stateOf = async (given: Given = {}): Promise<number> => ((await lease(given)) as [number])[0]
  const holder = (): Promise<unknown> => lua().redis('GET', leaseKey)
  const within = (from: number, to: number): unknown =>
    expect.toSatisfy((ms: number) => ms >= from && ms <= to)

  test('an entry that will do is given, and nothing is taken or written', async () => {
    for (const time of [now, '']) {
      await lua().redis('SET', key, bytesOf())
      expect(await lease({ now: time })).toEqual([0, bytesOf(), 0])
      expect(await holder()).toBeNull()
      expect(await lua().redis('PTTL', key)).toBe(-1)
      await lua().redis('SET', leaseKey, '7|other', 'PX', 60_000)
      expect(await lease({ now: time })).toEqual([0, bytesOf(), 0])
      expect(await holder()).toBe('7|other')
      await lua().redis('DEL', leaseKey)
    }
  })

  test('of many at once one has the right to make it, and the others are told how long', async () => {
    const tokens = Array.from({ length: 40 }, (_, i) => `t${i}`)
    const replies = (await Promise.all(tokens.map((token) => lease({ token })))) as [number, null, number][]
    expect(replies.filter(([state]) => state === 1)).toEqual([[1, null, 60_000]])
    const busy = replies.filter(([state]) => state === 2)
    expect(busy).toHaveLength(39)
    for (const reply of busy) expect(reply).toEqual([2, null, within(50_000, 60_000)])
    expect(await holder()).toBe(`7|${tokens[replies.findIndex(([state]) => state === 1)]}`)
    expect(await lua().redis('PTTL', leaseKey)).toEqual(within(50_000, 60_000))
    expect(await lua().redis('EXISTS', key)).toBe(0)
  })

  describe.each(NOTHING)('what %s', (_, bytes) => {
    test('will not do, and is given along as it is', async () => {
      for (const time of [now, '']) {
        await lua().redis('MSET', key, bytes)
        expect(await lease({ now: time })).toEqual([1, bytes, 60_000])
        expect(await lease({ now: time, token: 'other' })).toEqual([2, bytes, within(50_000, 60_000)])
        expect(await lua().redis('GET', key)).toBe(bytes)
        expect(await lua().redis('PTTL', key)).toBe(-1)
        await lua().redis('DEL', leaseKey)
      }
    })
  })

  test('the clock is the caller’s where it tells, to the millisecond, and the server’s where not', async () => {
    const ended = bytesOf({ fresh: now })
    await lua().redis('SET', key, ended)
    expect(await lease({ now: now - 1 })).toEqual([0, ended, 0])
    expect(await lease({ now: 0 })).toEqual([0, ended, 0])
    expect(await lease({ now })).toEqual([1, ended, 60_000])
    await lua().redis('DEL', leaseKey)
    expect(await lease({ now: '' })).toEqual([1, ended, 60_000])
    const [seconds] = (await lua().redis('TIME')) as [string]
    const lasts = bytesOf({ fresh: Number(seconds) * 1000 + 20_000 })
    await lua().redis('SET', key, lasts)
    expect(await lease({ now: '' })).toEqual([0, lasts, 0])
    expect(await lease({ now: later })).toEqual([1, lasts, 60_000])
    await lua().redis('SET', key, bytesOf({ fresh: Number(seconds) * 1000 - 1 }))
    expect(await stateOf({ now: '' })).toBe(1)
  })

  test('only an entry that was made after the one that was seen will do', async () => {
    await lua().redis('SET', key, bytesOf())
    expect(await lease({ after: created - 1 })).toEqual([0, bytesOf(), 0])
    expect(await lease({ after: created, ttl: 7_000 })).toEqual([1, bytesOf(), 7_000])
    expect(await lease({ after: created, token: 'other' })).toEqual([2, bytesOf(), within(1, 7_000)])
    // Compared as numbers: as text 9 would be more than 17….
    expect(await lease({ after: 9 })).toEqual([0, bytesOf(), 0])
    const newer = bytesOf({ created: created + 1 })
    await lua().redis('SET', key, newer)
    expect(await lease({ after: created })).toEqual([0, newer, 0])
    expect(await lease({ after: '9007199254740991', token: 'other' })).toEqual([2, newer, within(1, 60_000)])
  })

  test('an entry that the caller cannot decode will not do', async () => {
    for (const codec of ['t:other', 'j,s', 'x', '']) {
      await lua().redis('SET', key, bytesOf({ codec }))
      expect(await lease()).toEqual([1, bytesOf({ codec }), 60_000])
    }
    await lua().redis('SET', key, bytesOf({ codec: 't:my-own.%a' }))
    expect(await stateOf({ codecs: ',j,t:my-own.%a,' })).toBe(1)
    await lua().redis('SET', key, bytesOf({ codec: 't:my-own.x' }))
    expect(await stateOf({ codecs: ',j,t:my-own.x,' })).toBe(0)
    expect(await stateOf({ codecs: ',j,t:my-ownXx,' })).toBe(1)
  })

  test('a token that has the lease gets it again, with the whole time', async () => {
    expect(await lease({ ttl: 5_000 })).toEqual([1, null, 5_000])
    expect(await lease()).toEqual([1, null, 60_000])
    expect(await lua().redis('PTTL', leaseKey)).toEqual(within(50_000, 60_000))
    expect(await stateOf({ token: 'min' })).toBe(2)
    expect(await stateOf({ token: 'mine ' })).toBe(2)
    // Late, after the work was stored: it finds that, and takes nothing.
    await lua().redis('DEL', leaseKey)
    await lua().redis('SET', key, bytesOf())
    expect(await lease()).toEqual([0, bytesOf(), 0])
    expect(await holder()).toBeNull()
  })

  test('a lease ends by itself, and the next one gets it', async () => {
    expect(await lease({ ttl: 20 })).toEqual([1, null, 20])
    await lua().elapse(21)
    expect(await lease({ token: 'other' })).toEqual([1, null, 60_000])
    expect(await holder()).toBe('7|other')
  })

  test('who waits is told at least a millisecond, up to the end', async () => {
    // So many that some come in the last millisecond, of which nothing is left in whole ones.
    const words = lua().words(LeaseEntry, [key, leaseKey], ['p', ',j,', 'mine', 60_000, now, 0, 0, 0])
    const asked = Array.from({ length: 1_500 }, () => words)
    let waits: number[] = []
    // On a busy machine the whole lease may be over before the first one asks.
    for (let i = 0; i < 20 && waits.length === 0; i++) {
      const replies = await lua().pipeline([['SET', leaseKey, '7|other', 'PX', 10], ...asked])
      waits = (replies.slice(1) as [number, null, number][]).flatMap(([is, , wait]) =>
        is === 2 ? [wait] : [],
      )
      await lua().redis('DEL', leaseKey)
    }
    for (const wait of waits) expect(wait).toEqual(within(1, 10))
    expect(waits.length).toBeGreaterThan(0)
  })

  test('a lease without an end stops nobody', async () => {
    for (const text of ['7|other', 'other', '']) {
      await lua().redis('SET', leaseKey, text)
      expect(await lease()).toEqual([1, null, 60_000])
      expect(await holder()).toBe('7|mine')
      expect(await lua().redis('PTTL', leaseKey)).toEqual(within(50_000, 60_000))
    }
    // Nor does one of the caller's own.
    await lua().redis('SET', leaseKey, '7|mine')
    expect(await lease()).toEqual([1, null, 60_000])
    expect(await lua().redis('PTTL', leaseKey)).toEqual(within(50_000, 60_000))
  })

  describe('versions', () => {
    const held = (value = '7|other', ms = 60_000): Promise<unknown> =>
      lua().redis('SET', leaseKey, value, 'PX', ms)

    test('an entry with a stamp below the floor will not do, and is given along', async () => {
      const v = 1_700_000_000_000_000
      for (const [stamp, floor, state] of [
        [0, 0, 0],
        [0, 1, 1],
        [5, 5, 0],
        [5, 6, 1],
        [9, 10, 1],
        [v, v, 0],
        [v, v + 1, 1],
        [9_007_199_254_740_991, 9_007_199_254_740_991, 0],
      ] as const) {
        for (const time of [now, '']) {
          await lua().redis('SET', key, bytesOf({ stamp }))
          expect([stamp, floor, await lease({ floor, now: time })]).toEqual([
            stamp,
            floor,
            [state, bytesOf({ stamp }), state === 0 ? 0 : 60_000],
          ])
          await lua().redis('DEL', leaseKey)
        }
      }
      const beyond = bytesOf({ stamp: 5 }).replace('|5|', `|${'9'.repeat(17)}|`)
      await lua().redis('SET', key, beyond)
      expect(await lease()).toEqual([1, beyond, 60_000])
    })

    test('TIME is not asked about an entry that is below the floor', async () => {
      await lua().redis('SET', key, bytesOf({ stamp: 5 }))
      expect(await lua().billed(() => lease({ floor: 6, now: '' }))).toBe(3)
    })

    test('a lease keeps what its holder had seen, the latest time that it asked', async () => {
      await lease({ stamp: 0 })
      expect(await holder()).toBe('0|mine')
      expect(await lease({ stamp: 1_700_000_000_000_000, floor: 1_700_000_000_000_000 })).toEqual([
        1,
        null,
        60_000,
      ])
      expect(await holder()).toBe('1700000000000000|mine')
      // What it asked with last counts, also where that is less.
      expect(await stateOf({ stamp: 3 })).toBe(1)
      expect(await holder()).toBe('3|mine')
    })

    test('a holder that has seen less than the floor is not waited for', async () => {
      for (const [stamp, floor, state] of [
        [7, 7, 2],
        [7, 8, 1],
        [8, 7, 2],
        [10, 9, 2],
        [0, 0, 2],
        [0, 1, 2], // it had not heard of any, and asked with the lease
      ] as const) {
        await held(`${stamp}|other`)
        expect([stamp, floor, await stateOf({ floor, stamp: 11 })]).toEqual([stamp, floor, state])
        expect(await holder()).toBe(state === 2 ? `${stamp}|other` : '11|mine')
      }
    })

    test('a holder that started before a tombstone is not waited for', async () => {
      for (const [version, state] of [
        [6, 2],
        [7, 2],
        [8, 1],
        ['1700000000000000', 1],
      ] as const) {
        await lua().redis('SET', key, tombstoneOf(version))
        await held()
        expect([version, await lease()]).toEqual([
          version,
          [state, tombstoneOf(version), state === 2 ? within(50_000, 60_000) : 60_000],
        ])
      }
      // What only looks like one is none.
      for (const bytes of [`${tombstoneOf(8)} `, ` ${tombstoneOf(8)}`, 'h1|t|8', 'h1|t|8|\n', 'h1|e|8\n']) {
        await lua().redis('SET', key, bytes)
        await held()
        expect([bytes, await stateOf()]).toEqual([bytes, 2])
      }
    })

    test('a tombstone that comes with a lease counts as seen, unless the holder is new to all versions', async () => {
      for (const [stamp, version, kept] of [
        [7, 6, '7'],
        [7, 8, '8'],
        [7, '1700000000000000', '1700000000000000'],
        [0, 8, '0'],
      ] as const) {
        await lua().redis('SET', key, tombstoneOf(version))
        expect(await stateOf({ stamp })).toBe(1)
        expect([stamp, version, await holder()]).toEqual([stamp, version, `${kept}|mine`])
        expect(await stateOf({ stamp, token: 'other' })).toBe(2)
        await lua().redis('DEL', leaseKey)
      }
    })

    test('a lease that is void costs no more than one that is free', async () => {
      await held()
      expect(await lua().billed(() => lease({ floor: 8 }))).toBe(3)
    })

    test('a lease of another form belongs to nobody, and is older than every version', async () => {
      for (const value of ['mine', '|mine', 'x|mine', '-7|mine', '7', ' 7|mine', `${'9'.repeat(17)}|mine`]) {
        await held(value)
        expect([value, await stateOf()]).toEqual([value, 2])
        expect([value, await stateOf({ floor: 1 })]).toEqual([value, 1])
      }
      await held('7|a|mine')
      expect(await stateOf()).toBe(2)
      expect(await stateOf({ token: 'a|mine' })).toBe(1)
    })
  })

  test('keys of another type count as nothing', async () => {
    await lua().redis('RPUSH', key, 'element')
    await lua().redis('RPUSH', leaseKey, 'element')
    expect(await lease()).toEqual([1, null, 60_000])
    expect(await lease({ now: '', token: 'other' })).toEqual([2, null, within(1, 60_000)])
    expect(await holder()).toBe('7|mine')
    expect(await lua().redis('TYPE', key)).toBe('list')
  })

  test('bytes that are no text do no harm', async () => {
    const binary = String.raw`return redis.call('SET', KEYS[1], '\255\0\1' .. ARGV[1])`
    await lua().redis('EVAL', binary, 1, key, bytesOf())
    expect(await lease()).toEqual([1, expect.any(String), 60_000])
    await lua().redis(
      'EVAL',
      String.raw`return redis.call('SET', KEYS[1], ARGV[1] .. '\255\0\1')`,
      1,
      key,
      bytesOf(),
    )
    expect(await stateOf()).toBe(0)
  })

  describe.each(HOSTILE.map((text) => [title(text), text] as const))('the text %s', (_, text) => {
    test('is part of both keys and of what the entry says of itself', async () => {
      const address = `e:|,%\n${text.slice(0, 900)}`
      const keys = [`p:${address}`, `p:l:${text.slice(0, 900)}`] as const
      await lua().redis('SET', keys[0], bytesOf({ address }, text))
      expect(await lease({ keys })).toEqual([0, bytesOf({ address }, text), 0])
      expect(await lease({ keys: [`${keys[0]}x`, keys[1]] })).toEqual([1, null, 60_000])
      expect(await lua().redis('GET', keys[1])).toBe('7|mine')
      await lua().redis('SET', `${keys[0]}x`, bytesOf({ address }, text))
      expect(await stateOf({ keys: [`${keys[0]}x`, keys[1]] })).toBe(1)
    })

    test('is a token', async () => {
      const token = `${text}t`
      expect(await lease({ token })).toEqual([1, null, 60_000])
      expect(await holder()).toBe(`7|${token}`)
      expect(await lease({ token })).toEqual([1, null, 60_000])
      expect(await stateOf({ token: `${token}t` })).toBe(2)
    })
  })
})
