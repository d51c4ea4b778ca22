import type { RateLimitPolicy, Verdict } from './policy.ts'

/**
 * Why a request was denied. `limit`: too much has passed already. `cost`: it costs more than ever passes at once. `blocked`: by
 * `block`. `unavailable`: Redis failed, and `onError` is `'closed'`.
 */
export type DenialReason = 'limit' | 'cost' | 'blocked' | 'unavailable'

/** The result of a check. */
export interface RateLimitResult {
  /** Whether it may pass. */
  readonly success: boolean
  /** The most that passes at once: the limit of a window, the burst of `gcra`, the capacity of a bucket. */
  readonly limit: number
  /**
   * How much would pass now: 0 while a block lasts, and if Redis failed and nothing is known. A denial from memory has the value of
   * the original denial.
   */
  readonly remaining: number
  /**
   * When all counts have expired (a fixed window: when it ends) and no block lasts, in milliseconds since 1970 by the server's clock.
   */
  readonly reset: number
  /** The same from now, in milliseconds, independent of the isolate's clock. */
  readonly resetAfter: number
  /**
   * How many milliseconds to wait before the same may pass; 0 if it may now, `Infinity` if it never will, as its cost is above
   * `limit`. Rounded up. No reservation: other calls may use it up meanwhile.
   */
  readonly retryAfter: number
  /** Redis failed or did not answer in time, and `onError` has decided. */
  readonly degraded: boolean
  /** Why it may not pass. */
  readonly reason: DenialReason | undefined
  /** What was asked, for `RateLimit-Policy`: `quota` per `window` milliseconds. */
  readonly policy: { readonly name: string; readonly quota: number; readonly window: number }
  /**
   * The work that goes on after the answer: after a timeout the request, which still tells the circuit breaker how it ended. Never
   * rejects. It has already been passed to a `waitUntil`, if there is one.
   */
  readonly pending: Promise<void>
}

/** A policy under the name that it has here, and a cost. */
export interface Asked {
  readonly policy: RateLimitPolicy
  readonly name: string
  readonly cost: number
}

/** Whether the cost is above what ever passes. */
export function isTooMuch({ policy, cost }: Asked): boolean {
  return cost > policy.limit
}

/** A verdict as a result. `now` is when it was made, in microseconds. */
export function toResult(
  asked: Asked,
  { now, verdict, blocked = false, degraded = false }: Judged,
  pending: Promise<void> = Promise.resolve(),
): RateLimitResult {
  const { policy, name } = asked
  const success = verdict.ok && !isTooMuch(asked)
  const resetAt = Math.max(verdict.resetAt, now, blocked ? verdict.retryAt : 0)
  return {
    success,
    limit: policy.limit,
    remaining: blocked ? 0 : policy.remaining(now, verdict),
    reset: Math.ceil(resetAt / 1000),
    resetAfter: Math.ceil((resetAt - now) / 1000),
    retryAfter: success ? 0 : isTooMuch(asked) ? Infinity : Math.ceil((verdict.retryAt - now) / 1000),
    degraded,
    reason: success ? undefined : isTooMuch(asked) ? 'cost' : blocked ? 'blocked' : 'limit',
    policy: { name, quota: policy.quota, window: policy.window },
    pending,
  }
}

/** A verdict, and how it came about. */
export interface Judged {
  readonly now: number
  readonly verdict: Verdict
  readonly blocked?: boolean
  readonly degraded?: boolean
}
