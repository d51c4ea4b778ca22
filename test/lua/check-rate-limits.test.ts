import { describe, expect, test } from 'vitest'
import { CheckRateLimits } from '../../src/lua/index.ts'
import { fixedWindow, gcra, type RateLimitPolicy, slidingWindow } from '../../src/rate-limit/index.ts'
import { left, limits, minute, sliding } from './limits.ts'
import { describeScripts } from './lua.ts'

// The script by itself: what it keeps, for how long, and what it makes of states that only time or others bring about. What it
// decides is compared with exact references in test/integration/rate-limit/history.test.ts.

const coarse = slidingWindow({ limit: 1000, window: '1m' })
// Long, for who meets the end of a window begins to count anew.
const week = 7 * 1440 * minute
const fixed = fixedWindow({ limit: 10, window: '7d' })
const even = gcra({ limit: 6, period: '1m', burst: 6 })
/** With what a limit counts by, in microseconds. */
const policies: readonly (readonly [string, RateLimitPolicy, number])[] = [
  ['sliding window', sliding, minute],
  ['coarse sliding window', coarse, minute],
  ['fixed window', fixed, week],
  ['gcra', even, minute],
]

describeScripts('CheckRateLimits', (lua) => {
  const { checkAll, ask, take, bytes, ttl, now, put } = limits(lua)
  const block = async (policy: RateLimitPolicy, ms: number): Promise<void> => {
    const [kind = '', , ...numbers] = policy.words(0)
    await lua().call(CheckRateLimits, ['k'], ['block', kind, ms, ...numbers])
  }

  describe.each(policies)('%s', (_, policy, span) => {
    test('lets through what fits, denies the rest, and a denial changes nothing', async () => {
      await take(policy, policy.limit - 1)
      const before = await bytes()
      const denied = await take(policy, 2)
      expect(denied.state).toBe(0)
      expect(denied.retryAt).toBeGreaterThan(denied.now)
      expect(await bytes()).toBe(before)
      expect(left(policy, denied)).toBe(1)
      expect((await take(policy, 1)).state).toBe(1)
      expect((await take(policy, 1)).state).toBe(0)
    })

    test('looks without changing anything', async () => {
      expect(await ask('look', policy, 1)).toMatchObject({ state: 1 })
      expect(await bytes()).toBeNull()
      await take(policy, policy.limit)
      const before = await bytes()
      expect(await ask('look', policy, 1)).toMatchObject({ state: 0 })
      expect(await bytes()).toBe(before)
    })

    test('a cost of 0 passes also where nothing else would, and changes nothing', async () => {
      expect((await take(policy, 0)).state).toBe(1)
      expect(await bytes()).toBeNull()
      await take(policy, policy.limit)
      const before = await bytes()
      expect((await take(policy, 0)).state).toBe(1)
      expect(await bytes()).toBe(before)
    })

    test('is kept a second longer than it counts', async () => {
      const { resetAt, now: at } = await take(policy)
      const kept = await ttl()
      expect(kept).toBeGreaterThan((resetAt - at) / 1000)
      expect(kept).toBeLessThanOrEqual((resetAt - at) / 1000 + 1001)
    })

    test('gives back no more than was taken', async () => {
      await take(policy, 3)
      expect(left(policy, await ask('give', policy, -2))).toBe(policy.limit - 1)
      expect(left(policy, await ask('give', policy, -2))).toBe(policy.limit)
      expect((await take(policy, policy.limit)).state).toBe(1)
    })

    test('what it does not know the form of counts as nothing, and is replaced', async () => {
      for (const state of ['', 'a session', 'sw2 1 2', 'g1 x', 'f1 1', 'b12', 'bx;', '\u0000']) {
        await put(state)
        expect((await take(policy, policy.limit)).state).toBe(1)
        expect((await take(policy)).state).toBe(0)
      }
      await lua().redis('DEL', 'k')
      await lua().redis('RPUSH', 'k', 'an element')
      expect((await take(policy, policy.limit)).state).toBe(1)
      expect((await take(policy)).state).toBe(0)
    })

    test('a state of another algorithm counts as nothing', async () => {
      for (const [, other] of policies.filter(([, each]) => each.words(0)[0] !== policy.words(0)[0])) {
        await lua().redis('DEL', 'k')
        await take(other, other.limit)
        expect((await take(policy, policy.limit)).state).toBe(1)
      }
    })

    test('a block denies everything until it ends, and what was counted stays', async () => {
      await take(policy, 2)
      await block(policy, 90_000)
      expect(await ttl()).toBeGreaterThan(80_000)
      const answer = await take(policy, 0)
      expect(answer.state).toBe(-1)
      expect(answer.retryAt - answer.now).toSatisfy((wait: number) => wait > 80e6 && wait <= 90e6)
      expect(left(policy, await take(policy))).toBe(policy.limit - 2)
      expect(left(policy, await ask('give', policy, -1))).toBe(policy.limit - 1)
      expect((await take(policy)).state).toBe(-1)
      await block(policy, 0)
      expect(left(policy, await take(policy, 1))).toBe(policy.limit - 2)
    })

    test('a block that has ended stops nobody, and goes', async () => {
      await block(policy, 60_000)
      await put(String(await bytes()).replace(/^b\d+/, `b${(await now()) - 1}`))
      expect((await take(policy)).state).toBe(1)
      expect(await bytes()).not.toMatch(/^b/)
    })

    test('a short block leaves the counts as long as they matter', async () => {
      const { resetAt, now: at } = await take(policy, policy.limit)
      await block(policy, 1)
      expect(await ttl()).toBeGreaterThan((resetAt - at) / 1000 - 10_000)
    })

    test('to end a block that is none writes nothing', async () => {
      await block(policy, 0)
      expect(await bytes()).toBeNull()
      await take(policy, 2)
      await lua().redis('PEXPIRE', 'k', 5000)
      await block(policy, 0)
      expect(await ttl()).toBeLessThanOrEqual(5000)
      await block(policy, 60_000)
      await put(String(await bytes()).replace(/^b\d+/, `b${(await now()) - 1}`))
      await block(policy, 0)
      expect(await ttl()).toBe(-1)
    })

    test('a clock that was set back forgets nothing, and nobody waits for it to catch up', async () => {
      const at = (await take(policy, policy.limit)).now
      const ahead = (text: string, by: number): string =>
        text.replace(/\d{16}/g, (instant) => String(Number(instant) + by))
      const state = String(await bytes())
      await put(ahead(state, span / 3))
      const answer = await take(policy)
      expect(answer.state).toBe(0)
      expect(answer.retryAt).toBeGreaterThan(at)
      await put(ahead(state, 60 * span))
      const later = await take(policy)
      expect(later.retryAt).toBeLessThanOrEqual(later.now + span)
    })
  })

  test('words that make no sense are refused, and nothing is written', async () => {
    const good = ['take', ...sliding.words(1)].map(String)
    const calls: (readonly [readonly string[], readonly string[]])[] = [
      [[], good.slice(0, 1)],
      [['k'], good.slice(0, -1)],
      [['k'], [...good, '1']],
      [['k', 'l'], good],
      [['k'], good.with(1, 'x')],
      ...[2, 3, 4, 5, 6, 7, 8].flatMap((at) =>
        ['', 'x', '1.5', 'inf', 'nan', '-'].map((text) => [['k'], good.with(at, text)] as const),
      ),
      ...[3, 4, 5].flatMap((at) => ['0', '-1'].map((text) => [['k'], good.with(at, text)] as const)),
    ]
    for (const [keys, args] of calls)
      expect((await lua().run(CheckRateLimits, keys, args)).error).toMatch(/^ERR hybrid-cache: /)
    expect(await lua().redis('DBSIZE')).toBe(0)
  })

  test('several are taken from all or from none, and the others tell what they hold', async () => {
    const asked = (cost: number): (readonly [string, RateLimitPolicy, number])[] => [
      ['s', sliding, 1],
      ['f', fixed, cost],
      ['g', even, 2],
    ]
    const first = await checkAll('take', asked(10))
    expect(first.map(({ state }) => state)).toEqual([1, 1, 1])
    const before = await lua().redis('MGET', 's', 'f', 'g')
    const second = await checkAll('take', asked(1))
    expect(second.map(({ state }) => state)).toEqual([1, 0, 1])
    expect(second.map((each, i) => left(([sliding, fixed, even] as const)[i] ?? even, each))).toEqual([
      9, 0, 4,
    ])
    expect(await lua().redis('MGET', 's', 'f', 'g')).toEqual(before)
  })

  describe('limits that change', () => {
    test('what is done by hand by a shorter window leaves the counts of a longer one their life', async () => {
      const short = slidingWindow({ limit: 100, window: '1s' })
      await take(sliding, 10)
      await block(short, 1000)
      expect(await ttl()).toBeGreaterThan(30_000)
      await block(short, 0)
      expect(await ttl()).toBeGreaterThan(30_000)
      await ask('give', short, -1)
      expect(await ttl()).toBeGreaterThan(30_000)
      await block(short, 120_000)
      expect(await ttl()).toBeGreaterThan(90_000)
      await block(short, 1000)
      expect(await ttl()).toBeGreaterThan(90_000)
    })

    test('what is counted by a shorter window ends with it', async () => {
      const short = slidingWindow({ limit: 100, window: '1s' })
      await take(sliding, 10)
      await take(short)
      expect(await ttl()).toBeLessThanOrEqual(2001)
    })

    test('a window that lets more through goes on with what was used', async () => {
      await take(sliding, 10)
      expect(
        left(
          slidingWindow({ limit: 100, window: '1m' }),
          await take(slidingWindow({ limit: 100, window: '1m' })),
        ),
      ).toBe(89)
      await take(slidingWindow({ limit: 100, window: '1m' }), 80)
      expect(await take(sliding)).toMatchObject({ state: 0, used: 91 })
    })

    test('a gcra that lets more through goes on with what was used, in whole units', async () => {
      await take(even, 6)
      const more = gcra({ limit: 60, period: '1m', burst: 60 })
      const answer = await take(more, 1)
      expect(left(more, answer)).toBe(60 - 6 - 1)
    })

    test('what is owed in whole units is none more where a unit is no whole number of microseconds', async () => {
      await take(even, 5)
      const sevenths = gcra({ limit: 7, period: '1h', burst: 7 })
      expect(left(sevenths, await ask('look', sevenths))).toBe(2)
      expect(left(sevenths, await take(sevenths, 2))).toBe(0)
      expect(await bytes()).toMatch(/^g1 \d{16} 0 7 3600000000$/)
    })

    test('a gcra that lets less through takes its burst for used up, and no more than that', async () => {
      const more = gcra({ limit: 60, period: '1m', burst: 60 })
      await take(more, 50)
      const answer = await take(even)
      expect(answer.state).toBe(0)
      expect(answer.retryAt - answer.now).toSatisfy((wait: number) => wait > 9e6 && wait <= 10e6)
    })

    test('a fixed window of another length counts on where its last hit is in it', async () => {
      const day = fixedWindow({ limit: 10, window: '1d' })
      await take(fixed, 7)
      expect(await take(day, 1)).toMatchObject({ state: 1, used: 8 })
      const yesterday = (await now()) - 86_400e6
      await put(`f1 ${yesterday} 9`)
      expect(await take(day, 1)).toMatchObject({ state: 1, used: 1 })
    })
  })
})
