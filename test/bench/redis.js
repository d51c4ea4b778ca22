// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createHybridCache } from 'hybrid-cache'
import { sample } from './payload.js'

/** The local server in a process of its own, so that its work is not counted as ours. */
async function startServer() {
  const cli = fileURLToPath(new URL('../../dist/dev/cli.js', import.meta.url))
  const child = spawn(process.execPath, [cli, 'dev', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
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

/** @returns {Promise<{ pairs: import('./ratio.js').Pair[], close: () => Promise<void> }>} */
export async function redisPairs() {
  const { url, token, close } = await startServer()
  const value = sample(3000)
  const cache = createHybridCache({ redis: { url, token } })
  await cache.set('key', value)
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  /** @param {unknown[]} command @param {AbortSignal} [signal] */
  const send = async (command, signal) => {
    const response = await fetch(`${url}/pipeline`, {
      method: 'POST',
      headers,
      body: JSON.stringify([command]),
      ...(signal && { signal }),
    })
    return JSON.parse(await response.text())[0].result
  }
  const get = async () => JSON.parse(await send(['GET', 'plain']))
  const getInTime = async () => {
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(), 2000)
    try {
      return JSON.parse(await send(['GET', 'plain'], controller.signal))
    } finally {
      clearTimeout(timer)
    }
  }
  const getByGet = async () => {
    const response = await fetch(`${url}/get/plain`, { headers })
    return JSON.parse(JSON.parse(await response.text()).result)
  }
  await send(['SET', 'plain', JSON.stringify(value)])
  const contender = () => cache.get('key', { l1: false })
  // Many short slices: what else the machine does while a request is away then hits both of a pair alike, or few of them.
  const size = { loops: 10, rounds: 601 }
  const pairs = [
    // A Redis that hangs must not hold up its callers, so that a cache never sends a request without a deadline. A timer and a
    // signal are what `fetch` offers for one, and whoever calls it by hand pays for them too.
    { name: 'L2 hit, get, 3 KB, decoded', limit: 1.1, ...size, floor: getInTime, contender },
    { name: 'the same, beside POST without a deadline', limit: Infinity, ...size, floor: get, contender },
    // No client of Upstash reaches this one: it sends its commands by POST, which costs more in `fetch` itself.
    { name: 'the same, beside HTTP GET', limit: Infinity, ...size, floor: getByGet, contender },
  ]
  return { pairs, close }
}
