import type { Command, SubscribeOptions, Transport } from '../../redis/index.ts'
import { Connection } from './connection.ts'

/** The part of a `redis` client that is used, version 4, 5 or 6. */
export interface NodeRedisClient {
  readonly isOpen: boolean
  readonly isReady: boolean
  on(event: 'ready' | 'reconnecting' | 'end', listener: () => void): unknown
  sendCommand(args: string[], options?: object): Promise<unknown>
  select(db: number): Promise<unknown>
  readonly options?: { readonly socket?: object | undefined } | undefined
  duplicate(overrides: object): NodeRedisSubscriber
}

/** The part of a `redis` client that is used by one that only listens. */
export interface NodeRedisSubscriber {
  readonly isOpen: boolean
  connect(): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  disconnect(): unknown
  destroy?(): void
  on(event: 'connect' | 'error' | 'end', listener: () => void): unknown
}

/**
 * Redis over TCP, through a client of `redis` (node-redis 4, 5 or 6; `createClient`) that you made, for servers. It stays
 * yours: you connect it, listen to its errors (without a listener they end the process) and close it. Call this once per
 * client. Clusters, sentinels and pools are not supported, and are a `TypeError`. Needs Redis 7.0 or newer, or a Valkey: scripts
 * fail half way on an older one.
 *
 * The client never resends what was in flight when its connection broke. `disableOfflineQueue: true` is advised: nothing is
 * then left in the client to run later. `socket.socketTimeout` (ms, from version 5) ends a connection whose other end is silent;
 * without it that can take minutes, with every request running into its deadline.
 *
 * A request is written at once and in order. It waits while the client connects for the first time; before `connect()`, and
 * from when a connection is lost until there is a new one, it fails at once (`L2_NETWORK`). A request that ends by its
 * deadline or its signal is abandoned, but what was written may still run. Integers from 2^53 - 64 on are errors of their
 * command (`L2_REPLY`), since clients round them.
 *
 * With RESP3, the default from version 6, a few commands that the cache does not use nest their replies (`ZPOPMIN` with a
 * count gives pairs); with `RESP: 2` they are those of REST.
 *
 * Costs one round trip per request on the client's connection; the call itself sends nothing. `coherence.push` listens on a
 * duplicate of the client, and `cache.close()` ends that.
 *
 * @example
 * ```ts
 * import { createHybridCache } from 'hybrid-cache'
 * import { fromNodeRedis, type NodeRedisClient } from 'hybrid-cache/redis'
 *
 * // await createClient({ url, disableOfflineQueue: true }).on('error', console.error).connect() of redis
 * declare const client: NodeRedisClient
 * const cache = createHybridCache({ redis: fromNodeRedis(client) })
 * ```
 */
export function fromNodeRedis(client: NodeRedisClient): Transport {
  // Clusters, sentinels and pools have a sendCommand() with other arguments, and no select().
  if (typeof client?.select !== 'function' || typeof client.isReady !== 'boolean') {
    throw new TypeError(
      'fromNodeRedis() takes a client of redis (createClient()), not a cluster, sentinel or pool',
    )
  }
  const connection = new Connection({
    state() {
      if (client.isReady) return 'ready'
      return client.isOpen ? 'opening' : 'closed'
    },
    write: (commands) => Promise.all(commands.map((command) => reply(client, command))),
    subscribe: (channel, options) => subscribe(client, channel, options),
  })
  client.on('ready', () => connection.ready())
  client.on('reconnecting', () => connection.lost())
  client.on('end', () => connection.lost())
  return connection
}

// By the first byte in RESP3. Maps as flat lists (objects would lose their order), big numbers and doubles as text. It
// overrides the client's own mapping, and means nothing to version 4, which has none of these.
const typeMapping = { [byte('%')]: Array, [byte('(')]: String, [byte(',')]: String }

function byte(type: string): number {
  return type.charCodeAt(0)
}

/**
 * Commands sent in one tick leave in one write. The client's pipelines are unusable here, as they fail as a whole if one
 * command does.
 */
function reply(client: NodeRedisClient, command: Command): Promise<unknown> {
  return client.sendCommand(command.map(String), { typeMapping }).catch((error: unknown) => error)
}

function subscribe(
  client: NodeRedisClient,
  channel: string,
  { signal, onOpen, onMessage }: SubscribeOptions,
): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  const own = client.duplicate({ socket: { ...client.options?.socket, reconnectStrategy: false } })
  // Closed before it has its socket, a client calls itself closed, gets the socket all the same, and cannot be closed any more.
  const reachable = new Promise<void>((resolve) => void own.on('connect', resolve))
  return new Promise((resolve) => {
    const end = (): void => {
      signal.removeEventListener('abort', end)
      void reachable.then(() => leave(own))
      resolve()
    }
    own.on('error', end)
    own.on('end', end)
    signal.addEventListener('abort', end)
    const begin = async (): Promise<void> => {
      await own.connect()
      await own.subscribe(channel, onMessage)
    }
    begin().then(onOpen, end)
  })
}

/** Closes a connection at once, whatever the version. */
function leave(client: NodeRedisSubscriber): void {
  if (!client.isOpen) return
  if (client.destroy !== undefined) client.destroy()
  else void Promise.resolve(client.disconnect()).catch(() => {})
}
