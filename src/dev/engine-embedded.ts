import type { Server } from 'node:net'
import type { Endpoint, Engine } from './engine.ts'

const RUN_WITH_ENGINE = 'npx -p hybrid-cache -p js-redis-server hybrid-cache dev'

interface EmbeddedServer {
  readonly host: string
  readonly port: number
  readonly server: { readonly server: Server }
  close(): Promise<void>
}

type StartServer = (options: { port: number; compatibility: 'redis-7.0' }) => Promise<EmbeddedServer>

/** A Redis written in JavaScript, inside this process: nothing to install beside one npm package. */
export class EmbeddedEngine implements Engine {
  readonly description = 'embedded engine (js-redis-server, in memory)'
  readonly knowsShebang = false
  #server: EmbeddedServer | undefined

  async start(): Promise<Endpoint> {
    const startServer = await loadStartServer()
    this.#server = await startServer({ port: 0, compatibility: 'redis-7.0' })
    // It writes each reply of a pipeline by itself; held back until we have acknowledged the one before, the second
    // would come 40 ms late.
    this.#server.server.server.on('connection', (socket) => socket.setNoDelay(true))
    return { host: this.#server.host, port: this.#server.port }
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    await server?.close()
  }
}

/** The package is an optional peer: only who runs the embedded engine needs it. */
async function loadStartServer(): Promise<StartServer> {
  try {
    const { createRedisServer } = await import('js-redis-server')
    return createRedisServer
  } catch (cause) {
    if (!isMissing(cause)) throw cause
    throw new Error(
      `The embedded engine needs the package js-redis-server, which is not installed. Run\n\n  ${RUN_WITH_ENGINE}\n\n` +
        'or add js-redis-server to your devDependencies, or use a real Redis: --engine redis-server, --redis <url>.',
      { cause },
    )
  }
}

function isMissing(cause: unknown): boolean {
  return (
    cause instanceof Error &&
    'code' in cause &&
    /^(ERR_)?MODULE_NOT_FOUND$/.test(String(cause.code)) &&
    cause.message.includes('js-redis-server')
  )
}
