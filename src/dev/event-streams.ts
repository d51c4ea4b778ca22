import type { IncomingMessage, ServerResponse } from 'node:http'
import { HttpError } from './http-error.ts'
import { parsePathCommand } from './path-style.ts'
import { type Command, NULL_REPLY, type Reply } from './resp.ts'
import type { StatsCounter } from './stats.ts'
import type { Subscriptions } from './subscriptions.ts'

/** How much may be buffered for a client that does not read; beyond that, its stream ends. */
const MAX_WAITING_BYTES = 2 ** 20

/** `/subscribe/<channel>` and `/psubscribe/<pattern>`: server-sent events that go on until either side ends them. */
export class EventStreams {
  readonly #subscriptions: Subscriptions
  readonly #stats: StatsCounter

  constructor(subscriptions: Subscriptions, stats: StatsCounter) {
    this.#subscriptions = subscriptions
    this.#stats = stats
  }

  /** The command in a request for such a stream; `undefined` for all others. */
  wordsIn(method: string | undefined, path: string): Command | undefined {
    if (method !== 'GET' && method !== 'POST') return undefined
    return /^\/p?subscribe\/./i.test(path) ? parsePathCommand(path, '', Buffer.alloc(0)) : undefined
  }

  /** Answers with the stream. Rejects, before anything is written, if Redis cannot be reached. */
  async serve(words: Command, request: IncomingMessage, response: ServerResponse): Promise<undefined> {
    this.#stats.countRequest()
    if (words.slice(1).some((word) => word.length === 0))
      throw new HttpError(400, 'ERR the name of a channel must not be empty')
    request.resume()
    response.on('error', () => undefined)
    const end = await this.#subscriptions.open(words, {
      onReply(items) {
        response.write(eventOf(items))
        if (response.writableLength > MAX_WAITING_BYTES) response.destroy()
      },
      onEnd: () => void response.end(),
    })
    this.#stats.countCommand(words, { reply: NULL_REPLY, inner: new Map() })
    response.once('close', end)
    if (response.destroyed) end()
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
    })
    response.flushHeaders()
  }
}

/** A line end in a message would end the line: it goes on in the next one, as the format of such streams has it. */
function eventOf(items: readonly Reply[]): Buffer {
  const text = items.map(textOf).join(',')
  return Buffer.from(`data: ${text.replaceAll(/\r\n|[\r\n]/g, '\ndata: ')}\n\n`)
}

function textOf(reply: Reply): string {
  if (reply.type === 'integer') return reply.digits
  return reply.type === 'bulk' ? reply.bytes.toString() : ''
}
