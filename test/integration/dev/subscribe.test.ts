import { connect } from 'node:net'
import { Redis } from '@upstash/redis'
import { afterEach, expect, test } from 'vitest'
import { startDevServer } from '../../../src/dev/index.ts'
import { describeOnEngines } from './engines.ts'
import { rest, run } from './rest.ts'
import { soon } from '../../support/soon.ts'

const streams: AbortController[] = []
afterEach(() => {
  for (const stream of streams.splice(0)) stream.abort()
})

/** What comes on an event stream, as it comes. */
async function listen(
  server: { readonly url: string; readonly token: string },
  path: string,
  method = 'POST',
): Promise<{ text: () => string; ended: Promise<void>; type: string | null; leave: () => void }> {
  const stream = new AbortController()
  streams.push(stream)
  const headers = { authorization: `Bearer ${server.token}` }
  const response = await fetch(`${server.url}${path}`, { method, headers, signal: stream.signal })
  expect(response.status).toBe(200)
  let text = ''
  const read = async (): Promise<void> => {
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += piece
  }
  const ended = read().catch(() => undefined)
  const type = response.headers.get('content-type')
  return { text: () => text, ended, type, leave: () => stream.abort() }
}

describeOnEngines('subscriptions', (server) => {
  test.each(['POST', 'GET'])('%s: what is published comes as events', async (method) => {
    const heard = await listen(server(), '/subscribe/app:c%7B1%7D', method)
    expect(heard.type).toBe('text/event-stream')
    await soon(() => expect(heard.text()).toBe('data: subscribe,app:c{1},1\n\n'))
    expect(await run(server(), 'PUBLISH', 'app:c{1}', 'a,b ü')).toEqual({ result: 1 })
    expect(await run(server(), 'PUBLISH', 'other', 'no')).toEqual({ result: 0 })
    expect(await run(server(), 'PUBLISH', 'app:c{1}', 'two\nlines')).toEqual({ result: 1 })
    await soon(() =>
      expect(heard.text()).toBe(
        'data: subscribe,app:c{1},1\n\ndata: message,app:c{1},a,b ü\n\ndata: message,app:c{1},two\ndata: lines\n\n',
      ),
    )
  })

  test('by pattern', async () => {
    const heard = await listen(server(), '/psubscribe/news.*')
    await soon(() => expect(heard.text()).toBe('data: psubscribe,news.*,1\n\n'))
    await run(server(), 'PUBLISH', 'news.tech', 'x')
    await soon(() => expect(heard.text()).toContain('data: pmessage,news.*,news.tech,x\n\n'))
  })

  test('a stream is one request and one command, its messages nothing', async () => {
    server().resetStats()
    const heard = await listen(server(), '/subscribe/c')
    await soon(() => expect(heard.text()).toContain('subscribe,c,1'))
    await run(server(), 'PUBLISH', 'c', 'x')
    await soon(() => expect(heard.text()).toContain('message,c,x'))
    expect(server().stats()).toEqual({ requests: 2, commands: 2, byCommand: { SUBSCRIBE: 1, PUBLISH: 1 } })
  })

  test('who leaves is no longer counted', async () => {
    const heard = await listen(server(), '/subscribe/left')
    await soon(() => expect(heard.text()).toContain('subscribe,left,1'))
    heard.leave()
    await soon(async () => expect(await run(server(), 'PUBLISH', 'left', 'x')).toEqual({ result: 0 }))
  })

  test('the token is asked for, and other methods and names are refused', async () => {
    const refused = await fetch(`${server().url}/subscribe/c`, { method: 'POST' })
    expect(refused.status).toBe(401)
    await refused.body?.cancel()
    expect((await rest(server(), '/subscribe/c', { method: 'PUT' })).status).toBe(400)
    expect((await rest(server(), '/subscribe/a//b', { method: 'POST' })).status).toBe(400)
    expect((await rest(server(), '/subscribe/', { method: 'POST' })).status).toBe(400)
  })

  test.each(['/subscribe/50%off', '/psubscribe/%zz*'])(
    '%s is refused, and the server goes on',
    async (path) => {
      const answer = await rest(server(), path)
      expect(answer.status).toBe(400)
      expect(answer.json).toEqual({ error: 'ERR the URL has a % without two hex digits after it' })
    },
  )

  test('@upstash/redis subscribes as it is', async () => {
    const redis = new Redis({ url: server().url, token: server().token, enableTelemetry: false })
    const subscriber = redis.subscribe<{ a: number }>('client')
    const messages: unknown[] = []
    const ready = new Promise((done) => subscriber.on('subscribe', done))
    subscriber.on('message', (message) => messages.push(message))
    expect(await ready).toBe(1)
    await redis.publish('client', { a: 1 })
    await soon(() => expect(messages).toEqual([{ channel: 'client', message: { a: 1 } }]))
    await subscriber.unsubscribe()
    await soon(async () => expect(await redis.publish('client', 'x')).toBe(0))
  })

  test('@upstash/redis subscribes to a pattern', async () => {
    const redis = new Redis({ url: server().url, token: server().token, enableTelemetry: false })
    const subscriber = redis.psubscribe<string>('user:*')
    const messages: unknown[] = []
    const ready = new Promise((done) => subscriber.on('psubscribe', done))
    subscriber.on('pmessage', (message) => messages.push(message))
    await ready
    await redis.publish('user:1', '"x"')
    await soon(() =>
      expect(messages).toEqual([{ pattern: 'user:*', channel: 'user:1', message: expect.anything() }]),
    )
    await subscriber.unsubscribe()
  })

  test('who does not read is cut off', async () => {
    const { hostname, port } = new URL(server().url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    socket.write(`GET /subscribe/slow HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server().token}\r\n\r\n`)
    const listeners = async (): Promise<unknown> => run(server(), 'PUBSUB', 'NUMSUB', 'slow')
    await soon(async () => expect(await listeners()).toEqual({ result: ['slow', 1] }))
    socket.pause()
    const megabyte = 'x'.repeat(2 ** 20)
    for (let i = 0; i < 60; i++) {
      const heard = (await run(server(), 'PUBLISH', 'slow', megabyte)) as { result: number }
      if (heard.result === 0) break
    }
    await soon(async () => expect(await listeners()).toEqual({ result: ['slow', 0] }))
    socket.destroy()
  })

  test('streams end with the engine and with the server, and begin again', async () => {
    const own = await startDevServer({
      engine: server().engine.startsWith('embedded') ? 'embedded' : 'redis-server',
    })
    try {
      const first = await listen(own, '/subscribe/c')
      await soon(() => expect(first.text()).toContain('subscribe,c,1'))
      await own.stopRedis()
      await first.ended
      expect((await rest(own, '/subscribe/c', { method: 'POST' })).status).toBe(503)
      await own.startRedis()
      const second = await listen(own, '/subscribe/c')
      await soon(() => expect(second.text()).toContain('subscribe,c,1'))
      await own.close()
      await second.ended
    } finally {
      await own.close()
    }
  })
})
