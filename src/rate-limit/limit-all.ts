import { type Check, check, type CheckOptions } from './check.ts'
import { type LimitOptions, RateLimiter } from './limiter.ts'
import type { RateLimitResult } from './result.ts'

/** One limit of several. */
export interface LimitOf extends Pick<LimitOptions, 'cost' | 'policy'> {
  /** Made by `createRateLimiter`, of the same cache as the others. */
  readonly limiter: RateLimiter
  /** The identifier, as for `limit`. */
  readonly id: string
}

/** The result of a check of several limits: the values of the tightest of them, and each by itself. */
export interface LimitAllResult extends RateLimitResult {
  /**
   * In the order asked: `success` says whether that one would have let it through. `undefined` for one that was not asked, because
   * another is known to deny.
   */
  readonly results: readonly (RateLimitResult | undefined)[]
}

const most = 100

/**
 * Checks several limits at once, such as one per IP address and one per user: counts in all of them, or, if one denies, in none.
 * It is one script, and so atomic. The limiters must be made of one cache. What has just been denied by one of them is denied
 * from memory.
 *
 * The result has the values of the tightest: of those that deny, the one with the longest wait, else the one with the least left.
 * If Redis fails, each limiter's `onError` decides for its own, and the shortest `timeout` counts.
 * No limit, more than 100, the same identifier in the same limit twice, and limiters of several caches are a `TypeError`.
 * Cost: 1 request; 3 commands and one for each limit; 3 if it denies; 0/0 if it has just denied the same.
 *
 * @example
 * ```ts
 * import { createHybridCache, fromEnv } from 'hybrid-cache'
 * import { createRateLimiter, fixedWindow, gcra, limitAll } from 'hybrid-cache/rate-limit'
 *
 * const cache = createHybridCache({ redis: fromEnv() })
 * const perIp = createRateLimiter({ cache, policy: gcra({ limit: 100, period: '1m', burst: 20 }) })
 * const perUser = createRateLimiter({ cache, policy: fixedWindow({ limit: 1000, window: '1d' }) })
 * const { success } = await limitAll([
 *   { limiter: perIp, id: '192.0.2.1' },
 *   { limiter: perUser, id: 'user:42', cost: 3 },
 * ])
 * console.log(success)
 * ```
 */
export async function limitAll(
  limits: readonly LimitOf[],
  options: CheckOptions = {},
): Promise<LimitAllResult> {
  if (!Array.isArray(limits) || limits.length === 0 || limits.length > most)
    throw new TypeError(`limitAll takes an array of 1 to ${most} limits, each { limiter, id }`)
  const found = limits.map(checkFor)
  const waits = found.some((each) => each instanceof Promise)
  const checks = (waits ? await Promise.all(found) : found) as [Check, ...Check[]]
  assertTogether(checks)
  return tightest(await check(checks, true, options))
}

/** Invalid input rejects instead of throwing, so that it is awaited together with what takes a while. */
function checkFor(limit: LimitOf): Check | Promise<Check> {
  try {
    const { limiter, id, cost, policy } = limit
    if (limiter instanceof RateLimiter) return RateLimiter.checkOf(limiter, id, { cost, policy })
    throw new TypeError('a limiter must be made by createRateLimiter')
  } catch (error) {
    return Promise.reject(error as Error)
  }
}

function assertTogether(checks: readonly [Check, ...Check[]]): void {
  const [{ limits }] = checks
  if (checks.some((each) => each.limits.parts.executor !== limits.parts.executor))
    throw new TypeError(
      'all limiters of a limitAll must use the same cache, so that one request can check them',
    )
  if (new Set(checks.map(({ key }) => key)).size < checks.length)
    throw new TypeError(
      'limitAll takes each identifier of a limit once: pass a higher cost, or name the policies',
    )
}

function tightest(results: readonly (RateLimitResult | undefined)[]): LimitAllResult {
  const known = results.filter((result) => result !== undefined)
  const denied = known.filter(({ success }) => !success)
  const [first] =
    denied.length > 0
      ? denied.toSorted((a, b) => (a.retryAfter < b.retryAfter ? 1 : -1))
      : known.toSorted((a, b) => a.remaining - b.remaining)
  const degraded = known.some((each) => each.degraded)
  return { ...(first as RateLimitResult), success: denied.length === 0, degraded, results }
}
