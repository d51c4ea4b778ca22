import { describe, expect, test } from 'vitest'
import { countedSignal, LinkFixture } from '../../support/link.ts'
import { settle } from '../../support/manual-clock.ts'

const gone = new Error('gone')
const reasonOf = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error)

describe('a caller that has left before', () => {
  test('sends nothing, and gets its own reason', async () => {
    const fixture = new LinkFixture()
    expect(await reasonOf(fixture.read(AbortSignal.abort(gone)))).toBe(gone)
    await fixture.clock.advance(1000)
    expect(fixture.redis.requests).toEqual([])
    expect(fixture.stats.requests).toBe(0)
    expect(fixture.clock.pending).toBe(0)
  })

  test('in the same tick sends nothing', async () => {
    const fixture = new LinkFixture()
    const controller = new AbortController()
    const call = reasonOf(fixture.read(controller.signal))
    controller.abort(gone)
    expect(await call).toBe(gone)
    await settle()
    expect(fixture.redis.requests).toEqual([])
  })

  test('leaves the others of its batch alone', async () => {
    const fixture = new LinkFixture()
    const outcomes = await Promise.allSettled([
      fixture.read(AbortSignal.abort(gone), 'GET', 'a'),
      fixture.read(undefined, 'GET', 'b'),
    ])
    expect(outcomes).toEqual([
      { status: 'rejected', reason: gone },
      { status: 'fulfilled', value: null },
    ])
    expect(fixture.redis.requests).toEqual([[['GET', 'b']]])
  })

  test('with a signal that gives no reason of its own gets an AbortError', async () => {
    expect(await reasonOf(new LinkFixture().read(AbortSignal.abort()))).toMatchObject({ name: 'AbortError' })
  })
})

describe('a caller that leaves while its request is under way', () => {
  test('gets its reason at once; the others get their replies, and the request goes on', async () => {
    const fixture = new LinkFixture()
    let answer = (): void => {}
    fixture.redis.after = () => new Promise((resolve) => (answer = resolve))
    const controller = new AbortController()
    const leaver = reasonOf(fixture.read(controller.signal))
    const stayer = fixture.write()
    await settle()
    controller.abort(gone)
    expect(await leaver).toBe(gone)
    expect(fixture.redis.sent[0]?.signal.aborted).toBe(false)
    answer()
    expect(await stayer).toBe('OK')
    expect(fixture.stats).toMatchObject({ requests: 1, errors: 0 })
  })

  test('ends the request only if it was the last', async () => {
    const fixture = new LinkFixture()
    fixture.redis.stall()
    const controllers = [new AbortController(), new AbortController(), new AbortController()]
    const calls = controllers.map(({ signal }) => reasonOf(fixture.read(signal)))
    await settle()
    const aborted = controllers.map((controller, i) => {
      controller.abort(i)
      return fixture.redis.sent[0]?.signal.aborted
    })
    expect(aborted).toEqual([false, false, true])
    expect(await Promise.all(calls)).toEqual([0, 1, 2])
    await settle()
    expect(fixture.stats).toMatchObject({ requests: 1, errors: 0 })
  })

  test('is not followed by another try', async () => {
    const fixture = new LinkFixture({ retries: 5 })
    fixture.redis.stall()
    const controller = new AbortController()
    const call = reasonOf(fixture.read(controller.signal))
    await settle()
    controller.abort(gone)
    await call
    await fixture.clock.advance(1000)
    expect(fixture.stats.requests).toBe(1)
  })

  test('leaves no timer behind', async () => {
    const fixture = new LinkFixture()
    // As a transport does whose client throws an error of its own for an aborted request.
    fixture.redis.before = (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
      })
    const controller = new AbortController()
    const call = reasonOf(fixture.read(controller.signal))
    await settle()
    controller.abort(gone)
    await call
    await settle()
    expect(fixture.clock.pending).toBe(0)
  })

  test('before the second of two requests went out takes its commands out of it', async () => {
    const fixture = new LinkFixture()
    fixture.redis.stall()
    const controller = new AbortController()
    const calls = Array.from({ length: 1500 }, () => reasonOf(fixture.read(controller.signal)))
    await settle()
    controller.abort(gone)
    expect(new Set(await Promise.all(calls))).toEqual(new Set([gone]))
    await fixture.clock.advance(5000)
    expect(fixture.redis.requests).toHaveLength(1)
  })
})

describe('signals', () => {
  test('keep no listener once the call has its reply', async () => {
    const { controller, listeners } = countedSignal()
    const fixture = new LinkFixture()
    const calls = [fixture.read(controller.signal), fixture.write(controller.signal)]
    expect(listeners()).toBe(2)
    await Promise.all(calls)
    expect(listeners()).toBe(0)
  })

  test('keep none after a failure, a deadline, or their own abort either', async () => {
    const failing = new LinkFixture({ retries: 0 })
    failing.fail(1)
    const late = new LinkFixture()
    late.redis.stall()
    const left = new LinkFixture()
    left.redis.stall()
    const signals = [failing, late, left].map((fixture) => {
      const counted = countedSignal()
      void reasonOf(fixture.read(counted.controller.signal))
      return counted
    })
    await late.clock.advance(1000)
    signals[2]?.controller.abort(gone)
    await settle()
    expect(signals.map(({ listeners }) => listeners())).toEqual([0, 0, 0])
  })

  test('that abort after the reply change nothing', async () => {
    const fixture = new LinkFixture()
    const controller = new AbortController()
    const reply = await fixture.read(controller.signal)
    controller.abort(gone)
    await settle()
    expect(reply).toBeNull()
    expect(fixture.redis.sent[0]?.signal.aborted).toBe(false)
  })
})
