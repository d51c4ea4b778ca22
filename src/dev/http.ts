import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tokenCheck } from './auth.ts'
import type { EventStreams } from './event-streams.ts'
import { EngineUnavailableError } from './engine-unavailable.ts'
import { HttpError } from './http-error.ts'
import { errorReplyJson, type HttpReply } from './http-reply.ts'
import { readBody } from './request-body.ts'
import type { RestRequest, Router } from './router.ts'
import { syncTokens } from './sync-token.ts'

/** Long, so that an idle connection rarely ends in the moment in which a client uses it again. */
const KEEP_ALIVE_MS = 65_000

/** What the HTTP side needs to know. */
export interface HttpOptions {
  readonly router: Router
  readonly token: string
  readonly maxBodyBytes: number
  readonly events: EventStreams
}

/** Makes the HTTP server; it does not listen yet. */
export function createHttpServer({ router, token, maxBodyBytes, events }: HttpOptions): Server {
  const isAllowed = tokenCheck(token)
  const nextSyncToken = syncTokens()
  const server = createServer((request, response) => {
    void answer(request, response)
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  return server

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '/', query = ''] = splitUrl(request.url ?? '/')
    if (!isAllowed(request.headers.authorization, query)) {
      return write(
        request,
        response,
        errorReplyJson(401, 'WRONGPASS invalid or missing auth token'),
        nextSyncToken(),
      )
    }
    const reply = await handle(request, response, path, query).catch(failure)
    if (reply !== undefined) write(request, response, reply, nextSyncToken())
  }

  /** Resolves to no reply if an event stream has begun. */
  async function handle(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: string,
  ): Promise<HttpReply | undefined> {
    const words = events.wordsIn(request.method, path)
    return words === undefined
      ? router.handle(restRequest(request, path, query, maxBodyBytes))
      : events.serve(words, request, response)
  }
}

/** Stops listening and ends every connection. */
export function stopListening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function splitUrl(url: string): [string, string] {
  const mark = url.indexOf('?')
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}

function restRequest(
  request: IncomingMessage,
  path: string,
  query: string,
  maxBodyBytes: number,
): RestRequest {
  return {
    method: request.method ?? 'GET',
    path,
    query,
    encoding: header(request, 'upstash-encoding'),
    responseFormat: header(request, 'upstash-response-format'),
    body: () => readBody(request, maxBodyBytes),
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value.trim().toLowerCase() : undefined
}

function failure(cause: unknown): HttpReply {
  if (cause instanceof HttpError) return errorReplyJson(cause.status, cause.message)
  if (cause instanceof EngineUnavailableError) return errorReplyJson(503, `ERR ${cause.message}`)
  return errorReplyJson(500, 'ERR internal error of the local server')
}

function write(
  request: IncomingMessage,
  response: ServerResponse,
  reply: HttpReply,
  syncToken: string,
): void {
  // A client that has gone is no reason to fail.
  response.on('error', () => undefined)
  if (!request.complete) request.resume()
  response.writeHead(reply.status, {
    'content-type': reply.contentType,
    'content-length': Buffer.byteLength(reply.body),
    'upstash-sync-token': syncToken,
    ...(reply.status === 405 && { allow: 'GET, HEAD, POST, PUT' }),
    ...(reply.status === 413 && { connection: 'close' }),
  })
  response.end(reply.body)
}
