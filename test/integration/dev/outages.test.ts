import { createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { startDevServer } from '../../../src/dev/index.ts'
import { startTestRedis } from '../../support/redis-server.ts'
import { describeOnEngines, NO_REDIS } from './engines.ts'
import { post, rest, run } from './rest.ts'
import { soon } from '../../support/soon.ts'

const DOWN = { error: expect.stringMatching(/^ERR the .*Redis engine/) }

describeOnEngines('an outage', (server) => {
  test('every endpoint answers 503 at once, and the server recovers, empty', async () => {
    await run(server(), 'SET', 'kept', 1)
    await server().stopRedis()
    for (const [path, body] of [
      ['/', ['GET', 'kept']],
      ['/pipeline', [['GET', 'kept']]],
      ['/multi-exec', [['PING']]],
    ]) {
      const started = performance.now()
      const answer = await post(server(), String(path), body)
      expect(answer.status).toBe(503)
      expect(answer.json).toEqual(DOWN)
      expect(performance.now() - started).toBeLessThan(5000) // not when it is back
    }
    expect((await rest(server(), '/get/kept')).status).toBe(503)
    expect((await post(server(), '/', ['EVAL', 'return 1', 0])).status).toBe(503)
    expect((await rest(server(), '/_stats')).status).toBe(200)
    const { url } = server()
    await server().startRedis()
    expect(server().url).toBe(url)
    expect(await run(server(), 'GET', 'kept')).toEqual({ result: null })
    expect(await run(server(), 'EVAL', 'return 1', 0)).toEqual({ result: 1 })
  })

  test('stopping and starting twice, or all at once, ends up running', async () => {
    await Promise.all([
      server().stopRedis(),
      server().stopRedis(),
      server().startRedis(),
      server().startRedis(),
    ])
    expect(await run(server(), 'PING')).toEqual({ result: 'PONG' })
    await run(server(), 'SET', 'still', 1)
    await server().startRedis()
    expect(await run(server(), 'GET', 'still')).toEqual({ result: '1' })
  })

  test('a closed server starts no engine', async () => {
    const closed = await startDevServer()
    await closed.close()
    await expect(closed.startRedis()).rejects.toThrow('the local server is closed')
  })

  test('requests during the change either succeed or say that Redis is down', async () => {
    const asking = Array.from({ length: 60 }, async (_, at) => {
      if (at === 20) await server().stopRedis()
      if (at === 40) await server().startRedis()
      return (await post(server(), '/', ['PING'])).status
    })
    expect((await Promise.all(asking)).filter((status) => status !== 200 && status !== 503)).toEqual([])
    expect(await run(server(), 'PING')).toEqual({ result: 'PONG' })
  })
})

describe.skipIf(NO_REDIS)('a spawned Redis', () => {
  test('that died by itself comes back with startRedis', async () => {
    await using server = await startDevServer({ engine: 'redis-server' })
    const { result } = (await run(server, 'INFO', 'server')) as { result: string }
    process.kill(Number(/process_id:(\d+)/.exec(result)?.[1]), 'SIGKILL')
    await soon(async () => expect((await post(server, '/', ['PING'])).status).toBe(503))
    await server.startRedis()
    expect(await run(server, 'PING')).toEqual({ result: 'PONG' })
  })
})

describe.skipIf(NO_REDIS)('a Redis of somebody else', () => {
  test('is used with its password and database, and found again after a crash', async () => {
    await using redis = await startTestRedis('pass@word')
    const url = `redis://:pass%40word@127.0.0.1:${redis.port}/3`
    await using server = await startDevServer({ engine: { url } })
    await using other = await startDevServer({ engine: { url: url.replace('/3', '/4') } })
    await run(server, 'SET', 'here', 1)
    expect(await run(other, 'GET', 'here')).toEqual({ result: null })
    expect(server.engine).toBe(`Redis at 127.0.0.1:${redis.port}`)

    await redis.kill()
    expect((await post(server, '/', ['PING'])).status).toBe(503)
    await redis.restart()
    expect(await run(server, 'PING')).toEqual({ result: 'PONG' })
    expect(await run(server, 'GET', 'here')).toEqual({ result: null })
  })

  test('is neither emptied nor ended by stopRedis', async () => {
    await using redis = await startTestRedis()
    await using server = await startDevServer({ engine: { url: redis.url } })
    await run(server, 'SET', 'theirs', 1)
    await server.stopRedis()
    expect((await post(server, '/', ['GET', 'theirs'])).status).toBe(503)
    await server.startRedis()
    expect(await run(server, 'GET', 'theirs')).toEqual({ result: '1' })
  })

  test('a wrong password is said when the server starts, without the password', async () => {
    await using redis = await startTestRedis('right')
    const starting = startDevServer({ engine: { url: redis.url.replace('right', 'wrong') } })
    await expect(starting).rejects.toThrow(/refused the login/)
    await expect(starting).rejects.not.toThrow(/wrong/)
  })
})

describe('calls in flight', () => {
  test('fail at once when the engine dies before it answered', async () => {
    await using fake = await fakeEngine()
    await using server = await startDevServer({ engine: { url: fake.url } })
    const waiting = [
      post(server, '/', ['GET', 'a']),
      post(server, '/pipeline', [
        ['GET', 'b'],
        ['GET', 'c'],
      ]),
    ]
    await soon(() => expect(fake.gets()).toBe(3))
    fake.hangUp()
    for (const answer of await Promise.all(waiting)) {
      expect(answer.status).toBe(503)
      expect(answer.json).toEqual({ error: expect.stringContaining('was lost before it answered') })
    }
    const again = post(server, '/', ['GET', 'a'])
    await soon(() => expect(fake.gets()).toBe(4))
    fake.send('$1\r\nx\r\n')
    expect((await again).json).toEqual({ result: 'x' })
  })

  test('fail when the engine talks nonsense, and nobody gets another one’s reply', async () => {
    await using fake = await fakeEngine()
    await using server = await startDevServer({ engine: { url: fake.url } })
    const waiting = [post(server, '/', ['GET', 'a']), post(server, '/', ['GET', 'b'])]
    await soon(() => expect(fake.gets()).toBe(2))
    fake.send('$1\r\nx\r\nwhat?\r\n')
    for (const answer of await Promise.all(waiting)) expect(answer.status).toBe(503)
    const again = post(server, '/', ['GET', 'c'])
    await soon(() => expect(fake.gets()).toBe(3))
    fake.send('$1\r\nc\r\n')
    expect((await again).json).toEqual({ result: 'c' })
  })
})

interface FakeEngine extends AsyncDisposable {
  readonly url: string
  /** How many GETs it has received. */
  gets(): number
  send(text: string): void
  hangUp(): void
}

/** Something that greets like Redis, and then answers only what a test makes it answer. */
async function fakeEngine(): Promise<FakeEngine> {
  let socket: Socket | undefined
  let gets = 0
  const listener = createServer((accepted) => {
    socket = accepted
    accepted.on('error', () => undefined)
    accepted.on('data', (data) => {
      if (data.includes('PING')) accepted.write('+PONG\r\n')
      gets += data.toString().split('GET').length - 1
    })
  })
  await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve))
  return {
    url: `redis://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    gets: () => gets,
    send: (text) => void socket?.write(text),
    hangUp: () => void socket?.destroy(),
    async [Symbol.asyncDispose]() {
      socket?.destroy()
      await new Promise((resolve) => void listener.close(resolve))
    },
  }
}
