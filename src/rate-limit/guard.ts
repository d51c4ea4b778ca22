import { withHeaders } from '../http/index.ts'
import type { WaitUntil } from '../runtime.ts'
import { type HeaderOptions, rateLimitHeaders } from './headers.ts'
import type { RateLimiter } from './limiter.ts'
import type { RateLimitPolicy } from './policy.ts'
import { problemOf } from './response.ts'
import type { RateLimitResult } from './result.ts'

type Asked<T, Args extends unknown[]> = (...args: Args) => T | Promise<T>

/** The options of a middleware whose handlers are called with `First`, a request or a context, and with `Rest`. */
interface GuardOptions<First, Rest extends unknown[]> extends HeaderOptions {
  readonly limiter: RateLimiter | Asked<RateLimiter, [First, ...Rest]>
  readonly id: Asked<string, [First, ...Rest]>
  readonly cost?: number | Asked<number, [First, ...Rest]> | undefined
  readonly policy?: Asked<RateLimitPolicy, [First, ...Rest]> | undefined
  readonly skip?: Asked<boolean, [First, ...Rest]> | undefined
  readonly onDenied?: Asked<Response, [First, RateLimitResult, ...Rest]> | undefined
}

/** What the limiter says of a request. */
interface Ruling {
  /** What to tell the client, whoever answers. */
  readonly headers: Readonly<Record<string, string>>
  /** The answer where the handler must not run; it has the headers already. */
  readonly denial?: Response
}

/**
 * Makes the function that asks the limiter about a request, and resolves to `undefined` for one that is skipped. Throws a
 * `TypeError` for options that cannot be right; `caller` is the function that they were given to.
 */
export function guardOf<First, Rest extends unknown[]>(
  caller: string,
  options: GuardOptions<First, Rest>,
): (waitUntil: () => WaitUntil | undefined, first: First, ...rest: Rest) => Promise<Ruling | undefined> {
  const { limiter, id, cost, policy, skip, onDenied, legacy } = options ?? {}
  const limits = typeof limiter === 'function' || typeof limiter?.limit === 'function'
  if (!limits || typeof id !== 'function')
    throw new TypeError(`${caller} takes { limiter, id }, where id is a function that returns the identifier`)
  for (const [name, value] of Object.entries({ policy, skip, onDenied }))
    if (value !== undefined && typeof value !== 'function')
      throw new TypeError(`${name} must be a function of the request`)
  return async (waitUntil, first, ...rest) => {
    if (await skip?.(first, ...rest)) return undefined
    const used = typeof limiter === 'function' ? await limiter(first, ...rest) : limiter
    const result = await used.limit(await id(first, ...rest), {
      cost: typeof cost === 'function' ? await cost(first, ...rest) : cost,
      policy: await policy?.(first, ...rest),
      waitUntil: waitUntil(),
    })
    const headers = rateLimitHeaders(result, { legacy })
    if (result.success) return { headers }
    const answer = (await onDenied?.(first, result, ...rest)) ?? problemOf(result)
    return { headers, denial: withHeaders(answer, headers) }
  }
}
