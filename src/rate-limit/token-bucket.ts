import { type Duration, spanOf } from '../duration.ts'
import { assertOptions } from '../validate.ts'
import { Meter } from './meter.ts'
import { type PolicyOptions, type RateLimitPolicy, units } from './policy.ts'

/** Options of {@link tokenBucket}. */
export interface TokenBucketOptions extends PolicyOptions {
  /** How many tokens the bucket holds, and holds at first: a whole number from 1 to 10^12. */
  readonly capacity: number
  /** How many tokens flow in per `interval`, evenly: one every `interval / refillRate`, not all at its end. */
  readonly refillRate: number
  readonly interval: Duration
}

/**
 * A bucket of `capacity` tokens, into which `refillRate` flow per `interval`; a call takes as many as it costs. In any time `t` it
 * lets no more through than `capacity + refillRate * t / interval`. The same arithmetic as {@link gcra}, told in tokens: of a
 * bucket that fills evenly, what is missing and when all is paid for are one number. 35 to 65 bytes an identifier.
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
