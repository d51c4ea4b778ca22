import { type HeaderOptions, rateLimitHeaders } from '../../rate-limit/headers.ts'
import type { RateLimiter } from '../../rate-limit/limiter.ts'
import type { RateLimitPolicy } from '../../rate-limit/policy.ts'
import { problemOf, withHeaders } from '../../rate-limit/response.ts'
import type { RateLimitResult } from '../../rate-limit/result.ts'
import { executionOf, type HonoContext, type HonoMiddleware, replaceResponse } from './context.ts'

/** Options of {@link rateLimiter}. */
export interface RateLimiterMiddlewareOptions<
  Context extends HonoContext = HonoContext,
> extends HeaderOptions {
  /** The limiter, or how to come by it: `(c: Context<{ Bindings: Env }>) => limiterOf(c.env)` on Workers, with the `Context` of Hono. */
  readonly limiter: RateLimiter | ((context: Context) => RateLimiter | Promise<RateLimiter>)
  /** Who asks. See docs/rate-limit.md on what may be believed of an IP address. */
  readonly id: (context: Context) => string | Promise<string>
  /** What a request costs. Default 1. */
  readonly cost?: number | ((context: Context) => number | Promise<number>) | undefined
  /** Instead of the limiter's. */
  readonly policy?: ((context: Context) => RateLimitPolicy | Promise<RateLimitPolicy>) | undefined
  /** Whether this request is none of the limiter's business. */
  readonly skip?: ((context: Context) => boolean | Promise<boolean>) | undefined
  /** What to answer instead of 429 and a problem (RFC 9457). The headers are put on it, too. */
  readonly onDenied?:
    | ((context: Context, result: RateLimitResult) => Response | Promise<Response>)
    | undefined
}

/**
 * Limits the requests of a Hono app. Every response gets the headers of `rateLimitHeaders`; what is denied goes no further and is
 * answered with 429, or 503 where it is only because Redis failed (`onError: 'closed'`). Several of them behind each other add up in
 * the headers. Costs what `limit` does. Throws a `TypeError` for options that cannot be right.
 *
 * @example
 * ```ts
 * import { fromEnv } from 'hybrid-cache'
 * import { type HonoContext, type HonoMiddleware, rateLimiter } from 'hybrid-cache/hono'
 * import { createRateLimiter, gcra, type RateLimiter } from 'hybrid-cache/rate-limit'
 *
 * declare const app: { use(path: string, middleware: HonoMiddleware): void } // new Hono()
 * const policy = gcra({ limit: 100, period: '1m', burst: 20 })
 * let limiter: RateLimiter | undefined // made by the first request: on Workers it brings the bindings
 *
 * app.use('/api/*', rateLimiter({
 *   limiter: (c: HonoContext & { env: object }) => (limiter ??= createRateLimiter({ redis: fromEnv(c.env), policy })),
 *   id: (c) => c.req.raw.headers.get('cf-connecting-ip') ?? 'unknown', // Cloudflare's; elsewhere a client can choose it
 * }))
 * ```
 */
export function rateLimiter<Context extends HonoContext = HonoContext>(
  options: RateLimiterMiddlewareOptions<Context>,
): HonoMiddleware {
  const given = (options ?? {}) as unknown as RateLimiterMiddlewareOptions
  const { limiter, id, cost, policy, skip, onDenied, ...headers } = given
  if (limiter === undefined || typeof id !== 'function')
    throw new TypeError('rateLimiter takes { limiter, id }, where id is a function that tells who asks')
  return async (context, next) => {
    if (await skip?.(context)) return next()
    const used = typeof limiter === 'function' ? await limiter(context) : limiter
    const execution = executionOf(context)
    const result = await used.limit(await id(context), {
      cost: typeof cost === 'function' ? await cost(context) : cost,
      policy: await policy?.(context),
      waitUntil: execution && ((work) => execution.waitUntil(work)),
    })
    const told = rateLimitHeaders(result, headers)
    if (!result.success) return withHeaders(await (onDenied?.(context, result) ?? problemOf(result)), told)
    await next()
    replaceResponse(context, withHeaders(context.res, told))
  }
}
