import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SeenRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type Responder = (response: ServerResponse, request: SeenRequest) => void

/** An HTTP server on loopback that answers as a test says, and remembers what it was asked. */
export interface RawServer extends AsyncDisposable {
  readonly origin: string
  readonly requests: SeenRequest[]
  /** How the next requests are answered. */
  respond: Responder
}

export async function startRawServer(respond: Responder): Promise<RawServer> {
  const requests: SeenRequest[] = []
  const http = createServer((request, response) => {
    void readAll(request).then((body) => {
      const seen = { path: request.url ?? '', headers: request.headers, body }
      requests.push(seen)
      server.respond(response, seen)
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const server: RawServer = {
    origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    requests,
    respond,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      http.close()
      await once(http, 'close')
    },
  }
  return server
}

async function readAll(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk as string
  return body
}

/** Answers with a status and a body of some type. */
export const answer =
  (status: number, body: string, type = 'application/json'): Responder =>
  (response) => {
    response.writeHead(status, { 'content-type': type }).end(body)
  }
