import type {
  Command,
  RedisReplyError,
  Reply,
  SendOptions,
  SubscribeOptions,
  Transport,
} from '../redis/index.ts'
import { type Clock, systemClock } from '../runtime.ts'
import { commands } from './commands/index.ts'
import { Database } from './database.ts'

/** Options of {@link MemoryTransport}. */
export interface MemoryTransportOptions {
  /** Its clock: that of the cache, or a `ManualClock`. Default: the platform's. */
  readonly clock?: Clock | undefined
}

/**
 * A Redis in memory, for unit tests: it does what the cache, atomic operations, rate limits, locks, push, `hybrid-cache/admin` and
 * the scripts of `hybrid-cache/lua` ask of Redis, without a server. Several caches may share one, as isolates share a database. It
 * runs no Lua: it knows those scripts by name, and one of your own rejects with `SCRIPT`. The tests of this package compare it with a
 * real Redis; for all else there is `startDevServer` of `hybrid-cache/dev`.
 *
 * Every request counts in `requests`, every command, those inside scripts included, in `commands`: what a database would bill.
 *
 * @example
 * ```ts
 * import { createHybridCache } from 'hybrid-cache'
 * import { MemoryTransport } from 'hybrid-cache/testing'
 *
 * const redis = new MemoryTransport()
 * const cache = createHybridCache({ redis })
 * await cache.set('k', 'v')
 * redis.resetCounts()
 * await cache.get('k', { l1: false })
 * console.log(redis.requests, redis.commands) // 1 1
 * ```
 */
export class MemoryTransport implements Transport {
  readonly dialect = 'redis'
  readonly binary = true
  /** Requests since it was made, or the counts were reset. */
  requests = 0
  readonly #db: Database
  #counted = 0

  constructor({ clock = systemClock }: MemoryTransportOptions = {}) {
    this.#db = new Database(commands, clock)
  }

  /** Executes the commands at once, one after the other. The error of one is in its place. */
  async send(
    batch: readonly Command[],
    { signal, binary }: SendOptions,
  ): Promise<readonly (Reply | RedisReplyError)[]> {
    signal.throwIfAborted()
    this.requests++
    const replies = batch.map((command) => this.#db.execute(command))
    return binary === true ? replies.map(toBytes) : replies
  }

  /** Receives what is published, for `coherence.push`; ends with `signal` only. */
  subscribe(channel: string, { signal, onOpen, onMessage }: SubscribeOptions): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const stop = this.#db.subscribe(channel, onMessage)
      const end = (): void => {
        stop()
        resolve()
      }
      signal.addEventListener('abort', end, { once: true })
      onOpen()
    })
  }

  /** Commands since it was made, or the counts were reset, those that scripts ran included. */
  get commands(): number {
    return this.#db.executed - this.#counted
  }

  /** Sets `requests` and `commands` to 0. */
  resetCounts(): void {
    this.requests = 0
    this.#counted = this.#db.executed
  }

  /** The current keys, as in Redis: prefix, kind, name. */
  keys(): string[] {
    return this.#db.keys()
  }

  /** Deletes everything, as `FLUSHDB` or a restart without persistence does. */
  flush(): void {
    this.#db.clear()
  }
}

function toBytes<T extends Reply | RedisReplyError>(reply: T): T | Reply {
  if (typeof reply === 'string') return new TextEncoder().encode(reply)
  return Array.isArray(reply) ? (reply as readonly Reply[]).map((each) => toBytes(each) as Reply) : reply
}
