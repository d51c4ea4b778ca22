import { randomBytes } from 'node:crypto'
import { Backend } from './backend.ts'
import { EventStreams } from './event-streams.ts'
import { Executor } from './executor.ts'
import { createHttpServer, stopListening } from './http.ts'
import { listen } from './listen.ts'
import {
  checkHost,
  checkMaxBodyBytes,
  checkPort,
  checkToken,
  createEngine,
  DEFAULT_MAX_BODY_BYTES,
  type DevServerOptions,
} from './options.ts'
import { Router } from './router.ts'
import { ScriptRegistry } from './script-registry.ts'
import { StatsCounter, type DevServerStats } from './stats.ts'

/** A running local server. */
export interface DevServer {
  /** The URL of the REST API, such as `http://127.0.0.1:8079`. */
  readonly url: string
  /** The bearer token. */
  readonly token: string
  /** For people: which Redis is behind it. */
  readonly engine: string
  /** The two variables that Upstash clients read. */
  readonly env: { readonly UPSTASH_REDIS_REST_URL: string; readonly UPSTASH_REDIS_REST_TOKEN: string }
  /** What has been asked for and what it would have cost, since the start or the last reset. */
  stats(): DevServerStats
  /** Sets every counter to zero. */
  resetStats(): void
  /**
   * Kills the Redis behind the server: an outage. The REST API stays up and answers HTTP 503 at once; calls in flight
   * fail. With `engine: { url }` it only stops using that Redis.
   */
  stopRedis(): Promise<void>
  /**
   * Brings an empty Redis back, behind the same URL; does nothing while one answers. With `engine: { url }`, the same
   * Redis with its data. Rejects when the engine cannot be started, and after `close()`.
   */
  startRedis(): Promise<void>
  /** Stops listening and ends the engine. Nothing is left running. May be called again. */
  close(): Promise<void>
  /** The same as `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a local server that speaks the REST API of Upstash Redis, for development, demos and tests. It counts HTTP
 * requests and billed commands, and can play an outage. A script with `#!lua flags=allow-key-locking` fails here, as on
 * Upstash, when it touches a key that is not in KEYS; one that never touches what it lists is in `stats().warnings`.
 *
 * @param options - Port, host, token, engine and the body limit in bytes; everything has a default.
 * @returns The server, listening, its Redis up and empty.
 * @throws `TypeError` for an option that makes no sense; `Error` when the port is taken, when `js-redis-server` is not
 * installed (the message says how to run with it) or when no `redis-server` was found or it did not start.
 *
 * @example
 * ```ts
 * import { Redis } from '@upstash/redis'
 * import { startDevServer } from 'hybrid-cache/dev'
 *
 * const server = await startDevServer()
 * const redis = new Redis({ url: server.url, token: server.token })
 * await redis.set('greeting', 'hello', { ex: 60 })
 * console.log(server.stats().commands) // 1
 * await server.close()
 * ```
 */
export async function startDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const token = checkToken(options.token ?? randomBytes(24).toString('base64url'))
  const port = checkPort(options.port ?? 0)
  const host = checkHost(options.host ?? '127.0.0.1')
  const maxBodyBytes = checkMaxBodyBytes(options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES)
  const engine = createEngine(options.engine ?? 'embedded')
  const backend = new Backend(engine)
  const stats = new StatsCounter()
  const scripts = new ScriptRegistry(backend.connection, engine.knowsShebang)
  const router = new Router(new Executor(backend.connection, scripts, stats), stats)
  const events = new EventStreams(backend.subscriptions, stats)
  const http = createHttpServer({ router, token, maxBodyBytes, events })

  const url = baseUrl(host, await listen(http, host, port))
  const close = async (): Promise<void> => {
    await Promise.all([stopListening(http), backend.close()])
  }
  try {
    await backend.start()
  } catch (cause) {
    await close()
    throw cause
  }
  return {
    url,
    token,
    engine: engine.description,
    env: { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token },
    stats: () => stats.snapshot(),
    resetStats: () => stats.reset(),
    stopRedis: () => backend.stop(),
    startRedis: () => backend.start(),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** An address that means "every interface" is no address to send requests to. */
function baseUrl(host: string, port: number): string {
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`
  if (host === '::') return `http://[::1]:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
