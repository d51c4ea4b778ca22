import { createRequire } from 'node:module'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Transport } from '../../../src/index.ts'
import {
  fromIoredis,
  fromNodeRedis,
  type IoredisClient,
  type NodeRedisClient,
} from '../../../src/platform/redis/index.ts'

export const clientsFolder: string = join(import.meta.dirname, 'clients')
const load = createRequire(join(clientsFolder, 'package.json'))

/** A client of one of the packages, connected or on its way, and the transport over it. */
export interface Connected {
  readonly transport: Transport
  close(): void
}

interface Options {
  /** Whether to return only when it is connected. Default `true`. */
  readonly wait?: boolean
  /** Whether the client may keep commands for later. Default `false`, as the docs advise. */
  readonly offlineQueue?: boolean
  /** Whether the client itself waits for its first command, where it can. Default `false`. */
  readonly lazy?: boolean
  /** The version of the protocol. Default: the client's. */
  readonly resp?: 2 | 3
}

export interface Kind {
  readonly name: string
  connect(port: number, options?: Options): Promise<Connected>
}

export interface IoredisModule {
  readonly Redis: new (options: object) => IoredisClient & {
    disconnect(): void
    once(event: 'ready', listener: () => void): void
  }
  readonly Cluster: new (nodes: readonly object[], options: object) => IoredisClient & { disconnect(): void }
}

export interface NodeRedisModule {
  createClient(options: object): NodeRedisClient & {
    connect(): Promise<unknown>
    disconnect(): Promise<void>
    destroy?(): void
  }
  createCluster(options: object): NodeRedisClient
  createSentinel?(options: object): NodeRedisClient
  createClientPool?(options: object): NodeRedisClient
}

/** A package of `clients/`, by the name it has there. */
export function loadClient<Module>(name: string): Module {
  if (existsSync(join(clientsFolder, 'node_modules', name))) return load(name) as Module
  throw new Error(
    'test/integration/tcp/clients is not installed: run node scripts/install-heavy.js, or npm ci there',
  )
}

function ioredis(name: string, label: string): Kind {
  return {
    name: label,
    async connect(port, { wait = true, offlineQueue = false, lazy = false, resp } = {}) {
      const { Redis } = loadClient<IoredisModule>(name)
      const client = new Redis({
        port,
        host: '127.0.0.1',
        autoResendUnfulfilledCommands: false,
        enableOfflineQueue: offlineQueue,
        lazyConnect: lazy,
        retryStrategy: () => 20,
        ...(resp !== undefined && { protocol: resp }),
      })
      ignoreErrors(client)
      const transport = fromIoredis(client)
      if (wait) await new Promise<void>((resolve) => client.once('ready', resolve))
      return { transport, close: () => client.disconnect() }
    },
  }
}

function nodeRedis(name: string, label: string): Kind {
  return {
    name: label,
    async connect(port, { wait = true, offlineQueue = false, resp } = {}) {
      const client = loadClient<NodeRedisModule>(name).createClient({
        socket: { port, host: '127.0.0.1', reconnectStrategy: () => 20 },
        disableOfflineQueue: !offlineQueue,
        ...(resp !== undefined && { RESP: resp }),
      })
      ignoreErrors(client)
      const transport = fromNodeRedis(client)
      const connected = client.connect()
      // Closed before it got through.
      connected.catch(() => {})
      if (wait) await connected
      return {
        transport,
        close() {
          if (!client.isOpen) return
          if (client.destroy) client.destroy()
          else void client.disconnect().catch(() => {})
        },
      }
    },
  }
}

/** Without a listener, the one prints errors and the other throws them. */
function ignoreErrors(client: object): void {
  ;(client as { on(event: 'error', listener: () => void): void }).on('error', () => {})
}

export const kinds: readonly Kind[] = [
  ioredis('ioredis', 'ioredis 6'),
  ioredis('ioredis-5', 'ioredis 5'),
  nodeRedis('redis', 'redis 6'),
  nodeRedis('redis-5', 'redis 5'),
  nodeRedis('redis-4', 'redis 4'),
]
