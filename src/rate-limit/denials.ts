import { type LRU, lru } from 'tiny-lru'
import type { Clock } from '../runtime.ts'
import type { Check } from './check.ts'
import { isTooMuch, type Judged, type RateLimitResult } from './result.ts'

/** One denial, its times on the monotonic clock of this isolate. */
interface Denial {
  readonly result: RateLimitResult
  /** The policy, and the least cost that is known to be denied. */
  readonly policy: string
  readonly cost: number
  /** When it may pass, as far as is known. */
  readonly retry: number
  /** When to ask again, which may be sooner. */
  readonly until: number
  readonly reset: number
}

/**
 * What was denied, until it may pass, but for no longer than its policy looks back: until then it is denied without asking
 * Redis. Nothing is ever let through from here.
 */
export class Denials {
  readonly #clock: Clock
  readonly #denials: LRU<Denial>
  /** Counts what ends denials: one whose reply was in flight meanwhile is not remembered. */
  generation = 0

  constructor(clock: Clock, maxEntries: number) {
    this.#clock = clock
    this.#denials = lru(maxEntries)
  }

  /** What is known to be denied, as of now. A higher cost has to wait at least as long. */
  recall(asked: Check): RateLimitResult | undefined {
    const denial = this.#denials.get(asked.key)
    if (denial === undefined || denial.policy !== asked.policy.key || asked.cost < denial.cost)
      return undefined
    const now = this.#clock.monotonic()
    if (now >= denial.until) {
      this.#denials.delete(asked.key)
      return undefined
    }
    const never = isTooMuch(asked)
    return {
      ...denial.result,
      resetAfter: Math.max(0, Math.ceil(denial.reset - now)),
      retryAfter: never ? Infinity : Math.ceil(denial.retry - now),
      reason: never ? 'cost' : denial.result.reason,
      pending: Promise.resolve(),
    }
  }

  /** `sentAt`: when it was asked, so that it ends here no later than there. */
  remember(
    { key, policy, cost }: Check,
    result: RateLimitResult,
    { now, verdict, blocked }: Judged,
    sentAt: number,
  ): void {
    this.#denials.set(key, {
      result,
      policy: policy.key,
      // Any cost, if only a block denies: if the limit does as well, it may do so for longer.
      cost: blocked && policy.remaining(now, verdict) >= cost ? 0 : cost,
      retry: sentAt + result.retryAfter,
      // What never passes, or not for a long time, is asked again once `remaining` may have changed.
      until: sentAt + Math.min(result.retryAfter, policy.span),
      reset: sentAt + result.resetAfter,
    })
  }

  forget(key: string): void {
    this.generation++
    this.#denials.delete(key)
  }
}
