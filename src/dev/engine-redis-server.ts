import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Endpoint, Engine } from './engine.ts'
import { findRedisServer } from './redis-binary.ts'
import { startRedisProcess, type RedisProcess } from './redis-process.ts'

const HOST = '127.0.0.1'
const ATTEMPTS = 5

/** A real `redis-server`, spawned for this server alone: in memory only, on a free loopback port. */
export class RedisServerEngine implements Engine {
  readonly description = 'redis-server (spawned, in memory)'
  readonly knowsShebang = true
  #running: { process: RedisProcess; folder: string } | undefined

  async start(): Promise<Endpoint> {
    const program = findRedisServer()
    if (program === undefined) {
      throw new Error(
        'No redis-server program was found in PATH or REDIS_SERVER_BIN. Install Redis, or use the embedded engine.',
      )
    }
    const folder = await mkdtemp(join(tmpdir(), 'hybrid-cache-redis-'))
    try {
      const { process, port } = await startOnFreePort(program, folder)
      this.#running = { process, folder }
      return { host: HOST, port }
    } catch (cause) {
      await rm(folder, { recursive: true, force: true })
      throw cause
    }
  }

  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    if (running === undefined) return
    await running.process.kill()
    await rm(running.folder, { recursive: true, force: true })
  }
}

/** Between finding a free port and Redis taking it, another process may have been faster: then try the next. */
async function startOnFreePort(
  program: string,
  folder: string,
): Promise<{ process: RedisProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    try {
      return { process: await startRedisProcess(program, serverArguments(port, folder), folder), port }
    } catch (cause) {
      if (attempt === ATTEMPTS) throw cause
    }
  }
}

function serverArguments(port: number, folder: string): string[] {
  return ['--port', String(port), '--bind', HOST, '--save', '', '--appendonly', 'no', '--dir', folder]
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, HOST, () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
