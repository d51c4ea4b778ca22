import { expect, test } from 'vitest'
import { type Command, RedisReplyError } from '../../../src/index.ts'
import { fromIoredis, fromNodeRedis, type NodeRedisClient } from '../../../src/platform/redis/index.ts'

type Event = 'ready' | 'reconnecting' | 'end' | 'close'

/** A client that does as a test says: it is told what to answer, and writes down what it was asked. */
class FakeClient {
  isOpen = true
  isReady = true
  readonly asked: string[] = []
  answer: (args: readonly string[]) => unknown = () => 'OK'
  readonly #listeners = new Map<Event, () => void>()
  on(event: Event, listener: () => void): void {
    this.#listeners.set(event, listener)
  }
  emit(event: Event): void {
    this.#listeners.get(event)?.()
  }
  async select(): Promise<void> {}
  duplicate(): never {
    throw new Error('nobody subscribes here')
  }
  async sendCommand(args: string[]): Promise<unknown> {
    this.asked.push(args.join(' '))
    const value = await this.answer(args)
    if (value instanceof Error) throw value
    return value
  }
}

const signal = new AbortController().signal
const ask = (client: NodeRedisClient, ...commands: Command[]): Promise<readonly unknown[]> =>
  fromNodeRedis(client).send(commands, { signal, idempotent: true })
const answerOf = async (value: unknown): Promise<unknown> => {
  const client = new FakeClient()
  client.answer = () => value
  return (await ask(client, ['GET', 'k']))[0]
}

test('arguments go out as text, whatever they are', async () => {
  const client = new FakeClient()
  await ask(client, ['SET', 'k', 1.5, 'PX', 60_000])
  expect(client.asked).toEqual(['SET k 1.5 PX 60000'])
})

test.each([
  ['bytes', new TextEncoder().encode('\uFEFFü🐎'), '\uFEFFü🐎'],
  [
    'a map',
    new Map<string, unknown>([
      ['a', 1],
      ['b', [true]],
    ]),
    ['a', 1, 'b', [1]],
  ],
  ['a set', new Set(['a', null]), ['a', null]],
  ['a double', 1.5, '1.5'],
  ['a bigint', 2n ** 70n, '1180591620717411303424'],
  ['false', false, 0],
  ['nothing', null, null],
])('a reply is made plain: %s', async (_, value, plain) => {
  expect(await answerOf(value)).toEqual(plain)
})

test.each([undefined, Symbol('x'), () => 1, new Date(0), [undefined]])(
  'a reply of no known kind fails the batch',
  async (value) => {
    await expect(answerOf(value)).rejects.toMatchObject({ code: 'L2_REPLY', retryable: false })
  },
)

test('errors of Redis are told by their class, or by their text where a bundler has renamed it', async () => {
  class ErrorReply extends Error {}
  class SimpleError extends ErrorReply {}
  class a extends Error {}
  for (const error of [
    new SimpleError('no kind at all'),
    new a('WRONGTYPE no'),
    new a('ERR no'),
    new a('EXECABORT'),
  ])
    expect(await answerOf(error)).toEqual(new RedisReplyError(error.message))
})

test.each([
  new Error('Socket closed unexpectedly'),
  new Error('The client is closed'),
  new Error('A thing failed'),
  Object.assign(new Error('ERR socket'), { code: 'ECONNRESET' }),
  new TypeError('"arguments[0]" must be of type "string"'),
])('any other error means that there was no answer: %s', async (error) => {
  await expect(answerOf(error)).rejects.toMatchObject({
    code: 'L2_NETWORK',
    message: 'the connection to Redis failed',
  })
})

test('one command without an answer leaves the whole batch without one', async () => {
  const client = new FakeClient()
  client.answer = ([name]) => (name === 'GET' ? new Error('Socket closed unexpectedly') : 'OK')
  await expect(ask(client, ['SET', 'k', 'v'], ['GET', 'k'])).rejects.toMatchObject({ code: 'L2_NETWORK' })
})

test('what waits is written in order, also before what comes when the client is ready but has not said so', async () => {
  const client = new FakeClient()
  client.isReady = false
  const transport = fromNodeRedis(client)
  const send = (name: string): Promise<unknown> => transport.send([[name]], { signal, idempotent: true })
  const early = [send('1'), send('2')]
  client.isReady = true
  await Promise.all([...early, send('3')])
  client.emit('ready')
  expect(client.asked).toEqual(['1', '2', '3'])
})

test('after the end of a connection nothing waits, until there is a new one', async () => {
  const client = new FakeClient()
  client.answer = () => new Promise(() => {})
  const transport = fromNodeRedis(client)
  const send = (): Promise<unknown> => transport.send([['GET', 'k']], { signal, idempotent: true })
  const flying = send()
  client.isReady = false
  const waiting = send()
  client.emit('reconnecting')
  await expect(flying).rejects.toMatchObject({ code: 'L2_NETWORK' })
  await expect(waiting).rejects.toMatchObject({ code: 'L2_NETWORK' })
  await expect(send()).rejects.toMatchObject({ message: 'the Redis client is not connected' })
  expect(client.asked.length).toBe(1)
  client.isReady = true
  client.answer = () => 'v'
  client.emit('ready')
  expect(await send()).toEqual(['v'])
  client.isReady = false
  const again = send()
  client.emit('ready')
  expect(await again).toEqual(['v'])
})

test('listeners on a signal go when the request ends', async () => {
  const client = new FakeClient()
  const controller = new AbortController()
  let listening = 0
  const { addEventListener, removeEventListener } = controller.signal
  controller.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listening++
    addEventListener.apply(controller.signal, args)
  }
  controller.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listening--
    removeEventListener.apply(controller.signal, args)
  }
  const transport = fromNodeRedis(client)
  const options = { signal: controller.signal, idempotent: true }
  await transport.send([['GET', 'k']], options)
  client.answer = () => new Error('Socket closed unexpectedly')
  await transport.send([['GET', 'k']], options).catch(() => {})
  expect(listening).toBe(0)
})

test('a pipeline of ioredis that gives nothing, or fails as a whole, is no answer', async () => {
  const client = (exec: () => Promise<never[] | null>): Parameters<typeof fromIoredis>[0] => ({
    status: 'ready',
    options: { autoResendUnfulfilledCommands: false },
    connect: async () => {},
    on: () => {},
    pipeline: () => ({ call: () => {}, exec }),
    duplicate: () => {
      throw new Error('nobody subscribes here')
    },
  })
  const failing = fromIoredis(client(() => Promise.reject(new Error('no'))))
  await expect(failing.send([['GET', 'k']], { signal, idempotent: true })).rejects.toMatchObject({
    code: 'L2_NETWORK',
  })
  expect(
    await fromIoredis(client(async () => null)).send([['GET', 'k']], { signal, idempotent: true }),
  ).toEqual([])
})
