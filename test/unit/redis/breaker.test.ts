import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CacheErrorCode } from '../../../src/index.ts'
import { Breaker, type BreakerChange, type BreakerSettings } from '../../../src/redis/breaker.ts'

const defaults: BreakerSettings = { failures: 5, ratio: 0.5, minimum: 20, window: 10_000, open: 5000 }
const probe = 2000

/** A breaker on a clock that the test sets, with what it told. */
class Fixture {
  now = 1_000_000
  readonly changes: BreakerChange[] = []
  readonly breaker: Breaker

  constructor(settings: Partial<BreakerSettings> = {}) {
    this.breaker = new Breaker(
      { ...defaults, ...settings },
      {
        clock: { monotonic: () => this.now } as never,
        probe,
        tell: (change) => this.changes.push(change),
      },
    )
  }

  /** The ticket of a request, which must be let go. */
  enter(): number {
    const ticket = this.breaker.enter()
    if (typeof ticket !== 'number') throw ticket
    return ticket
  }

  get refuses(): boolean {
    return typeof this.breaker.enter() !== 'number'
  }

  /** Requests that end as they begin. */
  request(failure?: CacheErrorCode, times = 1): void {
    for (let i = 0; i < times; i++) this.breaker.leave(this.enter(), failure)
  }

  fail(times = 1): void {
    this.request('L2_NETWORK', times)
  }

  opened(code: CacheErrorCode = 'L2_AUTH'): this {
    this.request(code)
    return this
  }

  /** Opened, and with a probe on its way. */
  probing(): { fixture: Fixture; ticket: number } {
    this.opened()
    this.now += defaults.open
    return { fixture: this, ticket: this.enter() }
  }

  states(): string[] {
    return this.changes.map(({ state }) => state)
  }
}

describe('closed', () => {
  test('lets everything pass and tells nothing', () => {
    const fixture = new Fixture()
    for (let i = 0; i < 100; i++) fixture.request()
    expect(fixture.changes).toEqual([])
  })

  test.each<CacheErrorCode>(['L2_TIMEOUT', 'L2_NETWORK', 'L2_RATE_LIMITED', 'L2_REPLY'])(
    'opens with so many failures in a row, and not before: %s',
    (code) => {
      const fixture = new Fixture()
      fixture.request(code, 4)
      expect(fixture.refuses).toBe(false)
      fixture.request(code)
      expect(fixture.refuses).toBe(true)
      expect(fixture.changes).toEqual([{ state: 'open', reason: code }])
    },
  )

  test('a success in between begins the row anew', () => {
    const fixture = new Fixture()
    for (let i = 0; i < 4; i++) {
      fixture.fail(4)
      fixture.request()
      fixture.now += 10_000
    }
    expect(fixture.changes).toEqual([])
  })

  test('a row has no end: failures of rare requests count, however far apart', () => {
    const fixture = new Fixture()
    for (let i = 0; i < 5; i++) {
      fixture.fail()
      fixture.now += 3_600_000
    }
    expect(fixture.states()).toEqual(['open'])
  })

  test('the failure that completes the row is the reason', () => {
    const fixture = new Fixture({ failures: 2 })
    fixture.request('L2_NETWORK')
    fixture.request('L2_TIMEOUT')
    expect(fixture.changes).toEqual([{ state: 'open', reason: 'L2_TIMEOUT' }])
  })

  test('refused credentials open it at once', () => {
    const fixture = new Fixture()
    fixture.request(undefined, 50)
    fixture.request('L2_AUTH')
    expect(fixture.changes).toEqual([{ state: 'open', reason: 'L2_AUTH' }])
    expect(fixture.refuses).toBe(true)
  })

  test('abandoned requests neither count nor break a row', () => {
    const fixture = new Fixture({ failures: 2, minimum: 3 })
    fixture.fail()
    for (let i = 0; i < 10; i++) fixture.breaker.abandon(fixture.enter())
    expect(fixture.refuses).toBe(false)
    fixture.fail()
    expect(fixture.states()).toEqual(['open'])
  })
})

describe('the ratio', () => {
  /** Failures that never come in a row. */
  function alternate(fixture: Fixture, pairs: number): void {
    for (let i = 0; i < pairs; i++) {
      fixture.request()
      fixture.fail()
    }
  }

  test('opens it once there were enough requests', () => {
    const fixture = new Fixture()
    alternate(fixture, 9)
    fixture.request()
    expect(fixture.changes).toEqual([])
    fixture.fail()
    expect(fixture.states()).toEqual(['open'])
  })

  test('is reached at exactly its value, and not below', () => {
    const fixture = new Fixture()
    alternate(fixture, 9)
    fixture.request(undefined, 3)
    fixture.fail() // 10 of 22
    expect(fixture.changes).toEqual([])
    fixture.fail() // 11 of 23
    expect(fixture.changes).toEqual([])
    fixture.fail() // 12 of 24
    expect(fixture.states()).toEqual(['open'])
  })

  test('of 1 opens only where nothing succeeded, and a success never opens', () => {
    const fixture = new Fixture({ failures: 100, minimum: 3, ratio: 1 })
    fixture.request()
    fixture.fail(20)
    expect(fixture.changes).toEqual([])
    const small = new Fixture({ failures: 100, minimum: 3, ratio: 0.5 })
    small.fail(2)
    small.request()
    expect(small.changes).toEqual([])
    small.fail()
    expect(small.states()).toEqual(['open'])
  })

  test('forgets what is as old as the window, and nothing younger than three quarters of it', () => {
    for (const [age, states] of [
      [7500, ['open']],
      [10_000, []],
      [50_000, []],
    ] as const) {
      const fixture = new Fixture({ failures: 100 })
      fixture.fail(19)
      fixture.now += age
      fixture.fail()
      expect(fixture.states(), `${age} ms later`).toEqual(states)
    }
  })

  test('adds up what came at different times of the window', () => {
    const fixture = new Fixture({ failures: 100, minimum: 8 })
    for (let i = 0; i < 4; i++) {
      fixture.fail(2)
      fixture.now += 2500
    }
    expect(fixture.states()).toEqual(['open'])
  })

  test('counts anew after it has closed', () => {
    const fixture = new Fixture({ failures: 100, window: 60_000, open: 1 })
    fixture.fail(20)
    fixture.now += 1
    fixture.request()
    fixture.fail(19)
    expect(fixture.states()).toEqual(['open', 'half-open', 'closed'])
    fixture.fail()
    expect(fixture.states().at(-1)).toBe('open')
  })
})

describe('open', () => {
  test('refuses for as long as it says, and not a millisecond longer', () => {
    const fixture = new Fixture().opened()
    fixture.now += 4999
    expect(fixture.refuses).toBe(true)
    expect(fixture.states()).toEqual(['open'])
    fixture.now += 1
    expect(fixture.refuses).toBe(false)
    expect(fixture.states()).toEqual(['open', 'half-open'])
  })

  test('says what it is, why, and what to look at', () => {
    expect(new Fixture().opened('L2_AUTH').breaker.enter()).toMatchObject({
      name: 'CacheError',
      code: 'BREAKER_OPEN',
      retryable: true,
      message:
        'requests to Redis failed (L2_AUTH), so it is left alone: one tries again every 5000 ms (breaker.open)',
    })
  })

  test('is not moved by requests that left before', () => {
    const fixture = new Fixture()
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
    const { fixture } = new Fixture().probing()
    expect([fixture.refuses, fixture.refuses]).toEqual([true, true])
    expect(fixture.states()).toEqual(['open', 'half-open'])
  })

  test('a success closes it, and counting begins anew', () => {
    const { fixture, ticket } = new Fixture().probing()
    fixture.breaker.leave(ticket)
    expect(fixture.changes.slice(1)).toEqual([{ state: 'half-open' }, { state: 'closed' }])
    fixture.fail(4)
    expect(fixture.refuses).toBe(false)
  })

  test.each<CacheErrorCode>(['L2_TIMEOUT', 'L2_NETWORK', 'L2_AUTH'])(
    'one failure opens it again, for as long as the first time, with its own reason: %s',
    (code) => {
      const { fixture, ticket } = new Fixture().probing()
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
    const { fixture } = new Fixture().probing()
    fixture.now += probe - 1
    expect(fixture.refuses).toBe(true)
    fixture.now += 1
    fixture.breaker.leave(fixture.enter())
    expect(fixture.states()).toEqual(['open', 'half-open', 'closed'])
  })

  test('an abandoned probe makes room for another', () => {
    const { fixture, ticket } = new Fixture().probing()
    fixture.breaker.abandon(ticket)
    const next = fixture.enter()
    expect(fixture.refuses).toBe(true)
    fixture.breaker.leave(next)
    expect(fixture.states()).toEqual(['open', 'half-open', 'closed'])
  })

  test.each(['succeeds', 'fails', 'is abandoned'])('a probe given up that then %s changes nothing', (how) => {
    const { fixture, ticket } = new Fixture().probing()
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
    const fixture = new Fixture()
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

/** What it must do, with every outcome kept and nothing clever. */
class Model {
  state: 'closed' | 'open' | 'half-open' = 'closed'
  readonly told: BreakerChange[] = []
  #epoch = 0
  #outcomes: { at: number; failed: boolean }[] = []
  #until = 0
  readonly #settings: BreakerSettings

  constructor(settings: BreakerSettings) {
    this.#settings = settings
  }

  enter(now: number): number | undefined {
    if (this.state === 'closed') return this.#epoch
    if (now < this.#until) return undefined
    this.#become({ state: 'half-open' }, now + probe)
    return this.#epoch
  }

  end(epoch: number, now: number, outcome: CacheErrorCode | 'ok' | 'abandoned'): void {
    if (epoch !== this.#epoch) return
    if (outcome === 'abandoned') {
      this.#until = now
    } else if (this.state === 'half-open') {
      if (outcome === 'ok') this.#become({ state: 'closed' }, 0)
      else this.#become({ state: 'open', reason: outcome }, now + this.#settings.open)
    } else {
      this.#outcomes.push({ at: now, failed: outcome !== 'ok' })
      if (outcome !== 'ok' && (outcome === 'L2_AUTH' || this.#ill(now)))
        this.#become({ state: 'open', reason: outcome }, now + this.#settings.open)
    }
  }

  #ill(now: number): boolean {
    const { failures, ratio, minimum, window } = this.#settings
    const row = this.#outcomes.length - 1 - this.#outcomes.findLastIndex(({ failed }) => !failed)
    const quarter = (at: number): number => Math.floor(at / (window / 4))
    const recent = this.#outcomes.filter(({ at }) => quarter(now) - quarter(at) < 4)
    const share = recent.filter(({ failed }) => failed).length / recent.length
    return row >= failures || (recent.length >= minimum && share >= ratio)
  }

  #become(change: BreakerChange, until: number): void {
    if (change.state !== this.state) this.told.push(change)
    this.state = change.state
    this.#until = until
    this.#epoch++
    this.#outcomes = []
  }
}

type Step =
  | { do: 'enter' }
  | { do: 'wait'; ms: number }
  | { do: 'end'; nth: number; outcome: string }
  | { do: 'whole'; outcome: string }

test('does what the model does, whatever happens in whatever order', () => {
  const outcome = fc.constantFrom('ok', 'ok', 'abandoned', 'L2_NETWORK', 'L2_TIMEOUT', 'L2_REPLY', 'L2_AUTH')
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('enter' as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), nth: fc.nat(20), outcome }) },
    // Requests that end at once, so that windows fill up.
    { weight: 3, arbitrary: fc.record({ do: fc.constant('whole' as const), outcome }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('wait' as const),
        ms: fc.constantFrom(1, 7, 50, 99, 400, 2000),
      }),
    },
  )
  const settings = fc.record({
    failures: fc.integer({ min: 1, max: 9 }),
    ratio: fc.constantFrom(0.25, 0.5, 0.75, 1),
    minimum: fc.integer({ min: 1, max: 8 }),
    window: fc.constantFrom(40, 400, 4000),
    open: fc.constantFrom(1, 100, 5000),
  })
  const run = (chosen: BreakerSettings, steps: Step[]): void => {
    const [fixture, model] = [new Fixture(chosen), new Model(chosen)]
    const flying: [ticket: number, epoch: number][] = []
    const enter = (): [number, number] | undefined => {
      const [ticket, epoch] = [fixture.breaker.enter(), model.enter(fixture.now)]
      expect(typeof ticket === 'number').toBe(epoch !== undefined)
      return typeof ticket === 'number' ? [ticket, epoch ?? 0] : undefined
    }
    const end = ([ticket, epoch]: [number, number], how: string): void => {
      const code = how as CacheErrorCode
      if (how === 'abandoned') fixture.breaker.abandon(ticket)
      else fixture.breaker.leave(ticket, how === 'ok' ? undefined : code)
      model.end(epoch, fixture.now, code)
    }
    for (const each of steps) {
      if (each.do === 'wait') fixture.now += each.ms
      else if (each.do === 'enter') {
        const request = enter()
        if (request !== undefined) flying.push(request)
      } else if (each.do === 'end') {
        const [request] = flying.splice(each.nth % Math.max(flying.length, 1), 1)
        if (request !== undefined) end(request, each.outcome)
      } else {
        const request = enter()
        if (request !== undefined) end(request, each.outcome)
      }
      expect(fixture.changes).toEqual(model.told)
    }
  }
  fc.assert(fc.property(settings, fc.array(step, { maxLength: 120 }), run), { numRuns: 400 })
})
