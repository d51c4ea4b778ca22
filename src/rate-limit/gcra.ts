import { type Duration, spanOf } from '../duration.ts'
import { assertOptions } from '../validate.ts'
import { Meter } from './meter.ts'
import { type PolicyOptions, type RateLimitPolicy, units } from './policy.ts'

/** Options of {@link gcra}. */
export interface GcraOptions extends PolicyOptions {
  /** How much passes per `period` in the long run: an integer from 1 to 10^12. */
  readonly limit: number
  /** The time that `limit` is for; a hundred years at most. */
  readonly period: Duration
  /** The most that passes at once after a pause: 1 for an even flow, `limit` for a whole period's worth. */
  readonly burst: number
}

/**
 * The generic cell rate algorithm: `limit` per `period`, evenly, and up to `burst` at once. In any time `t` it lets through at
 * most `burst + limit * t / period`. It keeps one instant per identifier, in 35 to 65 bytes.
 *
 * Each unit takes `period / limit` to be paid for; a cost passes if all that passed, this cost included, is paid for within
 * `burst * period / limit` from now. Source: ITU-T I.371, virtual scheduling.
 * A bad number is a `TypeError`, and so is a burst that takes more than a hundred years to replenish.
 *
 * @example
 * ```ts
 * import { gcra } from 'hybrid-cache/rate-limit'
 *
 * const policy = gcra({ limit: 100, period: '1m', burst: 20 })
 * console.log(policy.limit) // 20
 * ```
 */
export function gcra(options: GcraOptions): RateLimitPolicy {
  assertOptions(options, 'gcra')
  return new Meter('gcra', options, {
    quota: units(options.limit, 'limit'),
    period: spanOf(options.period, 'period'),
    burst: units(options.burst, 'burst'),
  })
}
