import type { Check } from './check.ts'
import { type RateLimitResult, toResult } from './result.ts'

// When to retry after a denial because Redis failed, in milliseconds: it is rarely back sooner.
const comeBackAfter = 1000

/** The answer without Redis, by the `onError` of each limiter. Counts of this isolate, too, are taken from all or from none. */
export function fallBack(
  checks: readonly Check[],
  takes: boolean,
  pending: Promise<void>,
): RateLimitResult[] {
  const asked = checks.map((check) =>
    check.limits.onError === 'local' ? count(check, pending) : decree(check, pending),
  )
  const taken = takes && asked.every(({ result }) => result.success)
  return asked.map(({ result, look, take }) => {
    if (!taken) return Object.assign(result, look?.()) // made for this answer
    take?.()
    return result
  })
}

interface Answer {
  readonly result: RateLimitResult
  /** The current values, if nothing is taken after all. */
  readonly look?: () => Pick<RateLimitResult, 'remaining' | 'reset' | 'resetAfter'>
  readonly take?: () => void
}

/** By what this isolate has counted. */
function count(check: Check, pending: Promise<void>): Answer {
  const { local } = check.limits
  const now = local.now()
  const { verdict, take } = local.ask(check, check.cost, now)
  const look = (): Pick<RateLimitResult, 'remaining' | 'reset' | 'resetAfter'> => {
    const { remaining, reset, resetAfter } = toResult(check, {
      now,
      verdict: local.ask(check, 0, now).verdict,
    })
    return { remaining, reset, resetAfter }
  }
  return { result: toResult(check, { now, verdict, degraded: true }, pending), look, take }
}

/** By `onError`. A cost above what ever passes is denied all the same. */
function decree(check: Check, pending: Promise<void>): Answer {
  const { onError, parts } = check.limits
  const now = parts.core.settings.clock.now() * 1000
  const verdict = {
    ok: onError === 'open',
    retryAt: now + comeBackAfter * 1000,
    resetAt: now,
    used: now,
    rest: 0,
  }
  const result = toResult(check, { now, verdict, degraded: true }, pending)
  const reason = result.reason === 'limit' ? 'unavailable' : result.reason
  return { result: { ...result, remaining: 0, reason } }
}
