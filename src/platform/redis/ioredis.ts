import type { Command, SubscribeOptions, Transport } from '../../redis/index.ts'
import { Connection } from './connection.ts'

/** The part of an `ioredis` pipeline that is used. */
export interface IoredisPipeline {
  call(command: string, ...args: (string | number)[]): unknown
  exec(): Promise<readonly (readonly [error: Error | null, result?: unknown])[] | null>
}

/** The part of an `ioredis` client that is used, version 5 or 6. */
export interface IoredisClient {
  readonly status: string
  readonly options: {
    readonly autoResendUnfulfilledCommands?: boolean | undefined
    readonly stringNumbers?: boolean | undefined
    readonly replyMapping?: string | undefined
    readonly keyPrefix?: string | undefined
  }
  connect(): Promise<unknown>
  on(event: 'ready' | 'close', listener: () => void): unknown
  pipeline(): IoredisPipeline
  duplicate(override: object): IoredisSubscriber
}

/** The part of an `ioredis` client that is used by one that only listens. */
export interface IoredisSubscriber {
  connect(): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  disconnect(): void
  on(event: 'error' | 'end', listener: () => void): unknown
  on(event: 'message', listener: (channel: string, message: string) => void): unknown
}

/**
 * Redis over TCP, through a client of `ioredis` (5 or 6) that you made, for servers. It stays yours: you listen to its errors
 * and you close it. Call this once per client. A `Cluster` is not supported. Needs Redis 7.0 or newer, or a Valkey: scripts
 * fail half way on an older one.
 *
 * The client must have `autoResendUnfulfilledCommands: false`. By default it resends what was in flight when a connection broke
 * on the next one: a counter would count twice, and a write that was reported as failed would replace a newer one. Any
 * other client is a `TypeError`, and so is one with `stringNumbers` or `replyMapping: 'resp3'`, which change replies, or
 * with `keyPrefix`, which changes keys: give the cache a `keyPrefix` instead.
 * `enableOfflineQueue: false` is advised: nothing is then left in the client to run later. `maxRetriesPerRequest` does
 * not matter here. `socketTimeout` (ms) ends a connection whose other end is silent; without it that can take minutes, with
 * every request running into its deadline.
 *
 * A request is one pipeline, written at once and in order. It waits while the client connects for the first time; from when
 * a connection is lost until there is a new one, it fails at once (`L2_NETWORK`). A request that ends by its deadline or its
 * signal is abandoned, but what was written may still run. Integers from 2^53 - 64 on are errors of their command (`L2_REPLY`),
 * since clients round them.
 *
 * Costs one round trip per request on the client's connection; the call itself sends nothing. `coherence.push` listens on a
 * duplicate of the client, and `cache.close()` ends that.
 *
 * @example
 * ```ts
 * import { createHybridCache } from 'hybrid-cache'
 * import { fromIoredis, type IoredisClient } from 'hybrid-cache/redis'
 *
 * // new Redis(url, { autoResendUnfulfilledCommands: false, enableOfflineQueue: false }) of ioredis
 * declare const client: IoredisClient
 * const cache = createHybridCache({ redis: fromIoredis(client) })
 * ```
 */
export function fromIoredis(client: IoredisClient): Transport {
  assertUsable(client)
  const connection = new Connection({
    state: () => stateOf(client),
    write: (commands) => write(client, commands),
    subscribe: (channel, options) => subscribe(client, channel, options),
  })
  client.on('ready', () => connection.ready())
  // Without resending, the client never settles what was in flight when its connection closed.
  client.on('close', () => connection.lost())
  return connection
}

function assertUsable(client: IoredisClient): void {
  if (typeof client?.pipeline !== 'function' || ('isCluster' in client && client.isCluster === true)) {
    throw new TypeError('fromIoredis() takes a client of ioredis (new Redis()), not a Cluster')
  }
  const { autoResendUnfulfilledCommands, stringNumbers, replyMapping, keyPrefix } = client.options
  if (autoResendUnfulfilledCommands !== false) {
    throw new TypeError(
      'fromIoredis() needs a client with autoResendUnfulfilledCommands: false, as commands would run twice otherwise; ' +
        'client.duplicate({ autoResendUnfulfilledCommands: false }) makes one',
    )
  }
  if (stringNumbers === true || replyMapping === 'resp3') {
    throw new TypeError("fromIoredis() takes no client with stringNumbers or replyMapping: 'resp3'")
  }
  // Scripts look at whole keys, and would take no entry for the cache's own.
  if (keyPrefix)
    throw new TypeError("fromIoredis() takes no client with keyPrefix: the cache's own keyPrefix does it")
}

function stateOf(client: IoredisClient): 'ready' | 'opening' | 'closed' {
  switch (client.status) {
    case 'ready':
      return 'ready'
    case 'wait':
      // It was made with lazyConnect. Its events tell the outcome.
      client.connect().catch(() => {})
      return 'opening'
    case 'connecting':
    case 'connect':
      return 'opening'
    default:
      return 'closed'
  }
}

async function write(client: IoredisClient, commands: readonly Command[]): Promise<readonly unknown[]> {
  const pipeline = client.pipeline()
  for (const command of commands) pipeline.call(...command)
  const outcomes = (await pipeline.exec()) ?? []
  return outcomes.map(([error, result]) => error ?? result)
}

function subscribe(
  client: IoredisClient,
  channel: string,
  { signal, onOpen, onMessage }: SubscribeOptions,
): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  const own = client.duplicate({ lazyConnect: true, autoResubscribe: false, retryStrategy: () => null })
  return new Promise((resolve) => {
    const end = (): void => {
      signal.removeEventListener('abort', end)
      own.disconnect()
      resolve()
    }
    own.on('error', () => {}) // `end` comes after it
    own.on('end', end)
    own.on('message', (_, message) => onMessage(message))
    signal.addEventListener('abort', end)
    const begin = async (): Promise<void> => {
      await own.connect()
      await own.subscribe(channel)
    }
    begin().then(onOpen, end)
  })
}
