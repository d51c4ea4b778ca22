// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** @typedef {{ url: string, token: string, close: () => Promise<void> }} BenchServer */

/**
 * The local server in a process of its own, so that its work is not counted as ours.
 *
 * @param {string[]} options @returns {Promise<BenchServer>}
 */
export async function startServer(...options) {
  const cli = fileURLToPath(new URL('../../dist/dev/cli.js', import.meta.url))
  const args = [cli, 'dev', '--port', '0', ...options]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  /** @type {Record<string, string>} */
  const env = {}
  for await (const line of createInterface({ input: child.stdout })) {
    const [, name, value] = /^(UPSTASH_REDIS_REST_\w+)=(.*)$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) env[name] = value
    if (Object.keys(env).length === 2) break
  }
  const close = async () => {
    child.kill()
    await once(child, 'exit')
  }
  return { url: env['UPSTASH_REDIS_REST_URL'] ?? '', token: env['UPSTASH_REDIS_REST_TOKEN'] ?? '', close }
}

/**
 * One command in one request, as `fetch` alone sends it.
 *
 * @param {BenchServer} server
 */
export function senderTo({ url, token }) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  /** @param {unknown[]} command @param {AbortSignal} [signal] */
  return async (command, signal) => {
    const response = await fetch(`${url}/pipeline`, {
      method: 'POST',
      headers,
      body: JSON.stringify([command]),
      ...(signal && { signal }),
    })
    return JSON.parse(await response.text())[0].result
  }
}

/**
 * The same with a deadline. A Redis that hangs must not hold up its callers, so that a cache never sends a request without one. A timer
 * and a signal are what `fetch` offers for that, and whoever calls it by hand pays for them too.
 *
 * @param {ReturnType<typeof senderTo>} send
 */
export function inTime(send) {
  /** @param {unknown[]} command */
  return async (command) => {
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(), 2000)
    try {
      return await send(command, controller.signal)
    } finally {
      clearTimeout(timer)
    }
  }
}
