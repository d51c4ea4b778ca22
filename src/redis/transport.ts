/** One Redis command: its name, then its arguments. */
export type Command = readonly [name: string, ...args: (string | number)[]]

/** What Redis answered to one command. Bytes only where the request asked for them. */
export type Reply = string | number | null | Uint8Array | readonly Reply[]

/** Redis answered a command with an error; `message` is its text, which may hold keys: it is never shown as it is. */
export class RedisReplyError extends Error {
  override readonly name = 'RedisReplyError'
}

/** What a transport is told about a batch. */
export interface SendOptions {
  /** Ends the request when it aborts. */
  readonly signal: AbortSignal
  /** Whether every command of the batch may run twice. A transport that retries by itself must heed it; better is not to retry. */
  readonly idempotent: boolean
  /** Whether strings in replies are wanted as bytes (`Uint8Array`), for they may be no text. Default `false`. */
  readonly binary?: boolean
}

/** What a transport is given to listen with. */
export interface SubscribeOptions {
  /** Ends the subscription when it aborts. */
  readonly signal: AbortSignal
  /** Redis has confirmed the subscription. */
  onOpen(): void
  onMessage(message: string): void
}

/**
 * How commands reach Redis. `send` makes one request of the batch, keeps its order, and gives one reply a command: an error
 * of a single command is a `RedisReplyError` in its place. It rejects only where the batch as a whole got no answer, with a
 * `CacheError` or any other error (which then counts as `L2_NETWORK`). Deadline, retries and batching are not its
 * business: the cache puts them on top.
 *
 * @example
 * ```ts
 * import { createHybridCache, type Transport } from 'hybrid-cache'
 *
 * declare const gateway: { run(commands: readonly unknown[], signal: AbortSignal): Promise<(string | number | null)[]> }
 * const transport: Transport = { send: (commands, { signal }) => gateway.run(commands, signal) }
 * const cache = createHybridCache({ redis: transport })
 * ```
 */
export interface Transport {
  /** Which first line scripts get. Default `'redis'`: none. The wrong one corrects itself. */
  readonly dialect?: 'redis' | 'upstash'
  /** Whether it heeds `binary` in the options of `send`. Default `false`. */
  readonly binary?: boolean
  /** Sends a batch as one request. */
  send(commands: readonly Command[], options: SendOptions): Promise<readonly (Reply | RedisReplyError)[]>
  /**
   * Listens to a channel on a connection of its own: for `coherence.push`, which is refused where this is missing. Settles when
   * the connection has ended, however it did. Connecting again is not its business.
   */
  subscribe?(channel: string, options: SubscribeOptions): Promise<void>
}
