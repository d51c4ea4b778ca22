import { type CacheError, networkError } from '../../errors.ts'
import type {
  Command,
  RedisReplyError,
  Reply,
  SendOptions,
  SubscribeOptions,
  Transport,
} from '../../redis/index.ts'
import { failed, replyTo } from './reply.ts'

type Replies = readonly (Reply | RedisReplyError)[]

/** What the transport needs from a client. */
export interface Wire {
  /** `opening`: the client will report whether it connects; `closed`: it was not opened, or was cut off. */
  state(): 'ready' | 'opening' | 'closed'
  /** Writes all commands at once, in order. Resolves to a reply for each, or an `Error` in its place. */
  write(commands: readonly Command[]): Promise<readonly unknown[]>
  /** Listens on a connection of its own, without reconnecting; settles when that has ended. */
  subscribe(channel: string, options: SubscribeOptions): Promise<void>
}

interface Call {
  readonly start: () => void
  readonly fail: (error: CacheError) => void
}

/**
 * One connection as a transport. Requests wait here while it opens, not in the client's queue, from which nothing can be
 * withdrawn: a command that was given up would still run, minutes later.
 */
export class Connection implements Transport {
  readonly #wire: Wire
  readonly #queued = new Set<Call>()
  readonly #calls = new Set<Call>()
  #down = false

  constructor(wire: Wire) {
    this.#wire = wire
  }

  send(commands: readonly Command[], { signal }: SendOptions): Promise<Replies> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const state = this.#wire.state()
      // A client may take long to reconnect: until it is back, callers are not held up.
      if (state === 'closed' || (state === 'opening' && this.#down)) return reject(notConnected())

      const leave = (): void => {
        this.#queued.delete(call)
        this.#calls.delete(call)
        signal.removeEventListener('abort', abort)
      }
      const abort = (): void => {
        leave()
        reject(signal.reason)
      }
      const fail = (error: unknown): void => {
        leave()
        reject(error)
      }
      const start = (): void => {
        read(this.#wire, commands).then((replies) => {
          leave()
          resolve(replies)
        }, fail)
      }
      const call: Call = { start, fail }
      this.#calls.add(call)
      this.#queued.add(call)
      signal.addEventListener('abort', abort)
      if (state === 'ready') this.ready()
    })
  }

  subscribe(channel: string, options: SubscribeOptions): Promise<void> {
    return this.#wire.subscribe(channel, options)
  }

  /** The client has connected: requests that waited are written, in order. */
  ready(): void {
    this.#down = false
    for (const call of this.#queued) {
      this.#queued.delete(call)
      call.start()
    }
  }

  /** The client has lost its connection, or could not make one. What was written before gets no answer any more. */
  lost(): void {
    this.#down = true
    for (const call of this.#calls) call.fail(failed())
  }
}

async function read(wire: Wire, commands: readonly Command[]): Promise<Replies> {
  const values = await wire.write(commands).catch(() => {
    throw failed()
  })
  return values.map((value, i) => replyTo(commands[i] as Command, value))
}

function notConnected(): CacheError {
  return networkError('the Redis client is not connected')
}
