import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { RateLimitSlidingWindow, type RateLimitSlidingWindowReply } from '../../src/lua/index.ts'
import { describeScripts, isRealRedis, type Word } from './lua.ts'

type Reply = RateLimitSlidingWindowReply

/** A decision, and the server's time in microseconds just before and just after it. */
interface Decision {
  readonly allowed: boolean
  readonly before: number
  readonly after: number
}

describeScripts('RateLimitSlidingWindow', (lua) => {
  const hit = async (...args: Word[]): Promise<Reply> =>
    (await lua().call(RateLimitSlidingWindow, ['k'], args)) as Reply
  const state = (): Promise<unknown> => lua().redis('GET', 'k')
  const ttl = async (): Promise<number> => Number(await lua().redis('PTTL', 'k'))
  const now = async (): Promise<number> => micros(await lua().redis('TIME'))

  test('counts down, denies, and says when to come back', async () => {
    expect((await hit(2, 60_000)).slice(0, 3)).toEqual([1, 1, 0])
    expect((await hit(2, 60_000)).slice(0, 3)).toEqual([1, 0, 0])
    const [allowed, remaining, retry, reset] = await hit(2, 60_000)
    expect([allowed, remaining]).toEqual([0, 0])
    expect(retry).toBeGreaterThan(50_000)
    expect(retry).toBeLessThanOrEqual(60_001)
    expect(reset).toBeGreaterThanOrEqual(retry)
  })

  test('many hits in one instant are as many hits', async () => {
    const hits = Array.from({ length: 500 }, () => lua().words(RateLimitSlidingWindow, ['k'], [100, 60_000]))
    const replies = (await lua().together(hits)) as Reply[]
    expect(replies.filter(([allowed]) => allowed === 1)).toHaveLength(100)
    expect(replies.findIndex(([allowed]) => allowed === 0)).toBe(100)
  })

  test('a denied hit consumes nothing', async () => {
    await hit(5, 60_000, 5)
    const [before, left] = [await state(), await ttl()]
    for (let i = 0; i < 20; i += 1) expect((await hit(5, 60_000, 1 + (i % 5)))[0]).toBe(0)
    expect(await state()).toBe(before)
    expect(await ttl()).toBeLessThanOrEqual(left)
  })

  test('who always comes too early is let through in time all the same', async () => {
    await hit(1, 150)
    const start = performance.now()
    let reply: Reply = [0, 0, 0, 0]
    while (reply[0] === 0 && performance.now() - start < 5_000) reply = await hit(1, 150)
    expect(reply[0]).toBe(1)
  })

  test('who waits as long as it says is let through', async () => {
    for (let round = 0; round < 3; round += 1) {
      // In one instant, or a slow machine would let each of them pass.
      const hits = Array.from({ length: 4 }, () => lua().words(RateLimitSlidingWindow, ['k'], [3, 80]))
      const denied = ((await lua().together(hits)) as Reply[]).at(-1) as Reply
      expect(denied[0]).toBe(0)
      await lua().elapse(denied[2])
      expect((await hit(3, 80))[0]).toBe(1)
    }
  })

  test('costs add up; what does not fit is denied and leaves room for what does', async () => {
    expect((await hit(10, 60_000, 8)).slice(0, 2)).toEqual([1, 2])
    expect((await hit(10, 60_000, 5)).slice(0, 2)).toEqual([0, 2])
    expect((await hit(10, 60_000, 2)).slice(0, 2)).toEqual([1, 0])
  })

  test('a cost beyond the max is denied for ever, also on an empty key', async () => {
    expect(await hit(10, 60_000, 11)).toEqual([0, 10, -1, 0])
    expect(await hit(0, 60_000)).toEqual([0, 0, -1, 0])
    expect(await lua().redis('EXISTS', 'k')).toBe(0)
  })

  test('a cost of 0 looks and consumes nothing', async () => {
    expect(await hit(2, 60_000, 0)).toEqual([1, 2, 0, 0])
    expect(await lua().redis('EXISTS', 'k')).toBe(0)
    await hit(2, 60_000)
    const before = await state()
    expect((await hit(2, 60_000, 0)).slice(0, 3)).toEqual([1, 1, 0])
    expect(await state()).toBe(before)
  })

  test('a max that was lowered denies until it fits again, and remaining is never negative', async () => {
    await hit(10, 60_000, 10)
    const [allowed, remaining, retry] = await hit(3, 60_000)
    expect([allowed, remaining]).toEqual([0, 0])
    expect(retry).toBeGreaterThan(50_000)
  })

  test('the wait is that of the hit that has to leave, not of the oldest', async () => {
    const time = await now()
    await lua().redis('SET', 'k', `sw1 ${time - 50e6} 2 ${time - 30e6} 3 ${time - 10e6} 5`)
    expect((await hit(10, 60_000, 2))[2]).toSatisfy(near(10_000))
    expect((await hit(10, 60_000, 3))[2]).toSatisfy(near(30_000))
    expect((await hit(10, 60_000, 6))[2]).toSatisfy(near(50_000))
    expect((await hit(10, 60_000, 6))[3]).toSatisfy(near(50_000))
  })

  test('what is older than the window does not count', async () => {
    const time = await now()
    await lua().redis('SET', 'k', `sw1 ${time - 61e6} 9 ${time - 50e6} 1`)
    expect((await hit(10, 60_000)).slice(0, 2)).toEqual([1, 8])
    expect(await state()).not.toContain(String(time - 61e6))
  })

  test('its state stays small, and ends soon after the window', async () => {
    const time = await now()
    const pairs = Array.from({ length: 60 }, (_, i) => `${time - 59_500_000 + i * 990_000} 1000000`)
    await lua().redis('SET', 'k', `sw1 ${pairs.join(' ')}`)
    for (let i = 0; i < 50; i += 1) await hit(1_000_000_000, 60_000, 1_000_000)
    expect(String(await state()).split(' ').length).toBeLessThanOrEqual(1 + 2 * 62)
    expect(String(await state()).length).toBeLessThan(1_700)
    const last = lua().words(RateLimitSlidingWindow, ['k'], [1_000_000_000, 60_000, 1_000_000])
    const [, kept] = await lua().together([last, ['PTTL', 'k']])
    expect(kept).toBeGreaterThan(60_000)
    expect(kept).toBeLessThanOrEqual(61_000)
  })

  describe('a clock that was set back', () => {
    test('by less than a window: nothing is forgotten, and nobody waits longer than that', async () => {
      const time = await now()
      await lua().redis('SET', 'k', `sw1 ${time + 20e6} 10`)
      const [allowed, , retry] = await hit(10, 60_000)
      expect(allowed).toBe(0)
      expect(retry).toBeLessThanOrEqual(60_001)
      expect((await hit(11, 60_000)).slice(0, 2)).toEqual([1, 0])
    })

    test('by more: it starts anew instead of denying for hours', async () => {
      await lua().redis('SET', 'k', `sw1 ${(await now()) + 3_600e6} 10`)
      expect((await hit(10, 60_000)).slice(0, 2)).toEqual([1, 9])
    })
  })

  test('the longest window, the largest max', async () => {
    expect((await hit(1_000_000_000, '3155760000000', 999_999_999)).slice(0, 3)).toEqual([1, 1, 0])
    const [, remaining, , reset] = await hit(1_000_000_000, '3155760000000')
    expect(remaining).toBe(0)
    expect(reset).toBeGreaterThan(3_155_759_990_000)
  })

  test('a key that holds something else is left alone', async () => {
    await lua().redis('SET', 'k', 'a session')
    expect((await lua().run(RateLimitSlidingWindow, ['k'], [5, 1_000])).error).toMatch(
      /^ERR hybrid-cache: the key/,
    )
    expect(await state()).toBe('a session')
  })

  test('never more than max in any window, over 1,000 decisions of several clients, and 5,000 of a real Redis', async () => {
    const [max, window, decisions] = [40, 100, isRealRedis(lua()) ? 5_000 : 1_000]
    const history: Decision[] = []
    const client = async (): Promise<void> => {
      while (history.length < decisions) {
        history.push(...(await burst(1 + (history.length % 25))))
        await sleep(history.length % 5)
      }
    }
    const burst = async (size: number): Promise<Decision[]> => {
      const each = [['TIME'], lua().words(RateLimitSlidingWindow, ['k'], [max, window])]
      const replies = await lua().together([...Array.from({ length: size }, () => each).flat(), ['TIME']])
      return Array.from({ length: size }, (_, i) => ({
        before: micros(replies[2 * i]),
        allowed: (replies[2 * i + 1] as Reply)[0] === 1,
        after: micros(replies[2 * i + 2]),
      }))
    }
    await Promise.all(Array.from({ length: 6 }, client))

    const passed = history.filter(({ allowed }) => allowed).toSorted((a, b) => a.before - b.before)
    expect(history.length).toBeGreaterThanOrEqual(decisions)
    const tooMany = passed.filter((first, i) => {
      const last = passed[i + max]
      return last !== undefined && last.after - first.before < window * 1_000
    })
    expect(tooMany).toEqual([])
    // The price of a bounded state is small: an exact log would have let through hardly more.
    const exact = exactLog(history, max, window * 1_000)
    expect(passed.length).toBeGreaterThan(exact * 0.9)
    expect(passed.length).toBeLessThanOrEqual(exact * 1.1)
  })
})

/** How many of them a log with one member a hit would have let through. */
function exactLog(history: readonly Decision[], max: number, window: number): number {
  const passed: number[] = []
  for (const { before } of history.toSorted((a, b) => a.before - b.before)) {
    const oldest = passed.at(-max)
    if (passed.length < max || oldest === undefined || oldest < before - window) passed.push(before)
  }
  return passed.length
}

function micros(time: unknown): number {
  const [seconds, rest] = time as [string, string]
  return Number(seconds) * 1e6 + Number(rest)
}

function near(ms: number): (value: number) => boolean {
  return (value) => value > ms - 9_000 && value <= ms + 1
}
