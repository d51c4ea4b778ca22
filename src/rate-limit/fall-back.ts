import type { Check } from './check.ts'
import { type Judged, type RateLimitResult, toResult } from './result.ts'

// When to come back after a denial for want of Redis, in milliseconds: what is down is rarely back sooner.
const comeBackAfter = 1000

/** The answer without Redis, by the `onError` of each limiter. Counts of this isolate are taken from all or from none, too. */
export function fallBack(
  checks: readonly Check[],
  takes: boolean,
  pending: Promise<void>,
): RateLimitResult[] {
  const asked = checks.map((each) => ask(each))
  const all = takes && asked.every((answer, i) => resultOf(checks[i] as Check, answer, pending).success)
  return checks.map((each, i) => {
    const answer = asked[i] as Answer
    if (all) answer.take?.()
    else if (answer.judged !== undefined) {
      const { verdict } = ask({ ...each, cost: 0 }).judged as Judged
      const { ok, retryAt } = answer.judged.verdict
      return resultOf(each, { judged: { ...answer.judged, verdict: { ...verdict, ok, retryAt } } }, pending)
    }
    return resultOf(each, answer, pending)
  })
}

/** `judged` where this isolate counts. */
interface Answer {
  readonly judged?: Judged
  readonly take?: () => void
}

function ask({ limits, key, ...asked }: Check): Answer {
  if (limits.onError !== 'local') return {}
  const now = limits.local.now()
  const { verdict, take } = limits.local.ask(key, asked, now)
  return { judged: { now, verdict, degraded: true }, take }
}

function resultOf(check: Check, { judged }: Answer, pending: Promise<void>): RateLimitResult {
  if (judged !== undefined) return toResult(check, judged, pending)
  const { limits, policy, name } = check
  const success = limits.onError === 'open'
  return {
    success,
    limit: policy.limit,
    remaining: 0,
    reset: limits.parts.core.settings.clock.now(),
    resetAfter: 0,
    retryAfter: success ? 0 : comeBackAfter,
    degraded: true,
    reason: success ? undefined : 'unavailable',
    policy: { name, quota: policy.quota, window: policy.window },
    pending,
  }
}
