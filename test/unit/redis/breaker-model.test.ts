import fc from '../../support/fc.ts'
import { expect, test } from 'vitest'
import type { CacheErrorCode } from '../../../src/index.ts'
import type { BreakerChange, BreakerSettings } from '../../../src/redis/breaker.ts'
import { BreakerFixture, probe } from '../../support/breaker.ts'

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
    const [fixture, model] = [new BreakerFixture(chosen), new Model(chosen)]
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
