import { describe, expect, test } from 'vitest'
import { fixedWindow, gcra, slidingWindow } from '../../src/rate-limit/index.ts'
import { left, limits, minute, sliding } from './limits.ts'
import { describeScripts } from './lua.ts'

describeScripts('CheckRateLimits', (lua) => {
  const { take, bytes, ttl, now, put } = limits(lua)

  describe('numbers', () => {
    test('a million a second, to the microsecond', async () => {
      const fast = gcra({ limit: 1_000_000, period: '1s', burst: 1 })
      const first = await take(fast)
      expect(first.resetAt - first.now).toBe(1)
      expect((await take(fast)).state).toBe(1)
      const burst = gcra({ limit: 1_000_000, period: '1s', burst: 1_000_000, name: 'b' })
      await lua().redis('DEL', 'k')
      const all = await take(burst, 1_000_000)
      expect(all.resetAt - all.now).toBe(1_000_000)
    })

    test('a billion a second: parts of a microsecond add up', async () => {
      const fast = gcra({ limit: 1_000_000_000, period: '1s', burst: 1_000_000_000 })
      const at = await now()
      await put(`g1 ${at + 900_000} 999 1000000000 1000000`)
      const answer = await take(fast, 1)
      expect([answer.used - at, answer.rest]).toEqual([900_000, 1_000_999])
    })

    test('a seventh of an hour seven times is an hour', async () => {
      const sevenths = gcra({ limit: 7, period: '1h', burst: 7 })
      const first = await take(sevenths, 1)
      expect([first.used - first.now, first.rest]).toEqual([514_285_714, 2])
      await lua().redis('DEL', 'k')
      const at = await now()
      await put(`g1 ${at + 1e9} 6 7 3600000000`)
      const next = await take(sevenths, 1)
      expect([next.used - at, next.rest]).toEqual([1_514_285_715, 1])
    })

    test('one in thirty days, and one in a hundred years', async () => {
      for (const span of ['30d', 3_155_760_000_000] as const) {
        for (const policy of [
          gcra({ limit: 1, period: span, burst: 1 }),
          slidingWindow({ limit: 1, window: span }),
          fixedWindow({ limit: 1, window: span }),
        ]) {
          await lua().redis('DEL', 'k')
          expect((await take(policy)).state).toBe(1)
          const denied = await take(policy)
          expect(denied.state).toBe(0)
          expect(denied.retryAt).toBeGreaterThan(denied.now)
          expect(await ttl()).toBeGreaterThan(0)
        }
      }
    })

    test('limits of 10^12', async () => {
      const most = 1e12
      for (const policy of [
        gcra({ limit: most, period: '30d', burst: most }),
        slidingWindow({ limit: most, window: '30d' }),
        fixedWindow({ limit: most, window: '30d' }),
      ]) {
        await lua().redis('DEL', 'k')
        expect(left(policy, await take(policy, most - 1))).toBe(1)
        expect((await take(policy, 2_000_000)).state).toBe(0)
        expect((await take(policy, 1)).state).toBe(1)
      }
    })

    test('a sliding window above 60 keeps 62 pairs at most, of a limit up to 60 each hit', async () => {
      const at = await now()
      const every = (count: number, step: number): string =>
        Array.from({ length: count }, (_, i) => ` ${at - minute + 1e6 + Math.floor(i * step)} 1000000`).join(
          '',
        )
      await put(`sw1${every(59, 990_000)}`)
      const many = slidingWindow({ limit: 1_000_000_000, window: '1m' })
      for (let i = 0; i < 40; i++) await take(many, 1_000_000)
      expect(String(await bytes()).split(' ').length).toBeLessThanOrEqual(1 + 2 * 62)
      expect(String(await bytes()).length).toBeLessThan(1800)
      await lua().redis('DEL', 'k')
      for (let i = 0; i < 10; i++) await take(sliding, 1)
      expect(String(await bytes()).split(' ')).toHaveLength(1 + 2 * 10)
    })
  })
})
