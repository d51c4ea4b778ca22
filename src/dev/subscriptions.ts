import type { Socket } from 'node:net'
import type { Endpoint } from './engine.ts'
import { EngineUnavailableError } from './engine-unavailable.ts'
import { greeting, openSocket } from './link.ts'
import { ReplyParser } from './reply-parser.ts'
import { encodeCommands, type Command, type Reply } from './resp.ts'

/** Listens to what a subscription receives, and to its end. */
export interface Subscriber {
  onReply(items: readonly Reply[]): void
  onEnd(): void
}

/** The subscriptions that are held, each on a connection of its own: Redis takes no other command on it. */
export class Subscriptions {
  readonly #endpoint: () => Endpoint | undefined
  readonly #sockets = new Set<Socket>()

  constructor(endpoint: () => Endpoint | undefined) {
    this.#endpoint = endpoint
  }

  /** Sends a SUBSCRIBE or PSUBSCRIBE; resolves to what ends it. Rejects with {@link EngineUnavailableError} when the engine is down. */
  async open(words: Command, subscriber: Subscriber): Promise<() => void> {
    const endpoint = this.#endpoint()
    if (endpoint === undefined) throw new EngineUnavailableError('the Redis engine is stopped')
    const socket = await openSocket(endpoint)
    if (this.#endpoint() !== endpoint) {
      socket.destroy()
      throw new EngineUnavailableError('the Redis engine was stopped')
    }
    this.#sockets.add(socket)
    const hello = greeting(endpoint)
    const parser = new ReplyParser()
    let toSkip = hello.length
    socket.on('data', (piece: Buffer) => {
      try {
        for (const reply of parser.push(piece)) {
          if (reply.type === 'error') socket.destroy()
          else if (toSkip > 0) toSkip -= 1
          else if (reply.type === 'array') subscriber.onReply(reply.items)
        }
      } catch {
        socket.destroy()
      }
    })
    // The error is only the reason for the close that follows it.
    socket.on('error', () => undefined)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      subscriber.onEnd()
    })
    socket.write(encodeCommands([...hello, words]))
    return () => socket.destroy()
  }

  endAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
