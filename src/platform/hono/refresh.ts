import { type LRU, lru } from 'tiny-lru'
import { executionOf, headersInFront, type HonoContext, replaceResponse } from './context.ts'

/** The app that background refreshes send their requests to. */
export interface App {
  fetch(request: Request, env?: unknown, context?: never): Response | Promise<Response>
}

/** The handlers' response, and the headers that were set before. */
export interface Answer {
  readonly response: Response
  readonly inFront: Headers
}

/** One request made by this module, to refresh what is stored. */
class Refresh {
  /** The middleware that made it. */
  readonly #maker: object
  readonly #url: string
  #isTaken = false
  answer: Answer | undefined

  constructor(maker: object, { url }: Request) {
    this.#maker = maker
    this.#url = url
  }

  /** Others may carry its header, from a handler that passes headers on with its own requests. They are answered like any. */
  is({ method, url }: Request): boolean {
    return method === 'GET' && url === this.#url
  }

  /**
   * Takes the response of the inner handlers. What outer middleware would make of it, compressed or with a cookie, is for a client,
   * and there is none. The first request is the one: a later one with the same URL is made while it is being answered.
   */
  async run(maker: object, context: HonoContext, next: () => Promise<void>): Promise<void> {
    if (maker !== this.#maker || this.#isTaken) return next()
    this.#isTaken = true
    const inFront = headersInFront(context)
    await next()
    this.answer = { response: context.res, inFront }
    replaceResponse(context, new Response(null, { status: 204 }))
  }
}

/** Marks a request as a refresh. No client can forge it: the value is known only to this isolate and to whom its handlers pass it. */
const header = 'x-hybrid-cache-refresh'
const mostUnderway = 1000
// One whose request was cancelled never ends: if there are too many, the oldest are dropped, and answered like any request.
const underway: LRU<Refresh> = lru(mostUnderway)

/** The refresh that a request was made for. */
export function refreshOf(request: Request): Refresh | undefined {
  const token = request.headers.get(header)
  const found = token === null ? undefined : underway.get(token)
  return found?.is(request) ? found : undefined
}

const conditions = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since']

/**
 * The app's current response to a request, as the middleware gets it; `undefined` if the request did not get there. The original
 * request may have ended: this is a new one.
 */
export async function refresh(app: App, maker: object, context: HonoContext): Promise<Answer | undefined> {
  const token = crypto.randomUUID()
  const headers = new Headers(context.req.raw.headers)
  for (const name of conditions) headers.delete(name)
  headers.set(header, token)
  const request = new Request(context.req.raw.url, { headers })
  const own = new Refresh(maker, request)
  underway.set(token, own)
  try {
    const answer = await app.fetch(request, context.env, executionOf(context) as never)
    discard(answer)
    return own.answer
  } finally {
    underway.delete(token)
  }
}

/** Cancels a body that is not read. */
export function discard({ body }: Response): void {
  body?.cancel().catch(() => undefined)
}
