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

/** What the transport needs of a client. */
export interface Wire {
  /** `opening` is a client that will tell whether it came through; `closed` one that nobody opens, or that was cut off. */
  state(): 'ready' | 'opening' | 'closed'
  /** Writes all commands at once, in order. Gives what came back for each: a reply, or an `Error` in its place. */
  write(commands: readonly Command[]): Promise<readonly unknown[]>
  /** Listens on a connection of its own, which is not made again; settles when it has ended. */
  subscribe(channel: string, options: SubscribeOptions): Promise<void>
}

interface Call {
  readonly start: () => void
  readonly fail: (error: CacheError) => void
}

/**
 * One connection as a transport. What comes while it opens waits here and not in the queue of the client, which nobody can
 * take anything back from: a command that was given up would still run there, minutes later.
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
      // A client that connects again may take long over it: until it is back, callers are not held up.
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

  /** The client has connected: what waited for that is written, in the order it came. */
  ready(): void {
    this.#down = false
    for (const call of this.#queued) {
      this.#queued.delete(call)
      call.start()
    }
  }

  /** The client has lost its connection, or could not make one. Nothing that was written before gets an answer now. */
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
