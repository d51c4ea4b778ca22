import { withHeaders } from '../../http/index.ts'
import { guardOf } from '../../rate-limit/guard.ts'
import type { HeaderOptions, RateLimiter, RateLimitPolicy, RateLimitResult } from '../../rate-limit/index.ts'
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
  const ask = guardOf('rateLimiter', options as unknown as RateLimiterMiddlewareOptions)
  return async (context, next): Promise<Response | void> => {
    const execution = executionOf(context)
    const ruling = await ask(execution && ((work) => execution.waitUntil(work)), context)
    if (ruling?.denial !== undefined) return ruling.denial
    await next()
    if (ruling !== undefined) replaceResponse(context, withHeaders(context.res, ruling.headers))
  }
}
