import { type Duration, spanOf } from '../duration.ts'
import { assertOptions } from '../validate.ts'
import { Meter } from './meter.ts'
import { type PolicyOptions, type RateLimitPolicy, units } from './policy.ts'

/** Options of {@link tokenBucket}. */
export interface TokenBucketOptions extends PolicyOptions {
  /** How many tokens the bucket holds; it starts full. An integer from 1 to 10^12. */
  readonly capacity: number
  /** How many tokens are added per `interval`, evenly: one every `interval / refillRate`, not all at its end. */
  readonly refillRate: number
  /** The time that `refillRate` is for; a hundred years at most. */
  readonly interval: Duration
}

/**
 * A bucket of `capacity` tokens, to which `refillRate` are added per `interval`; a call takes as many as it costs. In any time `t` it
 * lets through at most `capacity + refillRate * t / interval`. The same arithmetic as {@link gcra}, in terms of tokens: in a
 * bucket that fills evenly, the missing tokens and the time until it is full are one number. 35 to 65 bytes per identifier.
 * A bad number is a `TypeError`.
 *
 * @example
 * ```ts
 * import { tokenBucket } from 'hybrid-cache/rate-limit'
 *
 * const policy = tokenBucket({ capacity: 20, refillRate: 5, interval: '10s' })
 * console.log(policy.limit) // 20
 * ```
 */
export function tokenBucket(options: TokenBucketOptions): RateLimitPolicy {
  assertOptions(options, 'tokenBucket')
  return new Meter('token-bucket', options, {
    burst: units(options.capacity, 'capacity'),
    quota: units(options.refillRate, 'refillRate'),
    period: spanOf(options.interval, 'interval'),
  })
}
