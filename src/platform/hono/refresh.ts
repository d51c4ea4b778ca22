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
  answer: Answer | undefined

  constructor(maker: object) {
    this.#maker = maker
  }

  /**
   * Takes what the handlers behind the middleware answer. What those in front would make of it, compressed or with a cookie, is for
   * a client; there is none.
   */
  async run(maker: object, context: HonoContext, next: () => Promise<void>): Promise<void> {
    const inFront = headersInFront(context)
    await next()
    if (maker !== this.#maker || this.answer !== undefined) return
    this.answer = { response: context.res, inFront }
    replaceResponse(context, new Response(null, { status: 204 }))
  }
}

/** Names the refresh that a request is. Nobody else can: its value is known to this isolate alone. */
const header = 'x-hybrid-cache-refresh'
const underway = new Map<string, Refresh>()

/** The refresh that a request was made for. */
export function refreshOf({ headers }: Request): Refresh | undefined {
  const token = headers.get(header)
  return token === null ? undefined : underway.get(token)
}

const conditions = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since']

/**
 * What the app answers a request by now, where the middleware is; `undefined` where it did not get there. The context of the
 * request may be over: the app is asked as by another.
 */
export async function refresh(app: App, maker: object, context: HonoContext): Promise<Answer | undefined> {
  const own = new Refresh(maker)
  const token = crypto.randomUUID()
  const headers = new Headers(context.req.raw.headers)
  for (const name of conditions) headers.delete(name)
  headers.set(header, token)
  underway.set(token, own)
  try {
    const request = new Request(context.req.raw.url, { headers })
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
