import type { LimitAllResult } from './limit-all.ts'
import type { RateLimitResult } from './result.ts'

/** Options of {@link rateLimitHeaders}. */
export interface HeaderOptions {
  /** Adds `X-RateLimit-Limit`, `-Remaining` and `-Reset` (in seconds since 1970). Default `false`. */
  readonly legacy?: boolean | undefined
}

/**
 * The header fields that tell a client about its limit: `RateLimit-Policy` and `RateLimit` as in
 * draft-ietf-httpapi-ratelimit-headers-11, for `limitAll` with an item for each limit, and `Retry-After` if it was denied. Seconds
 * are rounded up. For a limit whose state is unknown, because Redis failed, there is the policy only; if waiting is in
 * vain there is no `Retry-After`. Sends nothing.
 *
 * @example
 * ```ts
 * import { createHybridCache, fromEnv } from 'hybrid-cache'
 * import { createRateLimiter, fixedWindow, rateLimitHeaders } from 'hybrid-cache/rate-limit'
 *
 * const cache = createHybridCache({ redis: fromEnv() })
 * const limiter = createRateLimiter({ cache, policy: fixedWindow({ limit: 100, window: '1m', name: 'api' }) })
 * const headers = rateLimitHeaders(await limiter.limit('user:42'))
 * console.log(headers) // { 'RateLimit-Policy': '"api";q=100;w=60', 'RateLimit': '"api";r=99;t=37' }
 * ```
 */
export function rateLimitHeaders(
  result: RateLimitResult | LimitAllResult,
  { legacy = false }: HeaderOptions = {},
): Record<string, string> {
  const results = ('results' in result ? result.results : [result]).filter((each) => each !== undefined)
  const known = results.filter(isKnown)
  const { limit, remaining, reset, success, retryAfter } = result
  return {
    'RateLimit-Policy': results
      .map(({ policy }) => `"${policy.name}";q=${policy.quota};w=${seconds(policy.window)}`)
      .join(', '),
    ...(known.length > 0 && { RateLimit: known.map(item).join(', ') }),
    ...(!success && Number.isFinite(retryAfter) && { 'Retry-After': String(seconds(retryAfter)) }),
    ...(legacy &&
      isKnown(result) && {
        'X-RateLimit-Limit': String(limit),
        'X-RateLimit-Remaining': String(remaining),
        'X-RateLimit-Reset': String(seconds(reset)),
      }),
  }
}

/** How much is left, and when all counts have expired, or the same may pass. */
function item({ policy, remaining, retryAfter, resetAfter, success }: RateLimitResult): string {
  const window = success || !Number.isFinite(retryAfter) ? resetAfter : retryAfter
  return `"${policy.name}";r=${remaining};t=${seconds(window)}`
}

/** If Redis failed and nothing was counted, there is no reset either. */
function isKnown({ degraded, resetAfter, remaining }: RateLimitResult): boolean {
  return !degraded || resetAfter > 0 || remaining > 0
}

function seconds(ms: number): number {
  return Math.ceil(ms / 1000)
}
