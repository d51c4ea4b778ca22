import { withHeaders } from '../../http/index.ts'
import { guardOf } from '../../rate-limit/guard.ts'
import type { HeaderOptions, RateLimiter, RateLimitPolicy, RateLimitResult } from '../../rate-limit/index.ts'
import { executionOf, type HonoContext, type HonoMiddleware, replaceResponse } from './context.ts'

/** Options of {@link rateLimiter}. */
export interface RateLimiterMiddlewareOptions<
  Context extends HonoContext = HonoContext,
> extends HeaderOptions {
  /** The limiter, or a function of the context: `(c: Context<{ Bindings: Env }>) => limiterOf(c.env)` on Workers, with Hono's `Context`. */
  readonly limiter: RateLimiter | ((context: Context) => RateLimiter | Promise<RateLimiter>)
  /** Identifies the client. See docs/rate-limit.md on when an IP address can be trusted. */
  readonly id: (context: Context) => string | Promise<string>
  /** What a request costs. Default 1. */
  readonly cost?: number | ((context: Context) => number | Promise<number>) | undefined
  /** The policy for a request. Default: the limiter's. */
  readonly policy?: ((context: Context) => RateLimitPolicy | Promise<RateLimitPolicy>) | undefined
  /** Whether to leave this request out: it is then not counted. */
  readonly skip?: ((context: Context) => boolean | Promise<boolean>) | undefined
  /** The response for a denied request, instead of 429 with problem details (RFC 9457). It gets the headers, too. */
  readonly onDenied?:
    | ((context: Context, result: RateLimitResult) => Response | Promise<Response>)
    | undefined
}

/**
 * Limits the requests of a Hono app. Every response gets the headers of `rateLimitHeaders`; a denied request goes no further and is
 * answered with 429, or 503 if it was denied only because Redis failed (`onError: 'closed'`). The headers of nested limiters are
 * combined. Costs what `limit` does. Throws a `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { type Context, Hono } from 'hono'
 * import { fromEnv } from 'hybrid-cache'
 * import { rateLimiter } from 'hybrid-cache/hono'
 * import { createRateLimiter, gcra, type RateLimiter } from 'hybrid-cache/rate-limit'
 *
 * const app = new Hono()
 * const policy = gcra({ limit: 100, period: '1m', burst: 20 })
 * let limiter: RateLimiter | undefined // made by the first request: on Workers it brings the bindings
 *
 * app.use('/api/*', rateLimiter({
 *   limiter: (c: Context) => (limiter ??= createRateLimiter({ redis: fromEnv(c.env), policy })),
 *   id: (c) => c.req.raw.headers.get('cf-connecting-ip') ?? 'unknown', // Cloudflare's; elsewhere a client can choose it
 * }))
 * ```
 */
export function rateLimiter<Context extends HonoContext = HonoContext>(
  options: RateLimiterMiddlewareOptions<Context>,
): HonoMiddleware {
  const ask = guardOf('rateLimiter', options as unknown as RateLimiterMiddlewareOptions)
  return async (context, next): Promise<Response | void> => {
    const ruling = await ask(() => {
      const execution = executionOf(context)
      return execution && ((work) => execution.waitUntil(work))
    }, context)
    if (ruling?.denial !== undefined) return ruling.denial
    await next()
    if (ruling !== undefined) replaceResponse(context, withHeaders(context.res, ruling.headers))
  }
}
