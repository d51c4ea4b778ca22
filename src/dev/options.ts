import { EmbeddedEngine } from './engine-embedded.ts'
import { RedisServerEngine } from './engine-redis-server.ts'
import { RemoteEngine } from './engine-remote.ts'
import type { Engine } from './engine.ts'

/** Which Redis the server runs on. */
export type DevServerEngine = 'embedded' | 'redis-server' | { readonly url: string }

/** How a local server is started. */
export interface DevServerOptions {
  /** The TCP port of the REST API. Default 0: any free one. */
  readonly port?: number | undefined
  /** The address to listen on. Default `127.0.0.1`: this machine only. */
  readonly host?: string | undefined
  /** The bearer token that clients must send. Default: a random one. */
  readonly token?: string | undefined
  /**
   * - `'embedded'` (default): `js-redis-server` inside this process. An optional peer dependency, to be installed.
   * - `'redis-server'`: the program from `REDIS_SERVER_BIN` or `PATH`, spawned for this server, in memory only.
   * - `{ url: 'redis://[user:password@]host[:port][/database]' }`: one that runs already.
   *
   * Both of the latter need Redis 7.0 or newer, or a Valkey.
   */
  readonly engine?: DevServerEngine | undefined
  /** The largest request body, in bytes. Default 10 MiB, the limit of Upstash's smaller plans. */
  readonly maxBodyBytes?: number | undefined
}

export const DEFAULT_MAX_BODY_BYTES: number = 10 * 2 ** 20

export function createEngine(choice: DevServerEngine): Engine {
  if (choice === 'embedded') return new EmbeddedEngine()
  if (choice === 'redis-server') return new RedisServerEngine()
  if (typeof choice === 'object' && typeof choice.url === 'string') return new RemoteEngine(choice.url)
  throw new TypeError("engine must be 'embedded', 'redis-server' or { url: 'redis://…' }")
}

export function checkToken(token: string): string {
  if (!/^[\x21-\x7e]+$/.test(token)) throw new TypeError('token must be printable ASCII without spaces')
  return token
}

export function checkPort(port: number): number {
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new TypeError('port must be an integer from 0 to 65535')
  return port
}

/** Node takes an empty host for every interface. */
export function checkHost(host: string): string {
  if (typeof host !== 'string' || host === '') throw new TypeError('host must be an address or a name')
  return host
}

export function checkMaxBodyBytes(bytes: number): number {
  if (!Number.isSafeInteger(bytes) || bytes < 1)
    throw new TypeError('maxBodyBytes must be a positive whole number of bytes')
  return bytes
}
