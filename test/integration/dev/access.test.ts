import { request } from 'node:http'
import { Server } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { startDevServer } from '../../../src/dev/index.ts'
import { describeOnEngines, useServer } from './engines.ts'
import { post, rest, run } from './rest.ts'

const WRONG = { error: 'WRONGPASS invalid or missing auth token' }

describe('access', () => {
  const server = useServer({ token: 'correct-horse' })

  test.each([
    '',
    'Bearer',
    'Bearer ',
    'Bearer wrong',
    'Bearer correct-horse2',
    'Basic correct-horse',
    'correct-horse',
  ])('Authorization: %j is a 401', async (authorization) => {
    for (const path of ['/', '/pipeline', '/multi-exec', '/get/a', '/_stats', '/_stats/reset']) {
      const answer = await post(server(), path, [['PING']], { authorization })
      expect(answer.status).toBe(401)
      expect(answer.json).toEqual(WRONG)
    }
  })

  test('no header at all is a 401, and nothing is counted', async () => {
    server().resetStats()
    const response = await fetch(`${server().url}/set/a/b`)
    expect(response.status).toBe(401)
    expect(await response.json()).toEqual(WRONG)
    expect(server().stats()).toEqual({ requests: 0, commands: 0, byCommand: {} })
  })

  test('the token may come in the query and is no argument then', async () => {
    const response = await fetch(`${server().url}/ping/a?_token=correct-horse`)
    expect(await response.json()).toEqual({ result: 'a' })
    expect((await fetch(`${server().url}/ping/a?_token=wrong`)).status).toBe(401)
  })

  test('a server without a given token makes its own', async () => {
    await using one = await startDevServer()
    await using other = await startDevServer()
    expect(one.token).toMatch(/^[\w-]{32}$/)
    expect(one.token).not.toBe(other.token)
    expect(one.env).toEqual({ UPSTASH_REDIS_REST_URL: one.url, UPSTASH_REDIS_REST_TOKEN: one.token })
    expect(one.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  test('by default nothing listens to other machines, the embedded Redis neither', async () => {
    const listening = vi.spyOn(Server.prototype, 'listen')
    try {
      await using _ = await startDevServer()
      const addresses = listening.mock.contexts.map((each) => (each as Server).address())
      expect(addresses).toMatchObject([{ address: '127.0.0.1' }, { address: '127.0.0.1' }])
    } finally {
      listening.mockRestore()
    }
  })

  test('after close() nobody listens, and closing again is fine', async () => {
    const closed = await startDevServer()
    await closed.close()
    await closed.close()
    await expect(rest(closed, '/ping')).rejects.toThrow('fetch failed')
  })

  test.each([
    { port: -1 },
    { port: 70_000 },
    { token: '' },
    { token: 'with space' },
    { host: '' },
    { maxBodyBytes: 0 },
    { engine: { url: 'http://user:secret@host' } },
  ])('%j is refused', async (options) => {
    const failure = await startDevServer(options).catch((cause: unknown) => cause)
    expect(failure).toBeInstanceOf(TypeError)
    expect(String(failure)).not.toContain('secret')
  })

  test('a port that is taken is an error, and the engine does not stay behind', async () => {
    const port = Number(new URL(server().url).port)
    await expect(startDevServer({ port })).rejects.toThrow('EADDRINUSE')
  })
})

describe('the body limit', () => {
  const server = useServer({ maxBodyBytes: 1_000 })

  test('a body up to the limit passes, one byte more is a 413', async () => {
    expect((await post(server(), '/set/a', 'x'.repeat(1_000))).json).toEqual({ result: 'OK' })
    const answer = await post(server(), '/set/b', 'x'.repeat(1_001))
    expect(answer.status).toBe(413)
    expect(answer.json).toEqual({ error: 'ERR max request size exceeded. Limit: 1000 bytes' })
    expect(await run(server(), 'EXISTS', 'b')).toEqual({ result: 0 })
  })

  test('a long body of unannounced length is refused as it comes', async () => {
    const status = await new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${server().token}` }
      const sending = request(`${server().url}/set/c`, { method: 'POST', headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      sending.on('error', reject)
      for (let piece = 0; piece < 200; piece++) sending.write('x'.repeat(1_000))
      sending.end()
    })
    expect(status).toBe(413)
    expect(await run(server(), 'EXISTS', 'c')).toEqual({ result: 0 })
  })
})

describeOnEngines('a body near the default limit', (server) => {
  test('9 MiB go there and back', async () => {
    const value = 'v'.repeat(9 * 2 ** 20)
    expect((await post(server(), '/set/large', value)).json).toEqual({ result: 'OK' })
    expect((await run(server(), 'GET', 'large')) as { result: string }).toEqual({ result: value })
    expect((await post(server(), '/set/large', 'v'.repeat(10 * 2 ** 20 + 1))).status).toBe(413)
  })
})
