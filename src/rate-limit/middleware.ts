import { withHeaders } from '../http/index.ts'
import type { WaitUntil } from '../runtime.ts'
import type { RequestContext } from '../view.ts'
import { guardOf } from './guard.ts'
import type { HeaderOptions } from './headers.ts'
import type { RateLimiter } from './limiter.ts'
import type { RateLimitPolicy } from './policy.ts'
import type { RateLimitResult } from './result.ts'

/** A value, or a function of the request and of whatever else the handler is called with. */
type Of<T, Args extends unknown[]> = T | ((request: Request, ...args: Args) => T | Promise<T>)

/** Options of {@link rateLimit}. */
export interface RateLimitOptions<Args extends unknown[] = unknown[]> extends HeaderOptions {
  /** The limiter, or a function that gives it for a request: on Workers `(request, env) => limiterOf(env)`. */
  readonly limiter: RateLimiter | ((request: Request, ...args: Args) => RateLimiter | Promise<RateLimiter>)
  /** Identifies the client. See docs/rate-limit.md on when an IP address can be trusted. */
  readonly id: (request: Request, ...args: Args) => string | Promise<string>
  /** What a request costs. Default 1. */
  readonly cost?: Of<number, Args> | undefined
  /** The policy for a request. Default: the limiter's. */
  readonly policy?:
    | ((request: Request, ...args: Args) => RateLimitPolicy | Promise<RateLimitPolicy>)
    | undefined
  /** Whether to leave this request out: it then goes straight to the handler, uncounted. */
  readonly skip?: ((request: Request, ...args: Args) => boolean | Promise<boolean>) | undefined
  /** The response for a denied request, instead of `denialResponse`. It gets the headers, too. */
  readonly onDenied?:
    | ((request: Request, result: RateLimitResult, ...args: Args) => Response | Promise<Response>)
    | undefined
}

/**
 * A handler that is called only as often as the limiter allows. `handler` is any function of a `Request` (and of more: `env`, `ctx`)
 * that returns a `Response`: a Worker's `fetch`, a route handler, a `Deno.serve` callback. Every response gets the headers of
 * `rateLimitHeaders`; those of nested limits are combined. What is denied never reaches the handler and gets
 * `denialResponse`. If one of the arguments has a `waitUntil`, it gets the background work.
 * Costs what `limit` does. Throws a `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { fromEnv } from 'hybrid-cache'
 * import { createRateLimiter, gcra, rateLimit, type RateLimiter } from 'hybrid-cache/rate-limit'
 *
 * const policy = gcra({ limit: 100, period: '1m', burst: 20, name: 'api' })
 * let limiter: RateLimiter | undefined // made by the first request: `next build` has no variables
 *
 * export const GET = rateLimit((_request: Request) => Response.json({ ok: true }), {
 *   limiter: () => (limiter ??= createRateLimiter({ redis: fromEnv(), policy })),
 *   id: (request) => request.headers.get('x-real-ip') ?? 'unknown', // Vercel's; behind Cloudflare cf-connecting-ip
 * })
 * ```
 */
export function rateLimit<Args extends unknown[]>(
  handler: (request: Request, ...args: Args) => Response | Promise<Response>,
  options: RateLimitOptions<Args>,
): (request: Request, ...args: Args) => Promise<Response> {
  if (typeof handler !== 'function')
    throw new TypeError('rateLimit takes a handler first: a function of a Request')
  const ask = guardOf<Request, Args>('rateLimit', options)
  return async (request, ...args) => {
    const ruling = await ask(() => waitUntilOf(args), request, ...args)
    if (ruling?.denial !== undefined) return ruling.denial
    const response = await handler(request, ...args)
    return ruling === undefined ? response : withHeaders(response, ruling.headers)
  }
}

/** That of the request, if the platform hands one to the handler: called as a method, as some platforms insist. */
function waitUntilOf(args: readonly unknown[]): WaitUntil | undefined {
  const context = args.find(
    (each) => typeof (each as Partial<RequestContext> | null)?.waitUntil === 'function',
  )
  return context === undefined ? undefined : (work) => (context as RequestContext).waitUntil(work)
}
