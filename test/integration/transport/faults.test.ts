import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type CacheErrorCode, createHybridCache, type Credentials, isCacheError } from '../../../src/index.ts'
import { connect as connectRedis, type Link, type RedisTier } from '../../../src/redis/index.ts'
import { createUpstashTransport } from '../../../src/redis/upstash.ts'
import { systemClock } from '../../../src/runtime.ts'
import { Counters, type L2Stats } from '../../../src/stats.ts'
import { canary, expectNothingShown } from '../../support/canary.ts'
import { answer, type RawServer, type Responder, startRawServer } from '../../support/raw-http.ts'
import { record } from '../../support/world.ts'

let server: RawServer
beforeAll(async () => {
  server = await startRawServer(answer(200, '[]'))
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(() => {
  server.requests.length = 0
})

const urlOf = (origin: string): string => `${origin}/${canary.path}`

/** L2 against the raw server. No call of it asks for the time first. */
function connect(timeout = 15_000, origin = server.origin): { tier: RedisTier; stats: L2Stats } {
  const stats = new Counters().l2
  const credentials: Credentials = { url: urlOf(origin), token: canary.token }
  const { tier, link } = connectRedis(credentials, { timeout, retries: 1 }, { clock: systemClock, stats })
  links.set(tier, link)
  return { tier, stats }
}

const links = new Map<RedisTier, Link>()

/** What a write sends, which mostly must not be sent twice. */
function write(
  tier: RedisTier,
  idempotent: boolean,
  {
    key = canary.key,
    value = canary.value,
    signal,
  }: { key?: string; value?: string; signal?: AbortSignal } = {},
): Promise<unknown> {
  return (links.get(tier) as Link).send(['SET', key, value, 'PX', 1000], { idempotent, signal })
}

/** The error of a call, which must be a CacheError and show nothing. */
async function failureOf(call: Promise<unknown>): Promise<{ code: CacheErrorCode; retryable: boolean }> {
  const error: unknown = await call.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  )
  expectNothingShown(error, server.origin, new URL(server.origin).port)
  if (!isCacheError(error)) throw error
  return error
}

const html = '<html><title>502 Bad Gateway</title>canary-token-1 canary-value</html>'
const echo =
  (status: number, text: string): Responder =>
  (response, request) =>
    answer(status, JSON.stringify({ error: `${text} ${request.body} ${request.headers.authorization}` }))(
      response,
      request,
    )

const faults: [string, Responder, CacheErrorCode, requests: { once: number; twice: number }][] = [
  ['401 JSON', echo(401, 'WRONGPASS invalid or missing auth token'), 'L2_AUTH', { once: 1, twice: 1 }],
  ['401 Unauthorized', answer(401, '{"error":"Unauthorized"}'), 'L2_AUTH', { once: 1, twice: 1 }],
  ['403 NOPERM', echo(403, 'NOPERM this user has no permissions'), 'L2_AUTH', { once: 1, twice: 1 }],
  ['429 JSON', echo(429, 'ERR max requests limit exceeded'), 'L2_RATE_LIMITED', { once: 1, twice: 1 }],
  [
    '429 daily',
    echo(429, 'ERR max daily request limit exceeded. Limit: 10000'),
    'L2_RATE_LIMITED',
    { once: 1, twice: 1 },
  ],
  ['400 JSON', echo(400, 'ERR max request size exceeded'), 'L2_NETWORK', { once: 1, twice: 2 }],
  ['500 JSON', echo(500, 'ERR internal'), 'L2_NETWORK', { once: 1, twice: 2 }],
  ['500 JSON without an error', answer(500, '{}'), 'L2_NETWORK', { once: 1, twice: 2 }],
  ['502 HTML', answer(502, html, 'text/html'), 'L2_NETWORK', { once: 1, twice: 2 }],
  ['503 empty', answer(503, ''), 'L2_NETWORK', { once: 1, twice: 2 }],
  ['200 HTML', answer(200, html, 'text/html'), 'L2_NETWORK', { once: 1, twice: 2 }],
  ['200 empty', answer(200, ''), 'L2_NETWORK', { once: 1, twice: 2 }],
  ['200 truncated JSON', answer(200, '[{"result":"canary-va'), 'L2_NETWORK', { once: 1, twice: 2 }],
  ['{}', answer(200, '{}'), 'L2_REPLY', { once: 1, twice: 1 }],
  ['null', answer(200, 'null'), 'L2_REPLY', { once: 1, twice: 1 }],
  ['one result, no list', answer(200, '{"result":"canary-value"}'), 'L2_REPLY', { once: 1, twice: 1 }],
  ['a list too short', answer(200, '[]'), 'L2_REPLY', { once: 1, twice: 1 }],
  [
    'a list too long',
    answer(200, '[{"result":"OK"},{"result":"canary"}]'),
    'L2_REPLY',
    { once: 1, twice: 1 },
  ],
  ['items of null', answer(200, '[null]'), 'L2_REPLY', { once: 1, twice: 1 }],
  ['items that are text', answer(200, '["canary"]'), 'L2_REPLY', { once: 1, twice: 1 }],
  ['items without a result', answer(200, '[{"canary":1}]'), 'L2_REPLY', { once: 1, twice: 1 }],
  [
    'items whose error is no text',
    answer(200, '[{"error":{"canary":1}}]'),
    'L2_REPLY',
    { once: 1, twice: 1 },
  ],
  ['an error in its place', echo200('WRONGTYPE canary'), 'L2_REPLY', { once: 1, twice: 1 }],
  ['a reset', (response) => response.socket?.resetAndDestroy(), 'L2_NETWORK', { once: 1, twice: 2 }],
  ['a reset in mid-body', resetMidBody, 'L2_NETWORK', { once: 1, twice: 2 }],
  ['a body cut short', cutShort, 'L2_NETWORK', { once: 1, twice: 2 }],
]

function echo200(text: string): Responder {
  return answer(200, JSON.stringify([{ error: text }]))
}

function resetMidBody(response: Parameters<Responder>[0]): void {
  response.writeHead(200, { 'content-length': 1000 }).write('[{"result":"canary')
  setTimeout(() => response.socket?.resetAndDestroy(), 20)
}

function cutShort(response: Parameters<Responder>[0]): void {
  response.writeHead(200, { 'content-length': 1000 }).write('[{"result":"OK"}]')
  setTimeout(() => response.socket?.end(), 20)
}

describe.each(faults)('%s', (_, respond, code, requests) => {
  beforeEach(() => {
    server.respond = respond
  })

  test(`is ${code}, shows nothing, and is sent once where it must not run twice`, async () => {
    const { tier, stats } = connect()
    expect((await failureOf(write(tier, false))).code).toBe(code)
    expect(server.requests).toHaveLength(requests.once)
    expect(stats).toMatchObject({ requests: requests.once, commands: requests.once })
  })

  test(`is sent ${requests.twice} times where it may run twice`, async () => {
    const { tier, stats } = connect()
    expect((await failureOf(write(tier, true))).code).toBe(code)
    expect(server.requests).toHaveLength(requests.twice)
    expect(stats.requests).toBe(requests.twice)
  })

  test('is a miss and an event for a get, which shows nothing; a set rejects', async () => {
    const cache = createHybridCache({ redis: { url: urlOf(server.origin), token: canary.token } })
    const errors = record(cache, 'error')
    expect(await cache.get(canary.key)).toBeUndefined()
    for (const { error } of errors) expectNothingShown(error)
    await failureOf(cache.set(canary.key, canary.value))
    expect(errors.length).toBeGreaterThan(0)
  })
})

test.each(['[]', '[{"result":1},{"result":2},{"result":3}]', '{"0":{"result":1}}', '[1,2]'])(
  'the transport itself gives no replies for an answer that is not one reply a command: %s',
  async (body) => {
    server.respond = answer(200, body)
    const transport = createUpstashTransport({ url: urlOf(server.origin), token: canary.token })
    const { signal } = new AbortController()
    const call = transport.send(
      [
        ['GET', 'a'],
        ['GET', 'b'],
      ],
      { signal, idempotent: true },
    )
    expect((await failureOf(call)).code).toBe('L2_REPLY')
  },
)

describe('a refused request', () => {
  test.each(['unauthorized', 'rate limit', 'max requests limit exceeded', 'WRONGPASS', 'NOPERM'])(
    'is classified by what the server says and not by a key or value that holds %s',
    async (text) => {
      server.respond = answer(500, '{"error":"ERR internal"}')
      const { tier } = connect()
      for (const [key, value] of [
        [text, 'v'],
        ['k', text],
      ] as const) {
        const call = write(tier, false, { key, value })
        expect((await failureOf(call)).code).toBe('L2_NETWORK')
      }
    },
  )
})

describe('a server that cannot be reached', () => {
  test('is L2_NETWORK', async () => {
    // No ephemeral port, which another worker may get, and none that any service has.
    const { tier, stats } = connect(15_000, 'http://127.0.0.1:2')
    expect(await failureOf(write(tier, true))).toMatchObject({ code: 'L2_NETWORK', retryable: true })
    expect(stats.requests).toBe(2)
  })

  test('because its name is unknown is L2_NETWORK', async () => {
    const { tier } = connect(5000, 'https://canary.invalid')
    expect((await failureOf(write(tier, false))).code).toMatch(/^L2_(NETWORK|TIMEOUT)$/)
  })
})

describe('a server that never answers', () => {
  test.each<[string, Responder]>([
    ['at all', () => {}],
    ['behind its headers', (response) => void response.writeHead(200).write('[')],
  ])('%s is L2_TIMEOUT when the deadline comes, and its connection is closed', async (_, respond) => {
    const closed = new Promise<void>((resolve) => {
      server.respond = (response, request) => {
        response.once('close', resolve)
        respond(response, request)
      }
    })
    const { tier, stats } = connect(1000)
    const started = performance.now()
    expect(await failureOf(write(tier, true))).toMatchObject({ code: 'L2_TIMEOUT', retryable: true })
    expect(performance.now() - started).toBeLessThan(10_000) // nobody else would end it for minutes
    await closed
    expect(stats.requests).toBe(1)
  })

  test('is given up when its last caller leaves, with the reason of the caller', async () => {
    const controller = new AbortController()
    const closed = new Promise<void>((resolve) => {
      server.respond = (response) => {
        response.once('close', resolve)
        controller.abort('gone')
      }
    })
    const { tier } = connect()
    const call = write(tier, true, { signal: controller.signal }).catch((e: unknown) => e)
    expect(await call).toBe('gone')
    await closed
    expect(server.requests).toHaveLength(1)
  })
})

test('a request that fails once and may run twice succeeds the second time', async () => {
  let count = 0
  server.respond = (response, request) =>
    (count++ === 0 ? answer(502, html, 'text/html') : answer(200, '[{"result":"OK"}]'))(response, request)
  const { tier, stats } = connect()
  await write(tier, true)
  expect(stats).toMatchObject({ requests: 2, errors: 0 })
})
