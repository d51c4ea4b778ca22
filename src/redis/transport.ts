/** One Redis command: its name, then its arguments. */
export type Command = readonly [name: string, ...args: (string | number)[]]

/** The reply of Redis to one command. Bytes only if the request asked for them. */
export type Reply = string | number | null | Uint8Array | readonly Reply[]

/** Redis answered a command with an error; `message` is its text, which may contain keys: the cache never shows it as it is. */
export class RedisReplyError extends Error {
  override readonly name = 'RedisReplyError'
}

/** What a transport is told about a batch. */
export interface SendOptions {
  /** Ends the request when it aborts. */
  readonly signal: AbortSignal
  /** Whether every command of the batch may run twice. A transport that retries must respect it; better is not to retry. */
  readonly idempotent: boolean
  /** Whether strings in replies are wanted as bytes (`Uint8Array`), as they may not be text. Default `false`. */
  readonly binary?: boolean
}

/** How a transport is told to listen, and what it reports. */
export interface SubscribeOptions {
  /** Ends the subscription when it aborts. */
  readonly signal: AbortSignal
  /** Redis has confirmed the subscription. */
  onOpen(): void
  /** A message was published on the channel. */
  onMessage(message: string): void
}

/**
 * How commands reach Redis. `send` sends the batch as one request, in order, and resolves to one reply per command: an error
 * of a single command is a `RedisReplyError` in its place. It rejects only if the batch as a whole got no answer, with a
 * `CacheError` or any other error (which then counts as `L2_NETWORK`). Deadline, retries and batching are not its
 * concern: the cache adds them.
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
  /**
   * The dialect of scripts, that is, their first line. Default `'redis'`: no such line. `'upstash'` is given up if the server refuses the
   * line; `'redis'` is not corrected: set `'upstash'` for an Upstash database, where a script without the line locks all of it.
   */
  readonly dialect?: 'redis' | 'upstash'
  /** Whether it supports `binary` in the options of `send`. Default `false`. */
  readonly binary?: boolean
  /** Sends a batch as one request. */
  send(commands: readonly Command[], options: SendOptions): Promise<readonly (Reply | RedisReplyError)[]>
  /**
   * Listens to a channel on a connection of its own: for `coherence.push`, which needs it to hold a connection. Settles when the
   * connection has ended, for whatever reason. Reconnecting is not its concern.
   */
  subscribe?(channel: string, options: SubscribeOptions): Promise<void>
}
