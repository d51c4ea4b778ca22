import { type Duration, spanOf } from '../duration.ts'
import { assertOptions } from '../validate.ts'
import {
  type PolicyOptions,
  type RateLimitAlgorithm,
  RateLimitPolicy,
  units,
  type Verdict,
} from './policy.ts'

/** Options of `slidingWindow` and `fixedWindow`. */
export interface WindowOptions extends PolicyOptions {
  /** How much passes per window: an integer from 1 to 10^12. */
  readonly limit: number
  /** How long a window is; a hundred years at most. */
  readonly window: Duration
}

/** What both windows have in common. */
export abstract class Window extends RateLimitPolicy {
  readonly span: number

  constructor(algorithm: RateLimitAlgorithm, caller: string, options: WindowOptions) {
    assertOptions(options, caller)
    const limit = units(options.limit, 'limit')
    const window = spanOf(options.window, 'window')
    super(algorithm, options, { limit, quota: limit, window })
    this.span = window
  }

  remaining(_now: number, { used }: Verdict): number {
    return Math.max(0, this.limit - used)
  }
}
