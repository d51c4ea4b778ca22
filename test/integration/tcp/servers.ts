import { createServer, type AddressInfo, connect as dial, type Socket } from 'node:net'
import { afterAll, beforeAll, describe } from 'vitest'
import { EmbeddedEngine } from '../../../src/dev/engine-embedded.ts'
import { redisServerBin, startTestRedis } from '../../support/redis-server.ts'

/** Whether there is no Redis to spawn: what needs one is skipped then, and the runner says so. */
export const NO_REDIS: boolean = redisServerBin() === undefined

interface Listening {
  readonly port: number
  stop(): Promise<void>
}

async function startRedis(): Promise<Listening> {
  const redis = await startTestRedis()
  return { port: redis.port, stop: () => redis.kill() }
}

async function startEmbedded(): Promise<Listening> {
  const engine = new EmbeddedEngine()
  const { port } = await engine.start()
  return { port, stop: () => engine.stop() }
}

/** Runs a suite on a real Redis and on the embedded engine, over TCP. */
export function onEveryServer(suite: (port: () => number) => void): void {
  for (const { name, start, missing } of [
    { name: 'redis-server', start: startRedis, missing: NO_REDIS },
    { name: 'the embedded engine', start: startEmbedded, missing: false },
  ]) {
    describe.skipIf(missing)(`on ${name}`, () => {
      let server: Listening | undefined
      beforeAll(async () => {
        server = await start()
      })
      afterAll(() => server?.stop())
      suite(() => server?.port ?? 0)
    })
  }
}

/** Something in the way to a server, which can cut connections off. */
export interface Proxy extends AsyncDisposable {
  readonly port: number
  /** All that clients have sent, a text for each time that something arrived. */
  readonly seen: string[]
  /** How many connections there are, and how many there ever were. */
  readonly connections: { open: number; ever: number }
  /** Called with what a client sends; `cut` lets the server have it, and ends the connection before the answer. */
  onData: (text: string) => 'pass' | 'cut' | 'swallow'
}

export async function startProxy(target: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = dial(target, '127.0.0.1')
    proxy.connections.open++
    proxy.connections.ever++
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    }
    client.on('close', () => {
      proxy.connections.open--
      upstream.end()
    })
    upstream.on('close', () => client.destroy())
    let deaf = false
    client.on('data', (data) => {
      const text = data.toString()
      proxy.seen.push(text)
      const decision = proxy.onData(text)
      if (decision === 'swallow') return
      if (decision === 'cut') deaf = true
      upstream.write(data)
      // Long enough for a Redis next door to have run it.
      if (decision === 'cut') setTimeout(() => client.destroy(), 100)
    })
    upstream.on('data', (data) => {
      if (!deaf) client.write(data)
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const proxy: Proxy = {
    port: (server.address() as AddressInfo).port,
    seen: [],
    connections: { open: 0, ever: 0 },
    onData: () => 'pass',
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
  return proxy
}
