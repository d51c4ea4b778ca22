import { afterEach, describe, expect, test } from 'vitest'
import { createHybridCache, type HybridCache } from '../../../src/index.ts'
import { type DevServer, startDevServer } from '../../../src/dev/index.ts'
import { push } from '../../../src/push/index.ts'
import { canary } from '../../support/canary.ts'
import { answer, type RawServer, type Responder, startRawServer } from '../../support/raw-http.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { record } from '../../support/world.ts'
import { soon } from '../../support/soon.ts'

const coherence = { interval: '1d', push: push() } as const
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

function isolate({ url, token }: { url: string; token: string }, clock: ManualClock): HybridCache<true> {
  const cache = createHybridCache({
    redis: { url, token },
    clock,
    coherence,
    localTtl: '10d',
    ttl: '20d',
    l2: { timeout: '1d', retries: 0 },
    breaker: 'off',
  })
  open.unshift(cache)
  return cache
}

async function connected(cache: HybridCache, connections: number): Promise<void> {
  await soon(() => expect(cache.stats().push).toMatchObject({ connected: true, connections }))
  await cache.get('look', { l1: false })
}

onEveryEngine('a connection for push', (shared) => {
  /** One that a test may stop. */
  async function ownServer(): Promise<DevServer> {
    const engine = shared().engine.startsWith('embedded') ? 'embedded' : 'redis-server'
    const server = await startDevServer({ engine })
    open.push(server)
    return server
  }

  test('comes back after Redis was down; what was lost meanwhile is looked up', async () => {
    const server = await ownServer()
    const clock = new ManualClock()
    const [one, other] = [isolate(server, clock), isolate(server, clock)]
    await one.get('a')
    await other.get('a')
    await connected(one, 1)
    await connected(other, 1)
    const errors = record(other, 'error')
    await server.stopRedis()
    await soon(() => expect(other.stats().push?.connected).toBe(false))
    await soon(async () => {
      await clock.advance(1000)
      expect(errors.length).toBeGreaterThan(2)
    })
    await server.startRedis() // empty
    await soon(async () => {
      await clock.advance(1000)
      expect([one, other].map((each) => each.stats().push?.connected)).toEqual([true, true])
    })
    await one.set('k', 1)
    expect(await other.get('k')).toBe(1)
    await one.remove('k')
    await soon(() => expect(other.getLocal('k')).toBeUndefined())
    expect(await other.get('k')).toBeUndefined()
  })

  test('dead, it loses nothing: the log tells after the interval', async () => {
    const server = await ownServer()
    const clock = new ManualClock()
    const [one, other] = [isolate(server, clock), isolate(server, clock)]
    await one.set('k', 1)
    await one.set('l', 1, { tags: ['t'] })
    await other.close()
    expect([await other.get('k'), await other.get('l')]).toEqual([1, 1])
    await one.remove('k')
    await one.removeByTag('t')
    expect([other.getLocal('k'), other.getLocal('l')]).toEqual([1, 1])
    await clock.advance(86_400_000)
    await other.get('x')
    expect([other.getLocal('k'), other.getLocal('l')]).toEqual([undefined, undefined])
    expect(other.stats().push).toEqual({ connected: false, connections: 0, messages: 0 })
  })

  test('close lets the server know', async () => {
    const server = await ownServer()
    const cache = isolate(server, new ManualClock())
    await cache.get('a')
    await connected(cache, 1)
    const listeners = async (): Promise<unknown> => {
      const response = await fetch(server.url, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.token}` },
        body: JSON.stringify(['PUBSUB', 'NUMSUB', 'hc:m:news']),
      })
      return ((await response.json()) as { result: unknown }).result
    }
    expect(await listeners()).toEqual(['hc:m:news', 1])
    await cache.close()
    await soon(async () => expect(await listeners()).toEqual(['hc:m:news', 0]))
  })
})

describe('what a server may answer to a subscription', () => {
  // Before any test draws a version from the time: in the same millisecond or a later one, that is then a newer one.
  const seed = Math.floor(Date.now() * 1000)

  /** A cache in front of a server that answers commands like an empty Redis, and subscriptions as told. */
  async function listening(
    subscribe: Responder,
  ): Promise<{ cache: HybridCache; server: RawServer; clock: ManualClock }> {
    const server = await startRawServer((response, request) => {
      if (request.path.startsWith('/subscribe/')) return subscribe(response, request)
      const replies = (JSON.parse(request.body) as string[][]).map(([name]) => {
        if (name === 'TIME') return [String(Math.floor(Date.now() / 1000)), '0']
        if (name === 'MGET') return [String(seed), String(seed)]
        return name === 'ZRANGE' ? ['*||', String(seed)] : null
      })
      answer(200, JSON.stringify(replies.map((result) => ({ result }))))(response, request)
    })
    open.push({ close: async () => server[Symbol.asyncDispose]() })
    const clock = new ManualClock(Date.now())
    return { cache: isolate({ url: server.origin, token: canary.token }, clock), server, clock }
  }

  const stream =
    (...pieces: (string | Uint8Array)[]): Responder =>
    (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
      const write = async (): Promise<void> => {
        for (const piece of pieces) {
          response.write(piece)
          await new Promise((done) => setTimeout(done, 2))
        }
      }
      void write()
    }

  test('asks with the token, and nothing else of ours', async () => {
    const { cache, server } = await listening(stream('data: subscribe,hc:m:news,1\n\n'))
    await cache.get('a')
    await connected(cache, 1)
    const request = server.requests.find(({ path }) => path.startsWith('/subscribe'))
    expect(request).toMatchObject({
      path: '/subscribe/hc:m:news',
      body: '',
      headers: { authorization: `Bearer ${canary.token}`, accept: 'text/event-stream' },
    })
  })

  test('a stream that is cut anywhere, with other lines in between', async () => {
    const version = Math.floor(Date.now() * 1000) + 1
    const text =
      ': a comment\r\n\r\nevent: x\ndata: subscribe,hc:m:news,1\r\n\r\nid: 7\n' +
      `data: message,other,${version} someone k%7C%7Cno\n\ndata:message,hc:m:news,${version} someone k%7C%7C%C3%BC\n\n` +
      'data\ndata:\nnonsense: , ,\n\n'
    const { cache } = await listening(stream(...[...text].map((letter) => letter)))
    const events = record(cache, 'invalidate', 'error')
    await cache.get('a')
    await soon(() => expect(cache.stats().push).toMatchObject({ connected: true, messages: 1 }))
    expect(events).toEqual([{ kind: 'key' }])
  })

  test.each<readonly [string, Responder, string]>([
    ['401', answer(401, '{"error":"WRONGPASS"}'), 'L2_AUTH'],
    ['404', answer(404, 'none'), 'L2_NETWORK'],
    ['500', answer(500, 'none', 'text/event-stream'), 'L2_NETWORK'],
    ['a page', answer(200, '<h1>Welcome</h1>', 'text/html'), 'L2_NETWORK'],
    ['JSON', answer(200, '{"result":1}'), 'L2_NETWORK'],
    [
      'a redirect',
      (response) => void response.writeHead(307, { location: '/elsewhere' }).end(),
      'L2_NETWORK',
    ],
    ['no answer', (response) => void response.destroy(), 'L2_NETWORK'],
    ['an end at once', answer(200, '', 'text/event-stream'), 'L2_NETWORK'],
  ])('%s: an error that shows nothing, and another attempt', async (_, respond, code) => {
    const { cache, server, clock } = await listening(respond)
    const errors = record(cache, 'error')
    await cache.get('a')
    await soon(() => expect(errors).toHaveLength(1))
    expect(errors).toMatchObject([{ operation: 'push', error: { code } }])
    expect(`${errors[0]?.error.message} ${String(errors[0]?.error.cause)}`).not.toMatch(/127\.0\.0\.1|canary/)
    expect(`${errors[0]?.error.message}`).not.toContain(canary.token)
    await clock.advance(1000)
    await soon(() => expect(errors).toHaveLength(2))
    expect(server.requests.some(({ path }) => path === '/elsewhere')).toBe(false)
    expect(cache.stats().push).toEqual({ connected: false, connections: 0, messages: 0 })
    expect(await cache.get('a')).toBeUndefined()
  })

  test('a line without an end is not kept for ever', async () => {
    const { cache } = await listening(
      stream('data: subscribe,hc:m:news,1\n\n', 'data: '.padEnd(300_000, 'x')),
    )
    const errors = record(cache, 'error')
    await cache.get('a')
    await soon(() => expect(errors).toMatchObject([{ operation: 'push', error: { code: 'L2_REPLY' } }]))
    expect(cache.stats().push?.connected).toBe(false)
  })
})
