import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { findRedisServer } from '../../src/dev/redis-binary.ts'

/** The `redis-server` program that tests may spawn (`REDIS_SERVER_BIN`, else `PATH`), or `undefined`. */
export function redisServerBin(): string | undefined {
  return findRedisServer()
}

/** A real Redis for a test, on a port that stays the same across restarts. */
export interface TestRedis extends AsyncDisposable {
  readonly port: number
  readonly url: string
  readonly pid: number
  /** Kills it at once, as a crash would. */
  kill(): Promise<void>
  /** Starts it again, empty, on the same port. */
  restart(): Promise<void>
}

/** Spawns a real Redis; `password` makes it ask for one. Throws when there is no `redis-server`. */
export async function startTestRedis(password?: string): Promise<TestRedis> {
  const spawned = await spawnSomewhere(password)
  const { port } = spawned
  let { child } = spawned
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  return {
    port,
    url: `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`,
    get pid() {
      return child.pid ?? 0
    },
    kill,
    async restart() {
      await kill()
      child = await spawnRedis(port, password)
    },
    [Symbol.asyncDispose]: kill,
  }
}

/** A port that was free a moment ago may be somebody else's by now: then another one is tried. */
async function spawnSomewhere(
  password: string | undefined,
  attempts = 5,
): Promise<{ port: number; child: ChildProcess }> {
  const port = await freePort()
  try {
    return { port, child: await spawnRedis(port, password) }
  } catch (error) {
    if (attempts <= 1) throw error
    return spawnSomewhere(password, attempts - 1)
  }
}

async function spawnRedis(port: number, password: string | undefined): Promise<ChildProcess> {
  const program = redisServerBin()
  if (program === undefined) throw new Error('no redis-server in REDIS_SERVER_BIN or PATH')
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '']
  if (password !== undefined) args.push('--requirepass', password)
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new Error('redis-server ended before it was ready')))
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('Ready to accept connections')) resolve()
    })
  })
  return child
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
