import { HybridCache } from '../../cache.ts'
import type { RequestContext } from '../../view.ts'

/** The part of a Hono handler's context that is used. */
export interface HonoContext {
  readonly req: { readonly raw: Request }
  res: Response
  readonly executionCtx: unknown
  readonly env: unknown
  header(name: string, value: string): void
  body(data: null): Response
}

/** A Hono middleware, by its shape: this package does not depend on Hono. */
export type HonoMiddleware = (context: HonoContext, next: () => Promise<void>) => Promise<Response | void>

/** A cache, or a function that gives that of a request: on Workers the bindings arrive with it. */
export type CacheOf<Context extends HonoContext = HonoContext> =
  | HybridCache
  | ((context: Context) => HybridCache)

/** The cache of a request, bound to it if the platform has a `waitUntil`. */
export function cacheFor(source: CacheOf, context: HonoContext): HybridCache {
  const cache = typeof source === 'function' ? source(context) : source
  const execution = executionOf(context)
  return execution === undefined ? cache : cache.bind(execution)
}

/** The same cache for handlers that must not outlive their request: only its context can run them. */
export function staying(cache: HybridCache): HybridCache {
  const { core, view } = HybridCache.partsOf(cache)
  return new HybridCache(core, view.staying())
}

/** Hono throws if there is none. */
export function executionOf(context: HonoContext): RequestContext | undefined {
  try {
    const execution = context.executionCtx as Partial<RequestContext> | undefined
    return typeof execution?.waitUntil === 'function' ? (execution as RequestContext) : undefined
  } catch {
    return undefined
  }
}

/** Replaces a response that is there already: assigning it would make Hono carry over the headers of that one. */
export function replaceResponse(context: HonoContext, response: Response): void {
  context.res = undefined as unknown as Response
  context.res = response
}

/** The headers that outer middleware has set for this request, whatever its response. Reading `res` would change the outcome. */
export function headersInFront(context: HonoContext): Headers {
  return context.body(null).headers
}

/** Gives a response those of them that it lacks, and puts their values before what was `added` to the same headers of another. */
export function addInFront(response: Response, inFront: Headers, added: readonly string[] = []): void {
  for (const [name, value] of inFront) {
    const own = response.headers.get(name)
    if (name === 'set-cookie') response.headers.append(name, value)
    else if (own === null) response.headers.set(name, value)
    else if (added.includes(name)) response.headers.set(name, `${value}, ${own}`)
  }
}
