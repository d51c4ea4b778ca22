import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DevServer } from '../../../src/dev/index.ts'
import { withoutTrim } from '../../support/cost.ts'
import { bodyOf, Gate, Origin } from './gate.ts'

/** What a redirected request brought along. */
interface Landing {
  readonly method: string | undefined
  readonly token: boolean
  readonly body: boolean
}

/** The servers that a scenario meets beside Redis: one that tells counters and misbehaves, one that is another origin. */
export interface Helper extends AsyncDisposable {
  readonly url: string
  /** Requests to `<url>/gate` are held until it is opened, then go on to Redis. */
  readonly gate: Gate
  /** Answers `<url>/origin/<name>`. */
  readonly origin: Origin
}

export async function startHelper(redis: DevServer): Promise<Helper> {
  const gate = new Gate(redis)
  const origin = new Origin()
  const landings: Record<string, Landing[]> = { home: [], away: [] }
  const land = (place: 'home' | 'away', request: IncomingMessage, response: ServerResponse): void => {
    void bodyOf(request).then((body) => {
      const token = request.headers.authorization?.includes(redis.token) ?? false
      landings[place]?.push({ method: request.method, token, body: body !== '' })
      // As if it were the database: whoever follows gets an answer that it could believe.
      json(
        response,
        commandsIn(body).map(() => ({ result: 'landed' })),
      )
    })
  }
  const other = createServer((request, response) => land('away', request, response))
  const away = await listen(other)

  const routes: Record<string, (request: IncomingMessage, response: ServerResponse, rest: string[]) => void> =
    {
      stats: (_, response) => json(response, withoutTrim(redis.stats())),
      gate: (request, response, rest) => {
        gate.enter(request, response, rest.join('/')).catch(() => response.destroy())
      },
      origin: (_, response, [name = '']) => void origin.answer(response, name),
      silent: (request) => request.resume(),
      html: (_, response) => response.setHeader('content-type', 'text/html').end('<h1>Bad gateway</h1>'),
      redirect: (_, response, [status, where]) => {
        const location = where === 'away' ? `${away}/pipeline` : '/landing'
        response.writeHead(Number(status), { location }).end()
      },
      landing: (request, response) => land('home', request, response),
      landings: (_, response, [where]) => json(response, landings[where ?? '']?.splice(0) ?? []),
    }
  const server = createServer((request, response) => {
    const [name, ...rest] = (request.url ?? '').slice(1).split('/')
    const route = routes[name ?? '']
    if (route === undefined) response.writeHead(404).end()
    else route(request, response, rest)
  })
  const url = await listen(server)
  const stop = async (): Promise<void> => void (await Promise.all([close(server), close(other)]))
  return { url, gate, origin, [Symbol.asyncDispose]: stop }
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function commandsIn(body: string): unknown[] {
  return body === '' ? [null] : (JSON.parse(body) as unknown[])
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(value))
}
