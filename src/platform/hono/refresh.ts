import { type LRU, lru } from 'tiny-lru'
import { executionOf, headersInFront, type HonoContext, replaceResponse } from './context.ts'

/** What asks an app anew, behind a response. */
export interface App {
  fetch(request: Request, env?: unknown, context?: never): Response | Promise<Response>
}

/** What the handlers have answered, and the headers that were set before. */
export interface Answer {
  readonly response: Response
  readonly inFront: Headers
}

/** One request that was made here, to refresh what is stored. */
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

  /** Others may come with its headers: those of a handler that passes them on with what it asks. They are answered like any. */
  is({ method, url }: Request): boolean {
    return method === 'GET' && url === this.#url
  }

  /**
   * Takes what the handlers behind the middleware answer. What those in front would make of it, compressed or with a cookie, is for
   * a client; there is none. The first to come is the one: what has the same URL after it is asked for on the way to its answer.
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

/** Names the refresh that a request is. No client can: its value is known to this isolate, and to whom its handlers ask. */
const header = 'x-hybrid-cache-refresh'
const mostUnderway = 1000
// One whose request was cancelled never ends: where there are too many, the oldest go, and are answered like any request.
const underway: LRU<Refresh> = lru(mostUnderway)

/** The refresh that a request was made for. */
export function refreshOf(request: Request): Refresh | undefined {
  const token = request.headers.get(header)
  const found = token === null ? undefined : underway.get(token)
  return found?.is(request) ? found : undefined
}

const conditions = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since']

/**
 * What the app answers a request by now, where the middleware is; `undefined` where it did not get there. The context of the
 * request may be over: the app is asked as by another.
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

/** Nobody reads it. */
export function discard({ body }: Response): void {
  body?.cancel().catch(() => undefined)
}
