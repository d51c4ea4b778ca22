import { inspect } from 'node:util'
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Command, createHybridCache, isCacheError } from '../../../src/index.ts'
import { startTestRedis, type TestRedis } from '../../support/redis-server.ts'
import { soon } from '../../support/soon.ts'
import { type Connected, type IoredisModule, kinds, loadClient } from './clients.ts'
import { NO_REDIS, type Proxy, startProxy } from './servers.ts'

const never = (): AbortSignal => new AbortController().signal
const after = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

/** What happens at once takes no longer than this, in ms, not even on a busy machine. */
const busy = 5000

// Nor must a busy machine make a deadline of a slow answer.
const l2 = { timeout: '20s' } as const

/** What a promise comes to, and how many ms it took. */
async function outcome(work: Promise<unknown>): Promise<{ value: unknown; ms: number }> {
  const start = performance.now()
  const value = await work.catch((error: unknown) => error)
  return { value, ms: performance.now() - start }
}

describe.skipIf(NO_REDIS)('when Redis goes away', () => {
  let redis: TestRedis
  let open: Connected[]
  let proxy: Proxy
  beforeEach(async () => {
    redis = await startTestRedis()
    proxy = await startProxy(redis.port)
    open = []
  })
  afterEach(async () => {
    for (const client of open) client.close()
    await proxy[Symbol.asyncDispose]()
    await redis.kill()
  })

  describe.each(kinds)('$name', (kind) => {
    const connect = async (...args: Parameters<typeof kind.connect>): Promise<Connected> => {
      const client = await kind.connect(...args)
      open.push(client)
      return client
    }
    const send = (client: Connected, ...commands: Command[]): Promise<unknown> =>
      client.transport.send(commands, { signal: never(), idempotent: false })
    const untilGone = (client: Connected): Promise<void> =>
      expect.poll(() => send(client, ['PING']).catch(() => 'no'), { timeout: 5000 }).toEqual('no')
    const untilBack = (client: Connected): Promise<void> =>
      expect.poll(() => send(client, ['PING']).catch(() => 'no'), { timeout: 5000 }).toEqual(['PONG'])

    test('a cache goes on without it, fails fast, and uses it again when it is back', async () => {
      const { transport } = await connect(redis.port)
      const cache = createHybridCache({ redis: transport, l2 })
      const codes: string[] = []
      cache.on('error', ({ error }) => codes.push(error.code))
      await cache.set('before', 1)
      await redis.kill()
      await untilGone(open[0] as Connected)
      expect(await cache.get('before')).toBe(1)
      const read = await outcome(cache.get('before', { l1: false }))
      expect(read.value).toBeUndefined()
      expect(read.ms).toBeLessThan(busy)
      expect(await cache.getOrCreate('during', () => 2)).toBe(2)
      const write = await outcome(cache.set('before', 3))
      expect(write.value).toMatchObject({ code: 'L2_NETWORK', retryable: true })
      expect(write.ms).toBeLessThan(busy)
      expect(new Set(codes)).toEqual(new Set(['L2_NETWORK']))
      await redis.restart()
      await untilBack(open[0] as Connected)
      await cache.set('after', 4)
      expect(await createHybridCache({ redis: transport, l2 }).get('after')).toBe(4)
    })

    test('a request in flight fails when the connection breaks, and never waits for the next one', async () => {
      const client = await connect(proxy.port)
      proxy.onData = () => 'cut'
      const { value, ms } = await outcome(send(client, ['INCR', 'n'], ['GET', 'n']))
      expect(value).toSatisfy(isCacheError)
      expect(value).toMatchObject({ code: 'L2_NETWORK' })
      expect(ms).toBeLessThan(busy)
    })

    test.each([false, true])(
      'what was in flight does not run twice (offline queue: %s)',
      async (offlineQueue) => {
        const client = await connect(proxy.port, { offlineQueue })
        proxy.onData = () => 'cut'
        const calls = Array.from({ length: 5 }, () => outcome(send(client, ['INCR', 'n'], ['INCR', 'm'])))
        await Promise.all(calls)
        proxy.onData = () => 'pass'
        await untilBack(client)
        await after(100)
        expect(await send(client, ['MGET', 'n', 'm'])).toEqual([['5', '5']])
      },
    )

    test.each([false, true])(
      'what was asked while it was away does not run later (offline queue: %s)',
      async (offlineQueue) => {
        const client = await connect(redis.port, { offlineQueue })
        await redis.kill()
        await untilGone(client)
        for (let i = 0; i < 10; i++) {
          const { value } = await outcome(send(client, ['INCR', 'n']))
          expect(value).toMatchObject({ code: 'L2_NETWORK' })
          await after(10)
        }
        await redis.restart()
        await untilBack(client)
        await after(100)
        expect(await send(client, ['GET', 'n'])).toEqual([null])
      },
    )

    test.each([false, true])(
      'what is asked while it connects for the first time waits, in order (offline queue: %s)',
      async (offlineQueue) => {
        const client = await connect(redis.port, { wait: false, offlineQueue })
        const key = randomUUID()
        const replies = await Promise.all(
          Array.from({ length: 5 }, (_, i) => send(client, ['APPEND', key, String(i)], ['GET', key])),
        )
        expect(replies.at(-1)).toEqual([5, '01234'])
      },
    )

    test.each([false, true])(
      'what was given up before there was a connection never runs (offline queue: %s)',
      async (offlineQueue) => {
        const client = await connect(redis.port, { wait: false, offlineQueue })
        const controller = new AbortController()
        const call = client.transport.send([['SET', 'k', 'late']], {
          signal: controller.signal,
          idempotent: true,
        })
        controller.abort(new Error('enough'))
        await expect(call).rejects.toThrow('enough')
        await untilBack(client)
        expect(await send(client, ['GET', 'k'])).toEqual([null])
      },
    )

    test('a client that connects when it is first used does so', async () => {
      const client = await connect(redis.port, { wait: false, lazy: true })
      expect(await send(client, ['PING'])).toEqual(['PONG'])
    })

    test('a server that never was there fails what waits for it', async () => {
      await redis.kill()
      const client = await connect(redis.port, { wait: false })
      const { value, ms } = await outcome(send(client, ['GET', 'k']))
      expect(value).toMatchObject({ code: 'L2_NETWORK' })
      expect(ms).toBeLessThan(busy)
    })

    test('a client that was closed fails at once', async () => {
      const client = await connect(redis.port)
      client.close()
      const { value, ms } = await outcome(send(client, ['GET', 'k']))
      expect(value).toMatchObject({ code: 'L2_NETWORK' })
      expect(ms).toBeLessThan(busy)
    })

    test('a server that hangs is cut off by the deadline, and answers in order when it goes on', async () => {
      const { transport } = await connect(redis.port)
      const cache = createHybridCache({ redis: transport, l2: { timeout: 200 } })
      const patient = createHybridCache({ redis: transport, l2 })
      await soon(() => cache.set('k', 1))
      process.kill(redis.pid, 'SIGSTOP')
      try {
        const read = await outcome(cache.get('k', { l1: false }))
        expect(read.value).toBeUndefined()
        expect(read.ms).toBeGreaterThan(150)
        expect(read.ms).toBeLessThan(busy)
        expect((await outcome(cache.set('k', 2))).value).toMatchObject({ code: 'L2_TIMEOUT' })
        const controller = new AbortController()
        setTimeout(() => controller.abort(new Error('left')), 20)
        const left = await outcome(patient.get('k', { signal: controller.signal }))
        expect(left.value).toEqual(new Error('left'))
        expect(left.ms).toBeLessThan(busy)
      } finally {
        process.kill(redis.pid, 'SIGCONT')
      }
      // The answers to what was given up arrive first, and belong to nobody.
      await patient.set('other', 3)
      expect(await createHybridCache({ redis: transport, l2 }).get('other')).toBe(3)
      // It was written before the deadline, and has run.
      expect(await createHybridCache({ redis: transport, l2 }).get('k')).toBe(2)
    })

    test('a batch leaves in one write', async () => {
      const client = await connect(proxy.port)
      proxy.seen.length = 0
      await send(client, ...Array.from({ length: 50 }, (_, i): Command => ['SET', `k${i}`, 'v']))
      expect(proxy.seen.length).toBe(1)
    })

    test('requests at the same time keep their order, each in one piece', async () => {
      const client = await connect(redis.port)
      await Promise.all(
        Array.from({ length: 20 }, (_, i) => send(client, ['RPUSH', 'l', `${i}a`], ['RPUSH', 'l', `${i}b`])),
      )
      const expected = Array.from({ length: 20 }, (_, i) => [`${i}a`, `${i}b`]).flat()
      expect(await send(client, ['LRANGE', 'l', 0, -1])).toEqual([expected])
    })

    test('errors show neither keys, values nor the server', async () => {
      const { transport } = await connect(proxy.port)
      const shown: unknown[] = []
      const cache = createHybridCache({ redis: transport, l2, on: { error: (event) => shown.push(event) } })
      await cache.get('warm')
      proxy.onData = () => 'cut'
      shown.push((await outcome(cache.set('canary-key', 'canary-value'))).value)
      shown.push((await outcome(send(open.at(-1) as Connected, ['GET', 'canary-key']))).value)
      expect(shown.filter(isCacheError).length).toBe(2)
      const text = inspect(shown, { depth: 20, showHidden: true }) + JSON.stringify(shown)
      expect(text).not.toMatch(/canary/)
      expect(text).not.toContain(String(proxy.port))
    })
  })

  // Why fromIoredis() refuses a client as it comes.
  test.each(['ioredis', 'ioredis-5'])('%s by default runs what was in flight twice', async (name) => {
    const { Redis } = loadClient<IoredisModule>(name)
    const client = new Redis({ port: proxy.port, host: '127.0.0.1', retryStrategy: () => 20 })
    open.push({
      transport: { send: () => Promise.reject(new Error('unused')) },
      close: () => client.disconnect(),
    })
    await new Promise<void>((resolve) => client.once('ready', resolve))
    proxy.onData = (text) => {
      proxy.onData = () => 'pass'
      return text.includes('incr') || text.includes('INCR') ? 'cut' : 'pass'
    }
    const pipeline = client.pipeline()
    pipeline.call('INCR', 'n')
    expect(await pipeline.exec()).toEqual([[null, 2]])
  })
})
