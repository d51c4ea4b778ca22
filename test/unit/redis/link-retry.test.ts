import { describe, expect, test, vi } from 'vitest'
import { CacheError, type CacheErrorCode } from '../../../src/index.ts'
import { LinkFixture } from '../../support/link.ts'
import { outcomeOf } from '../../support/outcome.ts'

describe('a request that failed on its way', () => {
  test('is sent again, once by default, where every command of it may run twice', async () => {
    const fixture = new LinkFixture()
    fixture.fail(1)
    const call = outcomeOf(fixture.read())
    await fixture.clock.advance(100)
    expect(await call).toBeNull()
    expect(fixture.redis.take()).toEqual([['GET'], ['GET']])
    expect(fixture.stats).toMatchObject({ requests: 2, commands: 2, errors: 0 })
  })

  test.each([0, 1, 2, 3])('is sent again %i times and no more', async (retries) => {
    const fixture = new LinkFixture({ retries, timeout: 60_000 })
    fixture.fail(99)
    const call = outcomeOf(fixture.read())
    await fixture.clock.advance(10_000)
    expect(await call).toBe('L2_NETWORK')
    expect(fixture.stats).toMatchObject({ requests: retries + 1, commands: retries + 1, errors: 1 })
    expect(fixture.clock.pending).toBe(0)
  })

  test('is not sent again where one command of it must not run twice', async () => {
    const fixture = new LinkFixture({ retries: 5 })
    fixture.fail(1)
    const calls = [outcomeOf(fixture.read()), outcomeOf(fixture.write())]
    await fixture.clock.advance(1000)
    expect(await Promise.all(calls)).toEqual(['L2_NETWORK', 'L2_NETWORK'])
    expect(fixture.redis.take()).toEqual([['GET', 'SET']])
  })

  test('with the same commands, in the same order', async () => {
    const fixture = new LinkFixture()
    fixture.fail(1)
    const calls = Promise.all(['a', 'b', 'c'].map((key) => fixture.read(undefined, 'GET', key)))
    await fixture.clock.advance(100)
    await calls
    expect(fixture.redis.requests[1]).toEqual(fixture.redis.requests[0])
  })

  test.each<CacheErrorCode>(['L2_TIMEOUT', 'L2_AUTH', 'L2_RATE_LIMITED', 'L2_REPLY'])(
    'for a reason that another try does not mend (%s) is not sent again',
    async (code) => {
      const fixture = new LinkFixture({ retries: 5 })
      fixture.fail(1, new CacheError(code, 'x', { retryable: true }))
      const call = outcomeOf(fixture.read())
      await fixture.clock.advance(1000)
      expect(await call).toBe(code)
      expect(fixture.stats).toMatchObject({ requests: 1, errors: 1 })
    },
  )

  test('as the transport says itself (L2_NETWORK) is sent again', async () => {
    const fixture = new LinkFixture()
    fixture.fail(1, new CacheError('L2_NETWORK', 'x'))
    const call = outcomeOf(fixture.read())
    await fixture.clock.advance(100)
    expect(await call).toBeNull()
  })
})

describe('the pause before another try', () => {
  test.each([
    [0, [0, 0, 0]],
    [0.5, [25, 50, 100]],
    [0.999_999, [50, 100, 200]],
  ])('is random, at most 50 ms, and doubles: %d', async (random, pauses) => {
    vi.spyOn(Math, 'random').mockReturnValue(random)
    const fixture = new LinkFixture({ retries: 3, timeout: 60_000 })
    const times: number[] = []
    fixture.redis.before = () => {
      times.push(fixture.clock.monotonic())
      throw new TypeError('fetch failed')
    }
    const call = outcomeOf(fixture.read())
    await fixture.clock.advance(1000)
    await call
    expect(times.slice(1).map((time, i) => Math.round(time - (times[i] ?? 0)))).toEqual(pauses)
  })

  test('does not outlast the deadline, which covers all tries together', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999)
    const fixture = new LinkFixture({ retries: 10, timeout: 100 })
    fixture.fail(99)
    const call = outcomeOf(fixture.read())
    await fixture.clock.advance(99)
    expect(fixture.stats.errors).toBe(0)
    await fixture.clock.advance(1)
    expect(await call).toBe('L2_TIMEOUT')
    const { requests } = fixture.stats
    await fixture.clock.advance(10_000)
    expect(fixture.stats.requests).toBe(requests)
  })

  test('leaves no timer behind when the deadline or the last caller ends it', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999)
    const late = new LinkFixture({ timeout: 10 })
    late.fail(1)
    const first = outcomeOf(late.read())
    await late.clock.advance(10)
    expect(await first).toBe('L2_TIMEOUT')
    expect(late.clock.pending).toBe(0)
    const left = new LinkFixture()
    left.fail(1)
    const controller = new AbortController()
    const second = outcomeOf(left.read(controller.signal))
    await left.clock.advance(1)
    controller.abort('gone')
    expect(await second).toBe('gone')
    await left.clock.advance(0)
    expect(left.clock.pending).toBe(0)
    expect(left.stats.requests).toBe(1)
  })
})
