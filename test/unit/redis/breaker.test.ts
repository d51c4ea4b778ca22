import { describe, expect, test } from 'vitest'
import type { CacheErrorCode } from '../../../src/index.ts'
import { BreakerFixture, probe } from '../../support/breaker.ts'

describe('closed', () => {
  test('lets everything pass and tells nothing', () => {
    const fixture = new BreakerFixture()
    for (let i = 0; i < 100; i++) fixture.request()
    expect(fixture.changes).toEqual([])
  })

  test.each<CacheErrorCode>(['L2_TIMEOUT', 'L2_NETWORK', 'L2_RATE_LIMITED', 'L2_REPLY'])(
    'opens with so many failures in a row, and not before: %s',
    (code) => {
      const fixture = new BreakerFixture()
      fixture.request(code, 4)
      expect(fixture.refuses).toBe(false)
      fixture.request(code)
      expect(fixture.refuses).toBe(true)
      expect(fixture.changes).toEqual([{ state: 'open', reason: code }])
    },
  )

  test('a success in between begins the row anew', () => {
    const fixture = new BreakerFixture()
    for (let i = 0; i < 4; i++) {
      fixture.fail(4)
      fixture.request()
      fixture.now += 10_000
    }
    expect(fixture.changes).toEqual([])
  })

  test('a row has no end: failures of rare requests count, however far apart', () => {
    const fixture = new BreakerFixture()
    for (let i = 0; i < 5; i++) {
      fixture.fail()
      fixture.now += 3_600_000
    }
    expect(fixture.states()).toEqual(['open'])
  })

  test('the failure that completes the row is the reason', () => {
    const fixture = new BreakerFixture({ failures: 2 })
    fixture.request('L2_NETWORK')
    fixture.request('L2_TIMEOUT')
    expect(fixture.changes).toEqual([{ state: 'open', reason: 'L2_TIMEOUT' }])
  })

  test('refused credentials open it at once', () => {
    const fixture = new BreakerFixture()
    fixture.request(undefined, 50)
    fixture.request('L2_AUTH')
    expect(fixture.changes).toEqual([{ state: 'open', reason: 'L2_AUTH' }])
    expect(fixture.refuses).toBe(true)
  })

  test('abandoned requests neither count nor break a row', () => {
    const fixture = new BreakerFixture({ failures: 2, minimum: 3 })
    fixture.fail()
    for (let i = 0; i < 10; i++) fixture.breaker.abandon(fixture.enter())
    expect(fixture.refuses).toBe(false)
    fixture.fail()
    expect(fixture.states()).toEqual(['open'])
  })
})

describe('open', () => {
  test('refuses for as long as it says, and not a millisecond longer', () => {
    const fixture = new BreakerFixture().opened()
    fixture.now += 4999
    expect(fixture.refuses).toBe(true)
    expect(fixture.states()).toEqual(['open'])
    fixture.now += 1
    expect(fixture.refuses).toBe(false)
    expect(fixture.states()).toEqual(['open', 'half-open'])
  })

  test('says what it is, why, and what to look at', () => {
    expect(new BreakerFixture().opened('L2_AUTH').breaker.enter()).toMatchObject({
      name: 'CacheError',
      code: 'BREAKER_OPEN',
      retryable: true,
      message:
        'requests to Redis failed (L2_AUTH), so the breaker is open: it lets one through every 5000 ms (breaker.open)',
    })
  })

  test('is not moved by requests that left before', () => {
    const fixture = new BreakerFixture()
    const tickets = [fixture.enter(), fixture.enter(), fixture.enter()]
    fixture.opened()
    fixture.now += 1000
    fixture.breaker.leave(tickets[0] ?? 0)
    fixture.breaker.leave(tickets[1] ?? 0, 'L2_AUTH')
    fixture.breaker.abandon(tickets[2] ?? 0)
    expect(fixture.refuses).toBe(true)
    fixture.now += 4000
    expect(fixture.refuses).toBe(false)
    expect(fixture.states()).toEqual(['open', 'half-open'])
  })
})

describe('half-open', () => {
  test('lets one request pass, and refuses all others', () => {
    const { fixture } = new BreakerFixture().probing()
    expect([fixture.refuses, fixture.refuses]).toEqual([true, true])
    expect(fixture.states()).toEqual(['open', 'half-open'])
  })

  test('a success closes it, and counting begins anew', () => {
    const { fixture, ticket } = new BreakerFixture().probing()
    fixture.breaker.leave(ticket)
    expect(fixture.changes.slice(1)).toEqual([{ state: 'half-open' }, { state: 'closed' }])
    fixture.fail(4)
    expect(fixture.refuses).toBe(false)
  })

  test.each<CacheErrorCode>(['L2_TIMEOUT', 'L2_NETWORK', 'L2_AUTH'])(
    'one failure opens it again, for as long as the first time, with its own reason: %s',
    (code) => {
      const { fixture, ticket } = new BreakerFixture().probing()
      fixture.now += 700
      fixture.breaker.leave(ticket, code)
      expect(fixture.changes.at(-1)).toEqual({ state: 'open', reason: code })
      fixture.now += 4999
      expect(fixture.refuses).toBe(true)
      expect((fixture.breaker.enter() as Error).message).toContain(code)
      fixture.now += 1
      expect(fixture.refuses).toBe(false)
    },
  )

  test('a probe that does not come back is given up, and another goes', () => {
    const { fixture } = new BreakerFixture().probing()
    fixture.now += probe - 1
    expect(fixture.refuses).toBe(true)
    fixture.now += 1
    fixture.breaker.leave(fixture.enter())
    expect(fixture.states()).toEqual(['open', 'half-open', 'closed'])
  })

  test('an abandoned probe makes room for another', () => {
    const { fixture, ticket } = new BreakerFixture().probing()
    fixture.breaker.abandon(ticket)
    const next = fixture.enter()
    expect(fixture.refuses).toBe(true)
    fixture.breaker.leave(next)
    expect(fixture.states()).toEqual(['open', 'half-open', 'closed'])
  })

  test.each(['succeeds', 'fails', 'is abandoned'])('a probe given up that then %s changes nothing', (how) => {
    const { fixture, ticket } = new BreakerFixture().probing()
    fixture.now += probe
    const second = fixture.enter()
    if (how === 'is abandoned') fixture.breaker.abandon(ticket)
    else fixture.breaker.leave(ticket, how === 'fails' ? 'L2_AUTH' : undefined)
    expect(fixture.refuses).toBe(true)
    expect(fixture.states()).toEqual(['open', 'half-open'])
    fixture.breaker.leave(second)
    fixture.breaker.leave(ticket, 'L2_AUTH')
    expect(fixture.refuses).toBe(false)
    expect(fixture.states()).toEqual(['open', 'half-open', 'closed'])
  })

  test('requests from before it opened do not count as its probe', () => {
    const fixture = new BreakerFixture()
    const early = fixture.enter()
    const { ticket } = fixture.probing()
    fixture.breaker.leave(early)
    expect(fixture.refuses).toBe(true)
    fixture.breaker.leave(early, 'L2_AUTH')
    fixture.breaker.leave(ticket)
    fixture.breaker.leave(early, 'L2_AUTH')
    expect(fixture.states()).toEqual(['open', 'half-open', 'closed'])
  })
})
