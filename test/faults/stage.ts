import { once } from 'node:events'
import {
  Agent,
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Command } from '../../src/index.ts'
import { randomFrom } from '../../src/testing/random.ts'

/** What one command came to, as the REST API says it. */
export interface Item {
  readonly result?: unknown
  readonly error?: string
}

/** One request on its way, in the hands of a fault. */
export interface Exchange {
  readonly commands: readonly Command[]
  readonly response: ServerResponse
  readonly random: () => number
  /** Where somebody else listens, who must never hear of it. */
  readonly elsewhere: string
  /** Has these commands executed, all of them by default. */
  execute(commands?: readonly Command[]): Promise<Item[]>
  /** Sends a body, with status 200 where nothing else is said. */
  answer(body: string, status?: number, headers?: Record<string, string>): void
  /** Ends the connection, as a crash does. */
  reset(): void
  /** The reply that the last request of as many commands got. */
  readonly earlier: Item[] | undefined
}

/** What a fault does with a request, instead of having it executed and sending the reply. */
export type WireFault = (exchange: Exchange) => Promise<void> | void

/** A server of the REST API, behind the stage. */
export interface Target {
  readonly url: string
  readonly token: string
}

/** Stands in front of a server of the REST API, on loopback, and lets requests fail. */
export class Stage implements AsyncDisposable {
  /** What strikes, with which probability. */
  fault: WireFault | undefined
  probability = 1
  /** How many requests came, and how many of them were struck. */
  requests = 0
  struck = 0
  /** What others were told who must not be told anything. */
  readonly leaked: string[] = []
  readonly #target: Target
  readonly #agent = new Agent({ keepAlive: true })
  readonly #random: () => number
  readonly #http: Server
  readonly #elsewhere: Server
  readonly #earlier = new Map<number, Item[]>()
  #port = 0

  private constructor(target: Target, seed: number) {
    this.#target = target
    this.#random = randomFrom(seed)
    this.#http = createServer((incoming, response) => void this.#take(incoming, response))
    this.#elsewhere = createServer((incoming, response) => {
      this.leaked.push(`${incoming.method} ${JSON.stringify(incoming.headers)}`)
      response.end('[]')
    })
  }

  static async start(target: Target, seed: number): Promise<Stage> {
    const stage = new Stage(target, seed)
    await stage.listen()
    await listen(stage.#elsewhere, 0)
    return stage
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Takes connections again, on the port that it had. */
  async listen(): Promise<void> {
    this.#port = await listen(this.#http, this.#port)
  }

  /** Refuses connections. */
  async shut(): Promise<void> {
    await close(this.#http)
  }

  async #take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    incoming.on('error', () => undefined)
    response.on('error', () => undefined)
    try {
      const { fault, probability } = this
      this.requests++
      const commands = JSON.parse(await readAll(incoming)) as Command[]
      const exchange = this.#exchange(commands, response)
      if (fault === undefined || this.#random() >= probability)
        exchange.answer(JSON.stringify(await exchange.execute()))
      else {
        this.struck++
        await fault(exchange)
      }
    } catch {
      response.destroy()
    }
  }

  #exchange(commands: readonly Command[], response: ServerResponse): Exchange {
    const earlier = this.#earlier.get(commands.length)
    return {
      commands,
      response,
      earlier,
      random: this.#random,
      elsewhere: `http://127.0.0.1:${(this.#elsewhere.address() as AddressInfo).port}/pipeline`,
      execute: async (some = commands) => {
        const items = some.length === 0 ? [] : await this.execute(some)
        this.#earlier.set(items.length, items)
        return items
      },
      answer: (body, status = 200, headers = {}) => {
        const length = String(Buffer.byteLength(body))
        response
          .writeHead(status, { 'content-type': 'application/json', 'content-length': length, ...headers })
          .end(body)
      },
      reset: () => void response.socket?.resetAndDestroy(),
    }
  }

  /** Has commands executed behind the stage, where nothing fails. */
  async execute(commands: readonly Command[]): Promise<Item[]> {
    const { url, token } = this.#target
    const outgoing = request(`${url}/pipeline`, {
      method: 'POST',
      agent: this.#agent,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    })
    outgoing.end(JSON.stringify(commands))
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    return JSON.parse(await readAll(response)) as Item[]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
    await Promise.all([close(this.#http), close(this.#elsewhere)])
  }
}

async function readAll(incoming: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of incoming.setEncoding('utf8')) body += chunk as string
  return body
}

async function listen(server: Server, port: number): Promise<number> {
  if (server.listening) return port
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
