import { withHeaders } from '../http/index.ts'
import { type HeaderOptions, rateLimitHeaders } from './headers.ts'
import type { LimitAllResult } from './limit-all.ts'
import type { RateLimitResult } from './result.ts'

/**
 * The response to a denied request: status 429, or 503 if it was denied only because Redis failed (`onError: 'closed'`), the headers
 * of `rateLimitHeaders`, and problem details (RFC 9457) that name the policies.
 *
 * @example
 * ```ts
 * import { denialResponse, type RateLimitResult } from 'hybrid-cache/rate-limit'
 *
 * declare const result: RateLimitResult
 * const response = result.success ? new Response('hello') : denialResponse(result, { legacy: true })
 * ```
 */
export function denialResponse(result: RateLimitResult | LimitAllResult, options?: HeaderOptions): Response {
  return withHeaders(problemOf(result), rateLimitHeaders(result, options))
}

/** The same without those headers. */
export function problemOf(result: RateLimitResult | LimitAllResult): Response {
  const results = 'results' in result ? result.results : [result]
  const denied = results.flatMap((each) => (each?.success === false ? [each] : []))
  const unavailable = denied.length > 0 && denied.every(({ reason }) => reason === 'unavailable')
  const status = unavailable ? 503 : 429
  const problem = {
    type: `https://iana.org/assignments/http-problem-types#${unavailable ? 'temporary-reduced-capacity' : 'quota-exceeded'}`,
    title: unavailable ? 'Limits cannot be checked at the moment' : 'Too many requests',
    status,
    'violated-policies': denied.map(({ policy }) => policy.name),
  }
  return new Response(JSON.stringify(problem), {
    status,
    headers: { 'content-type': 'application/problem+json' },
  })
}
