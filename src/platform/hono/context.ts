import { HybridCache } from '../../cache.ts'
import type { RequestContext } from '../../view.ts'

/** What is needed of the context of a Hono handler. */
export interface HonoContext {
  readonly req: { readonly raw: Request }
  res: Response
  readonly executionCtx: unknown
  readonly env: unknown
  header(name: string, value: string): void
  body(data: null): Response
}

/** A middleware of Hono, by its shape: this package does not depend on it. */
export type HonoMiddleware = (context: HonoContext, next: () => Promise<void>) => Promise<Response | void>

/** A cache, or how to come by the one of a request: on Workers the bindings arrive with it. */
export type CacheOf<Context extends HonoContext = HonoContext> =
  | HybridCache
  | ((context: Context) => HybridCache)

/** The cache of a request, bound to it where the platform says how to keep work alive. */
export function cacheFor(source: CacheOf, context: HonoContext): HybridCache {
  const cache = typeof source === 'function' ? source(context) : source
  const execution = executionOf(context)
  return execution === undefined ? cache : cache.bind(execution)
}

/** The same cache for handlers that must not run behind their request: nobody but the context of that could run them. */
export function staying(cache: HybridCache): HybridCache {
  const { core, view } = HybridCache.partsOf(cache)
  return new HybridCache(core, view.staying())
}

/** Hono throws where there is none. */
export function executionOf(context: HonoContext): RequestContext | undefined {
  try {
    const execution = context.executionCtx as Partial<RequestContext> | undefined
    return typeof execution?.waitUntil === 'function' ? (execution as RequestContext) : undefined
  } catch {
    return undefined
  }
}

/** Takes the place of a response that is there already: Hono would carry the headers of that one over. */
export function replaceResponse(context: HonoContext, response: Response): void {
  context.res = undefined as unknown as Response
  context.res = response
}

/** What those in front have set for this request, whatever it is answered with. Looking at `res` would change what becomes of it. */
export function headersInFront(context: HonoContext): Headers {
  return context.body(null).headers
}

/** Gives a response those of them that it does not have itself, and puts them before what was `added` to those of another. */
export function addInFront(response: Response, inFront: Headers, added: readonly string[] = []): void {
  for (const [name, value] of inFront) {
    const own = response.headers.get(name)
    if (name === 'set-cookie') response.headers.append(name, value)
    else if (own === null) response.headers.set(name, value)
    else if (added.includes(name)) response.headers.set(name, `${value}, ${own}`)
  }
}
