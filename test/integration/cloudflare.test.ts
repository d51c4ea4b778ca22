import { createServer, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Isolate } from '../../scripts/demo/types.d.ts'
import { type DevServer, startDevServer } from '../../src/dev/index.ts'
import { findRedisServer } from '../../src/dev/redis-binary.ts'
import { withoutTrim } from '../support/cost.ts'
import { describeTogether } from '../support/together.ts'
import { startExample } from '../support/workerd.ts'
import { playInTime } from '../support/play-in-time.ts'
import { soon } from '../support/soon.ts'

interface Answer {
  readonly status: number
  readonly tier: string | null
  readonly body: string
}

async function ask({ url }: Isolate, request: string): Promise<Answer> {
  const [method = 'GET', path = '/'] = request.split(' ')
  const response = await fetch(url + path, { method })
  return { status: response.status, tier: response.headers.get('x-cache'), body: await response.text() }
}

/** The `coherence.interval` of the Worker, and a little. */
const INTERVAL = 2050

/**
 * Waits for what the isolates do behind their responses; exact, so that a command too many shows. Looks at the log, of which
 * each isolate sends one at most in an interval, are left out.
 */
async function expectCost(server: DevServer, requests: number, commands: number): Promise<void> {
  const cost = (): object => {
    const counted = withoutTrim(server.stats())
    return { ...counted, commands: counted.commands - (server.stats().byCommand['ZRANGE'] ?? 0) }
  }
  await soon(() => expect(cost()).toEqual({ requests, commands }))
  await sleep(50)
  expect(cost()).toEqual({ requests, commands })
  expect(server.stats().byCommand['ZRANGE'] ?? 0).toBeLessThanOrEqual(2)
  server.resetStats()
}

/** Asks the server itself, past the Worker; it counts like any other request. */
async function command({ url, token }: DevServer, ...words: string[]): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(words) })
  return ((await response.json()) as { result: unknown }).result
}

async function forgetScripts(server: DevServer): Promise<void> {
  expect(await command(server, 'SCRIPT', 'FLUSH')).toBe('OK')
}

const SOLD_OUT = '{"error":"sold out"}'
const engines: ('embedded' | 'redis-server')[] = ['embedded']
if (findRedisServer() !== undefined) engines.push('redis-server')

describeTogether('examples/cloudflare in workerd, on %s', engines, (engine) => {
  let server: DevServer
  let a: Isolate & AsyncDisposable
  let b: Isolate & AsyncDisposable

  beforeAll(async () => {
    server = await startDevServer({ port: 0, engine })
    ;[a, b] = await Promise.all([startExample(server.env), startExample(server.env)])
  })

  afterAll(async () => {
    await a[Symbol.asyncDispose]()
    await b[Symbol.asyncDispose]()
    await server.close()
  })

  beforeEach(() => server.resetStats())

  async function stored(key: string): Promise<void> {
    const exists = (): Promise<unknown> => command(server, 'EXISTS', `shop:e:${key}`)
    await soon(async () => expect(await exists()).toBe(1))
  }

  async function written(times: number): Promise<void> {
    await soon(() => expect(server.stats().byCommand['SET']).toBe(times))
  }

  test('one load serves every isolate, and each keeps a copy', async () => {
    const loaded = await ask(a, 'GET /products/1')
    expect(loaded).toMatchObject({ status: 200, tier: 'origin' })
    await expectCost(server, 5, 12) // the first load of all: the database is given versions, by a script that it has to learn
    expect(await ask(b, 'GET /products/1')).toEqual({ ...loaded, tier: 'l2' })
    await expectCost(server, 1, 3) // the first request of an isolate also asks for the time and the versions
    expect(await ask(b, 'GET /products/1')).toEqual({ ...loaded, tier: 'l1' })
    expect(await ask(a, 'GET /products/1')).toEqual({ ...loaded, tier: 'l1' })
    await expectCost(server, 0, 0)
  })

  test('the copy in memory expires by localTtl, the entry in Redis lives on', async () => {
    const loaded = await ask(a, 'GET /stock/1')
    expect(loaded.tier).toBe('origin')
    await expectCost(server, 2, 2)
    await sleep(2050)
    expect(await ask(a, 'GET /stock/1')).toEqual({ ...loaded, tier: 'l2' })
    await expectCost(server, 1, 1)
  })

  /** A script that Redis does not know costs a request more. */
  async function learnScripts(): Promise<void> {
    await ask(a, 'GET /products/0')
    expect((await ask(a, 'DELETE /products/0')).status).toBe(204)
    expect((await ask(a, 'DELETE /tags/nothing')).status).toBe(204)
    await ask(a, 'GET /products/0')
    await soon(async () =>
      expect(await command(server, 'GETRANGE', 'shop:e:products:0', '0', '4')).toBe('h1|e|'),
    )
    server.resetStats()
  }

  test('a removal holds at once for Redis and its own isolate, elsewhere with the next request after the interval', async () => {
    await learnScripts()
    const old = await ask(a, 'GET /products/2')
    await expectCost(server, 2, 2)
    expect((await ask(b, 'GET /products/2')).tier).toBe('l2')
    await expectCost(server, 1, 1)
    expect(await ask(a, 'DELETE /products/2')).toEqual({ status: 204, tier: null, body: '' })
    await expectCost(server, 1, 4)
    const fresh = await ask(a, 'GET /products/2')
    expect(fresh.tier).toBe('origin')
    expect(fresh.body).not.toBe(old.body)
    await expectCost(server, 2, 4)
    expect(await ask(b, 'GET /products/2')).toEqual({ ...old, tier: 'l1' })
    await sleep(INTERVAL)
    await ask(b, 'GET /stock/2')
    expect(await ask(b, 'GET /products/2')).toEqual({ ...fresh, tier: 'l2' })
  })

  test('one write takes all products of a category away, and no others', async () => {
    await learnScripts()
    const [old, kept] = [await ask(a, 'GET /products/60'), await ask(a, 'GET /products/20')]
    await ask(a, 'GET /products/61')
    expect(await ask(b, 'GET /products/60')).toEqual({ ...old, tier: 'l2' })
    await expectCost(server, 7, 7)
    expect(await ask(b, 'DELETE /tags/bath')).toEqual({ status: 204, tier: null, body: '' })
    await expectCost(server, 1, 4)
    const fresh = await ask(b, 'GET /products/60')
    expect(fresh.tier).toBe('origin')
    await expectCost(server, 2, 4)
    await sleep(INTERVAL)
    await ask(a, 'GET /stock/3')
    expect(await ask(a, 'GET /products/60')).toEqual({ ...fresh, tier: 'l2' })
    expect((await ask(a, 'GET /products/61')).tier).toBe('origin')
    expect(await ask(a, 'GET /products/20')).toEqual({ ...kept, tier: 'l1' })
  })

  test.each([
    ['a product', 'DELETE /products/:id', 0],
    ['its category', 'DELETE /tags/bath', INTERVAL],
  ])('what was removed in mid-load is kept nowhere: %s', async (_, removal, wait) => {
    await learnScripts()
    let id = 70 + Math.sign(wait)
    /** Whether it was removed before its load was over, and what that gave. */
    const removeInLoad = async (): Promise<[boolean, Awaited<ReturnType<typeof ask>>]> => {
      server.resetStats()
      let isOver = false
      const loading = ask(a, `GET /products/${id}`).finally(() => (isOver = true))
      await soon(() => expect(server.stats().byCommand['GET']).toBe(1), { interval: 5 })
      const { status } = await ask(b, removal.replace(':id', String(id)))
      const inTime = !isOver
      expect(status).toBe(204)
      return [inTime, await loading]
    }
    let [inTime, old] = await removeInLoad()
    // On a busy machine a load may be over first; another product shows it then.
    for (; !inTime && id < 90; [inTime, old] = await removeInLoad()) id += 2
    const path = `/products/${id}`
    expect(old.tier).toBe('origin') // who asked before the removal may get what there was then
    await sleep(100)
    const fresh = await ask(b, `GET ${path}`)
    expect(fresh.tier).toBe('origin')
    expect(fresh.body).not.toBe(old.body)
    await soon(async () =>
      expect(await command(server, 'GET', `shop:e:products:${id}`)).toContain(
        JSON.parse(fresh.body).revision,
      ),
    )
    await sleep(wait)
    await ask(a, 'GET /stock/4')
    expect(await ask(a, `GET ${path}`)).toEqual({ ...fresh, tier: 'l2' })
  })

  test('requests at the same time each learn who answered them', async () => {
    await ask(a, 'GET /products/3')
    // Redis has it before the isolate knows that it has, and until then requests share that load.
    await soon(async () => expect((await ask(a, 'GET /products/3')).tier).toBe('l1'))
    const paths = Array.from({ length: 20 }, (_, i) => [`GET /products/3`, `GET /stock/c${i}`]).flat()
    const answers = await Promise.all(paths.map((path) => ask(a, path)))
    expect(answers.map(({ tier }) => tier)).toEqual(Array.from({ length: 20 }, () => ['l1', 'origin']).flat())
    await written(21)
  })

  test('three pieces go to exactly three, however many isolates ask at once; what each costs', async () => {
    await forgetScripts(server)
    server.resetStats()
    expect(await ask(a, 'POST /reserve/1')).toMatchObject({ status: 201, body: '{"id":"1","left":2}' })
    await expectCost(server, 2, 4) // Redis does not know the script yet: one request and one command more
    expect(await ask(b, 'POST /reserve/1')).toMatchObject({ status: 201, body: '{"id":"1","left":1}' })
    await expectCost(server, 1, 3)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => ask(i % 2 === 0 ? a : b, 'POST /reserve/1')),
    )
    expect(answers.filter(({ status }) => status === 201)).toMatchObject([{ body: '{"id":"1","left":0}' }])
    expect(answers.filter(({ status, body }) => status === 409 && body === SOLD_OUT)).toHaveLength(19)
    expect(withoutTrim(server.stats())).toMatchObject({ commands: 3 + 19 * 2 })
    server.resetStats()
    expect(await ask(b, 'POST /reserve/2')).toMatchObject({ status: 201, body: '{"id":"2","left":2}' })
    await expectCost(server, 1, 3)
    const ttl = await command(server, 'TTL', 'shop:s:reserved:1')
    expect(ttl).toBeGreaterThan(86_000)
    expect(ttl).toBeLessThanOrEqual(86_400)
  })

  test('a crowd for a cold key in two isolates is one call of the origin, and one value', async () => {
    const crowd = Array.from({ length: 40 }, (_, i) => ask(i % 2 === 0 ? a : b, 'GET /trends/1'))
    const answers = await Promise.all(crowd)
    expect(answers.filter(({ tier }) => tier === 'origin')).toHaveLength(1)
    expect(new Set(answers.map(({ status, body }) => `${status} ${body}`)).size).toBe(1)
    expect(answers[0]?.status).toBe(200)
    expect(server.stats().requests).toBeLessThan(30)
    expect(await command(server, 'EXISTS', 'shop:e:trends:1', 'shop:l:trends:1')).toBe(1) // the lease is given back
  })

  test('a value that has ended is given at once, and made anew once for both isolates', () =>
    playInTime(['2', '20', '21', '22'], async (id, within) => {
      const [path, loaded] = [`GET /trends/${id}`, performance.now()]
      within(1900) // it is fresh for 2 s
      const old = await ask(a, path)
      expect(old.tier).toBe('origin')
      expect((await ask(b, path)).tier).toBe('l2')
      await sleep(2050)
      server.resetStats()
      within(Math.min(1900, loaded + 4900 - performance.now())) // the new one, too; the old one is given away for 3 s more
      expect(await ask(a, path)).toEqual({ ...old, tier: 'stale' })
      await expectCost(server, 2, 7)
      expect(await ask(b, path)).toEqual({ ...old, tier: 'stale' })
      await expectCost(server, 1, 2)
      const fresh = await ask(b, path)
      expect(fresh.tier).toBe('l1')
      expect(fresh.body).not.toBe(old.body)
      expect(await ask(a, path)).toEqual(fresh)
    }))

  test('a failing origin is hidden by what there is, and left alone; an error where there is nothing', async () => {
    const loads = async (): Promise<number> =>
      (JSON.parse((await ask(a, 'GET /stats')).body) as { loads: { count: number } }).loads.count
    await playInTime(['3', '30', '31', '32'], async (id, within) => {
      const held = await ask(a, `GET /trends/${id}`)
      expect(held.tier).toBe('origin')
      await sleep(5050) // past `swr`
      within(1900) // it is left alone for 2 s
      expect(await ask(a, `GET /trends/${id}?down`)).toEqual({ ...held, tier: 'stale' })
      const before = await loads()
      expect(await ask(a, `GET /trends/${id}?down`)).toEqual({ ...held, tier: 'stale' })
      expect(await loads()).toBe(before)
    })
    const failed = await ask(a, 'GET /trends/4?down')
    expect(failed).toEqual({ status: 502, tier: null, body: '{"error":"try again later"}' })
    expect((await ask(a, 'GET /trends/4')).tier).toBe('origin') // nothing is kept of a failure
    // Nothing goes on behind the answers any more when the next test stops Redis.
    await stored('trends:4')
  })

  /** Redis has come back, and may be empty: each isolate finds out when its look at the log is due. */
  async function foundEmpty(): Promise<void> {
    await sleep(INTERVAL)
    for (const isolate of [a, b]) await ask(isolate, 'GET /trends/9')
    await stored('trends:9')
    server.resetStats()
  }

  test('a reservation that Redis cannot make is none, and is not tried twice', async () => {
    await server.stopRedis()
    const before = JSON.parse((await ask(a, 'GET /stats')).body) as { l2: { requests: number } }
    const refused = await ask(a, 'POST /reserve/3')
    expect(refused.status).toBe(503)
    expect(JSON.parse(refused.body)).toEqual({ error: expect.stringMatching(/^L2_[A-Z_]+$/) })
    const after = JSON.parse((await ask(a, 'GET /stats')).body) as { l2: { requests: number } }
    expect(after.l2.requests - before.l2.requests).toBe(1)
    await server.startRedis()
    expect(await ask(a, 'POST /reserve/3')).toMatchObject({ status: 201, body: '{"id":"3","left":2}' })
  })

  test('without Redis it goes on serving, says so of a removal, and recovers', async () => {
    await foundEmpty()
    const held = await ask(a, 'GET /products/4')
    await written(1)
    expect(await ask(b, 'GET /products/4')).toEqual({ ...held, tier: 'l2' })
    await server.stopRedis()
    expect(await ask(a, 'GET /products/4')).toEqual({ ...held, tier: 'l1' })
    expect(await ask(a, 'GET /products/5')).toMatchObject({ status: 200, tier: 'origin' })
    expect(await ask(a, 'GET /products/5')).toMatchObject({ status: 200, tier: 'l1' })
    const refused = await ask(a, 'DELETE /products/5')
    expect(refused.status).toBe(503)
    expect(JSON.parse(refused.body)).toEqual({ error: expect.stringMatching(/^L2_[A-Z_]+$/) })
    await soon(() => expect(a.output()).toMatch(/cache: remove failed, L2_/))
    await server.startRedis()
    await foundEmpty()
    const loaded = await ask(a, 'GET /products/5')
    expect(loaded.tier).toBe('origin') // its own copy went, though the removal failed
    await written(1)
    expect(await ask(b, 'GET /products/5')).toEqual({ ...loaded, tier: 'l2' })
    expect(a.output()).not.toContain(server.token)
  })
})

test('the write to Redis goes on behind the response, and lands', async () => {
  await using server = await startDevServer({ port: 0, engine: 'embedded' })
  await using gate = await startGate(server.url)
  await using a = await startExample({ ...server.env, UPSTASH_REDIS_REST_URL: gate.url })
  const loaded = await ask(a, 'GET /products/1')
  expect(loaded).toMatchObject({ status: 200, tier: 'origin' })
  await soon(() => expect(gate.held()).toBe(1))
  expect(server.stats().byCommand).toMatchObject({ GET: 1 })
  expect(await command(server, 'EXISTS', 'shop:e:products:1')).toBe(0)
  // Neither did the response wait for it until the deadline.
  expect(JSON.parse((await ask(a, 'GET /stats')).body)).toMatchObject({ l2: { requests: 5, errors: 0 } })
  await sleep(100) // long enough for the runtime to end what nobody keeps alive
  gate.open()
  await soon(async () => expect(await command(server, 'EXISTS', 'shop:e:products:1')).toBe(1))
  await using b = await startExample(server.env)
  expect(await ask(b, 'GET /products/1')).toEqual({ ...loaded, tier: 'l2' })
})

describe('what is wrong is said clearly, and nothing secret with it', () => {
  const url = 'https://db.example'
  const token = 'correct-horse-battery'

  test.each([
    [{ UPSTASH_REDIS_REST_URL: url }, 'UPSTASH_REDIS_REST_TOKEN is not set'],
    [{ UPSTASH_REDIS_REST_TOKEN: token }, 'UPSTASH_REDIS_REST_URL is not set'],
    [{}, 'are set'],
    [{ UPSTASH_REDIS_REST_URL: 'http://db.example', UPSTASH_REDIS_REST_TOKEN: token }, 'use https:'],
    [
      { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: `${token}\n` },
      'without spaces or line breaks',
    ],
  ])('settings %#: every route answers 500', async (env, text) => {
    await using isolate = await startExample(env as Record<string, string>)
    for (const request of ['GET /products/1', 'DELETE /products/1', 'GET /stats']) {
      const { status, body } = await ask(isolate, request)
      expect(status).toBe(500)
      expect((JSON.parse(body) as { error: string }).error).toContain(text)
      expect(body + isolate.output()).not.toMatch(/db\.example|correct-horse/)
    }
  })

  test('a wrong token costs the cache, not the answer', async () => {
    await using server = await startDevServer({ port: 0, engine: 'embedded' })
    await using isolate = await startExample({ ...server.env, UPSTASH_REDIS_REST_TOKEN: token })
    expect(await ask(isolate, 'GET /products/1')).toMatchObject({ status: 200, tier: 'origin' })
    const refused = await ask(isolate, 'DELETE /products/1')
    // Refused once, no request leaves for a while.
    expect(refused).toMatchObject({ status: 503, body: '{"error":"BREAKER_OPEN"}' })
    await soon(() => {
      expect(isolate.output()).toContain('cache: getOrCreate failed, L2_AUTH')
      expect(isolate.output()).toContain('cache: remove failed, BREAKER_OPEN')
    })
    expect(isolate.output()).not.toContain(token)
  })

  test('other routes and methods', async () => {
    await using server = await startDevServer({ port: 0, engine: 'embedded' })
    await using isolate = await startExample(server.env)
    for (const path of ['/', '/products', '/products/', '/products/a%20b', '/constructor/1', '/stock/1/2'])
      expect((await ask(isolate, `GET ${path}`)).status).toBe(404)
    for (const request of ['POST /products/1', 'GET /reserve/1', 'DELETE /reserve/1', 'GET /tags/bath'])
      expect((await ask(isolate, request)).status).toBe(405)
    expect((await ask(isolate, 'POST /reserve/')).status).toBe(404)
    expect(server.stats().requests).toBe(0)
  })
})

/** A proxy that holds every request with a SET back until it is opened. */
async function startGate(target: string): Promise<
  AsyncDisposable & {
    url: string
    held(): number
    open(): void
  }
> {
  let held = 0
  let open: (() => void) | undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const body = await read(incoming)
      if (body.includes('"SET"')) {
        held++
        await opened
        if (outgoing.destroyed) return // whoever sent it has given up
      }
      const { authorization = '' } = incoming.headers
      const reply = await fetch(target + incoming.url, { method: 'POST', body, headers: { authorization } })
      outgoing.writeHead(reply.status, { 'content-type': 'application/json' }).end(await reply.text())
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held: () => held,
    open: () => open?.(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function read(stream: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) text += String(chunk)
  return text
}
