import { longestSpan } from '../duration.ts'
import { type PolicyOptions, type RateLimitAlgorithm, RateLimitPolicy, type Verdict } from './policy.ts'

interface State {
  readonly tat: number
  readonly rest: number
  readonly limit: number
  readonly period: number
}

/**
 * GCRA, and the token bucket, which is the same in terms of tokens. The arithmetic is that of `_gcra.lua`, step for step: whole
 * microseconds, and a remainder in parts of 1 / limit.
 */
export class Meter extends RateLimitPolicy {
  readonly span: number
  readonly #period: number
  readonly #burst: readonly [number, number]

  constructor(
    algorithm: RateLimitAlgorithm,
    options: PolicyOptions,
    { quota, period, burst }: { quota: number; period: number; burst: number },
  ) {
    super(algorithm, options, { limit: burst, quota, window: period })
    this.#period = period * 1000
    this.#burst = this.#price(burst)
    const [tau, rest] = this.#burst
    this.span = Math.ceil((tau + Math.sign(rest)) / 1000)
    if (this.span > longestSpan)
      throw new TypeError('the burst is too large: it would take over a hundred years to refill')
  }

  /** How long it takes to pay for `count` units: microseconds, and a remainder in parts of 1 / quota. */
  #price(count: number): readonly [number, number] {
    const total = BigInt(count) * BigInt(this.#period)
    const quota = BigInt(this.quota)
    const rest = ((total % quota) + quota) % quota
    return [Number((total - rest) / quota), Number(rest)]
  }

  words(cost: number): readonly (string | number)[] {
    // No more than a burst is ever owed; a larger refund would not be a number in plain digits.
    const step = this.#price(Math.max(cost, -this.limit))
    return ['g', cost, this.quota, this.#period, ...this.#burst, ...step]
  }

  ask(state: State | undefined, now: number, cost: number): { verdict: Verdict; state: State } {
    const { quota: limit } = this
    const period = this.#period
    const [tau, tauRest] = this.#burst
    let [tat, rest] = this.#owed(state, now)
    if (tat - now > tau || (tat - now === tau && rest > tauRest)) [tat, rest] = [now + tau, tauRest]
    const [step, stepRest] = this.#price(cost)
    let nextTat = tat + step
    let nextRest = rest + stepRest
    if (nextRest >= limit) [nextTat, nextRest] = [nextTat + 1, nextRest - limit]
    if (nextTat < now) [nextTat, nextRest] = [now, 0]
    const ahead = nextTat - now
    const ok = cost <= 0 || ahead < tau || (ahead === tau && nextRest <= tauRest)
    const retryAt = ok ? 0 : nextTat - tau + (nextRest > tauRest ? 1 : 0)
    if (ok) [tat, rest] = [nextTat, nextRest]
    const resetAt = tat + (rest > 0 ? 1 : 0)
    return { verdict: { ok, retryAt, resetAt, used: tat, rest }, state: { tat, rest, limit, period } }
  }

  /** When all is paid for, from now on at the current price. */
  #owed(state: State | undefined, now: number): readonly [number, number] {
    if (state === undefined || state.tat < now) return [now, 0]
    if (state.limit === this.quota && state.period === this.#period) return [state.tat, state.rest]
    const owed = Math.ceil(((state.tat - now) * state.limit + state.rest) / state.period)
    const price = owed * this.#period
    const rest = price < 2 ** 53 ? price % this.quota : 0
    return [now + Math.ceil((price - rest) / this.quota), rest]
  }

  remaining(now: number, { used, rest }: Verdict): number {
    const quota = BigInt(this.quota)
    const period = BigInt(this.#period)
    const left = BigInt(this.limit) * period - (BigInt(used - now) * quota + BigInt(rest))
    return left > 0n ? Number(left / period) : 0
  }
}
