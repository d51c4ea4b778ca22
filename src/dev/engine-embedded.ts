import type { Server } from 'node:net'
import type { Endpoint, Engine } from './engine.ts'
import { listen } from './listen.ts'

const RUN_WITH_ENGINE = 'npx -p hybrid-cache -p js-redis-server hybrid-cache dev'

const HOST = '127.0.0.1'

interface EmbeddedServer {
  readonly server: Server
  close(): Promise<void>
}

/** A Redis written in JavaScript, inside this process: nothing to install besides one npm package. */
export class EmbeddedEngine implements Engine {
  readonly description = 'embedded engine (js-redis-server, in memory)'
  readonly knowsShebang = false
  #server: EmbeddedServer | undefined

  async start(): Promise<Endpoint> {
    const embedded = await createServer()
    // It writes each reply of a pipeline separately; with Nagle's algorithm the second would wait for our
    // acknowledgement of the first, some 40 ms.
    embedded.server.on('connection', (socket) => socket.setNoDelay(true))
    // Its own way to listen binds every interface, and there is no password here.
    const port = await listen(embedded.server, HOST, 0)
    this.#server = embedded
    return { host: HOST, port }
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    await server?.close()
  }
}

/** The server as the package makes it, except that it does not listen yet. */
async function createServer(): Promise<EmbeddedServer> {
  const { createRedisCommandExecutor, RedisServerState, Resp2Server } = await loadPackage()
  const compatibility = 'redis-7.0'
  return new Resp2Server({
    server: new RedisServerState({ databaseCount: 16, compatibility }),
    executor: createRedisCommandExecutor({ compatibility }),
  })
}

/** The package is an optional peer: only the embedded engine needs it. */
async function loadPackage(): Promise<typeof import('js-redis-server/core')> {
  try {
    return await import('js-redis-server/core')
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
