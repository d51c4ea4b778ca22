import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

const START_TIMEOUT_MS = 10_000

/** A running `redis-server`. */
export interface RedisProcess {
  readonly pid: number
  /** Ends it at once and waits until it is gone. */
  kill(): Promise<void>
}

/**
 * Spawns Redis and waits until it accepts connections. Both children lead their own process group, so a Ctrl-C in
 * the terminal reaches only us, and we end them in order.
 */
export async function startRedisProcess(
  program: string,
  args: readonly string[],
  folder: string,
): Promise<RedisProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  const guard = child.pid === undefined ? undefined : startGuard(child.pid, folder)
  // When Redis has ended, its id may be reused: the guard must not hold it any longer.
  child.once('exit', () => guard?.kill('SIGKILL'))
  try {
    await ready(child)
  } catch (cause) {
    await end(guard)
    await end(child)
    throw cause
  }
  return {
    pid: child.pid ?? 0,
    async kill() {
      await end(guard)
      await end(child)
    },
  }
}

/** Waits for the line in which Redis says that it is up. Its output is read to the end, or it would block on it. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    const timer = setTimeout(() => reject(new Error('redis-server did not start in time')), START_TIMEOUT_MS)
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < 10_000) output += text
      if (!output.includes('Ready to accept connections')) return
      clearTimeout(timer)
      resolve()
    })
    const fail = (why: string): void => {
      clearTimeout(timer)
      reject(new Error(`redis-server did not start: ${why}`))
    }
    child.once('error', (cause) => fail(cause.message))
    child.once('exit', () => fail(output.trim().split('\n').at(-1) ?? 'it ended at once'))
  })
}

/**
 * When this process dies without a chance to clean up, the pipe to the guard closes and the guard ends Redis. The
 * shell's own `read` does the waiting: one small process, no polling.
 */
function startGuard(pid: number, folder: string): ChildProcess | undefined {
  if (process.platform === 'win32') return undefined
  const guard = spawn('/bin/sh', ['-c', 'read -r _; kill -9 "$0"; rmdir "$1"', String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  // No shell, no guard: the orderly ways to end still work.
  guard.on('error', () => undefined)
  guard.stdin?.on('error', () => undefined)
  return guard
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
