import fc from '../../support/fc.ts'
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { cache as cacheMiddleware } from '../../../src/platform/hono/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'
import { App, text } from './cached-app.ts'

describe('what is passed on', () => {
  test('runs for every request by itself for ten seconds, whatever the cache says of L1', async () => {
    const world = new World()
    const app = new Hono()
    app.use('*', cacheMiddleware({ cache: world.isolate({ localTtl: '1s', jitter: '1m' }), ttl: '10s' }))
    app.get('/', () => new Response('x', { headers: { 'set-cookie': 'a=1' } }))
    await app.request('/')
    await world.clock.advance(9999)
    expect((await app.request('/')).headers.get('cache-status')).toContain('detail=pass')
    await world.clock.advance(1)
    expect((await app.request('/')).headers.get('cache-status')).toContain('detail=set-cookie')
  })

  test.each<[string, RequestInit]>([
    ['method', { method: 'POST' }],
    ['method', { method: 'DELETE' }],
    ['authorization', { headers: { authorization: 'Bearer x' } }],
    ['cookie', { headers: { cookie: 'session=1' } }],
    ['range', { headers: { range: 'bytes=0-1' } }],
    ['upgrade', { headers: { upgrade: 'WebSocket' } }],
  ])('S13: a request: %s', async (refusal, init) => {
    expect(await new App(text).twice(init)).toEqual([`hybrid-cache; fwd=bypass; detail=${refusal}`, '2'])
  })

  test.each<[string, ResponseInit]>([
    ['status', { status: 404 }],
    ['status', { status: 201 }],
    ['status', { status: 302, headers: { location: '/' } }],
    ['set-cookie', { headers: { 'set-cookie': 'session=canary' } }],
    ['cache-control', { headers: { 'cache-control': 'private' } }],
    ['cache-control', { headers: { 'cache-control': 'max-age=5, No-Store' } }],
    ['cache-control', { headers: { 'cache-control': 'no-cache="set-cookie"' } }],
    ['cache-control', { headers: { 'cache-control': 'public, max-age=0, must-revalidate' } }],
    ['cache-control', { headers: { 'cache-control': 'max-age=60, S-MaxAge="0"' } }],
    ['cache-control', { headers: { 'cache-control': 'max-age=nonsense' } }],
    ['cache-control', { headers: { 'cache-control': 's-maxage=60', age: '60' } }],
    ['cache-control', { headers: { expires: '0' } }],
    ['cache-control', { headers: { expires: 'Thu, 19 Nov 1981 08:52:00 GMT' } }],
    ['content-encoding', { headers: { 'content-encoding': 'gzip' } }],
    ['event-stream', { headers: { 'content-type': 'text/event-stream; charset=utf-8' } }],
    ['vary', { headers: { vary: 'accept-language' } }],
    ['vary', { headers: { vary: '*' } }],
  ])('S13: a response: %s', async (refusal, init) => {
    const app = new App(() => new Response('canary', init))
    const first = await app.ask()
    expect(first.headers.get('cache-status')).toBe(`hybrid-cache; fwd=uri-miss; detail=${refusal}`)
    const second = await app.ask()
    expect(second.headers.get('cache-status')).toBe('hybrid-cache; fwd=uri-miss; detail=pass')
    expect([await second.text(), second.status, app.runs]).toEqual(['canary', init.status ?? 200, 2])
    expect(JSON.stringify([...app.world.redis.values])).not.toContain('canary')
  })

  /** What an app says of itself twice, whose handlers answer with what was found in front of the cache, where a header tells of it. */
  const toldInFront = async (name: string, when: 'before' | 'after'): Promise<(string | null)[][]> => {
    const app = new Hono<{ Variables: { found: string } }>()
    let requests = 0
    app.use('*', async (c, next) => {
      const found = `id=${++requests}`
      c.set('found', found)
      if (when === 'before') c.header(name, found)
      await next()
      if (when === 'after') c.header(name, found)
    })
    app.use('*', cacheMiddleware({ cache: new World().isolate() }))
    app.get('*', (c) => c.text(c.get('found')))
    const answers = [await app.request('/'), await app.request('/')]
    return Promise.all(
      answers.map(async (each) => [
        await each.text(),
        each.headers.get(name),
        each.headers.get('cache-status'),
      ]),
    )
  }

  test.each(['vary', 'set-cookie'])(
    'S13: a response that may depend on what was told in front: %s',
    async (name) => {
      expect(await toldInFront(name, 'before')).toEqual([
        ['id=1', 'id=1', `hybrid-cache; fwd=uri-miss; detail=${name}`],
        ['id=2', 'id=2', 'hybrid-cache; fwd=uri-miss; detail=pass'],
      ])
      // What is told afterwards is about what becomes of a response.
      expect(await toldInFront(name, 'after')).toEqual([
        ['id=1', 'id=1', 'hybrid-cache; fwd=uri-miss; stored'],
        ['id=1', 'id=2', 'hybrid-cache; hit'],
      ])
    },
  )

  test('a response, also where nothing may live as long as is remembered of it', async () => {
    const app = new App(() => new Response('', { status: 404 }))
    const store = app.world.isolate({ maxTtl: '5s', ttl: '1s', swr: '4s' })
    app.app = new Hono().use('*', cacheMiddleware({ cache: store }))
    app.app.get('*', (c) => c.text('none', 404))
    expect((await app.ask()).status).toBe(404)
    expect((await app.ask()).headers.get('cache-status')).toContain('detail=pass')
    await app.world.clock.advance(5000)
    expect((await app.ask()).headers.get('cache-status')).toContain('detail=status')
  })

  test('a request, which counts as one lookup at most', async () => {
    const app = new App(text)
    for (let i = 0; i < 4; i++) await app.ask()
    const { hits, misses } = app.store.stats().l1
    expect([hits, misses]).toEqual([3, 1])
  })

  test('a stream of events, at once', async () => {
    const init = { headers: { 'content-type': 'text/event-stream' } }
    const body = (): ReadableStream => new ReadableStream({ start: (it) => it.enqueue(new Uint8Array(5)) })
    const app = new App(() => new Response(body(), init))
    const read = await (await app.ask()).body?.getReader().read()
    expect(read?.value).toHaveLength(5)
  })

  test('a response that nobody can make anew, as it is', async () => {
    // As Deno answers a WebSocket's request: with a status that no constructor takes.
    const upgraded = Response.error()
    const app = new Hono().use('*', cacheMiddleware({ cache: new World().isolate() }))
    app.get('*', () => upgraded)
    expect(await app.request('/', { headers: { upgrade: 'websocket' } })).toBe(upgraded)
  })

  test('HEAD asks no tier that is not used', async () => {
    const app = new App(text, { l2: false })
    await app.ask()
    app.world.redis.take()
    await app.ask('/other', { method: 'HEAD' })
    expect(app.world.redis.take()).toEqual([])
  })

  test('a response that is larger than allowed, whole and without waiting for all of it', async () => {
    const chunks = ['one', 'two', 'three'].map((each) => new TextEncoder().encode(each))
    let release = (): void => undefined
    const last = new Promise<void>((resolve) => (release = resolve))
    const body = new ReadableStream({
      async pull(controller) {
        if (chunks.length === 1) await last
        const chunk = chunks.shift()
        if (chunk === undefined) controller.close()
        else controller.enqueue(chunk)
      },
    })
    const app = new App(() => new Response(body), { maxBytes: 5 })
    const response = await app.ask()
    release()
    expect(await response.text()).toBe('onetwothree')
    expect(response.headers.get('cache-status')).toContain('detail=too-large')
  })

  test('S13: is for its own caller only: who waited for it asks for themselves', async () => {
    let user = 0
    const app = new App(async () => {
      const own = ++user
      await settle()
      return new Response(`user ${own}`, { headers: { 'set-cookie': `user=${own}` } })
    })
    const answers = await Promise.all(Array.from({ length: 10 }, () => app.ask()))
    expect(new Set(await Promise.all(answers.map((each) => each.text()))).size).toBe(10)
    expect(new Set(answers.map((each) => each.headers.get('set-cookie'))).size).toBe(10)
  })

  test('a client that has an old version does not keep others from the cache', async () => {
    const app = new App((request) =>
      request.headers.has('if-none-match') ? new Response(null, { status: 304 }) : new Response('hello'),
    )
    expect((await app.ask('/', { headers: { 'if-none-match': '"v0"' } })).status).toBe(304)
    await app.ask()
    expect((await app.ask()).headers.get('cache-status')).toBe('hybrid-cache; hit')
  })

  test('S13: header by header: one that is not part of the key never changes what another gets', async () => {
    const name = fc.constantFrom(
      'accept',
      'accept-language',
      'x-forwarded-host',
      'x-user',
      'cookie',
      'authorization',
    )
    const headers = fc.dictionary(name, fc.constantFrom('a', 'b'))
    await fc.assert(
      fc.asyncProperty(
        fc.array(headers, { minLength: 2, maxLength: 6 }),
        fc.uniqueArray(name),
        async (all, vary) => {
          // The origin tells what it saw, and says honestly what its answer depends on.
          const seen = (request: Request): string =>
            JSON.stringify(vary.map((each) => [each, request.headers.get(each)]))
          const app = new App(
            (request) => new Response(seen(request), { headers: { vary: vary.join(', ') } }),
            { vary },
          )
          for (const each of all)
            expect(await (await app.ask('/', { headers: each })).text()).toBe(
              seen(new Request('http://localhost/', { headers: each })),
            )
        },
      ),
      { numRuns: 200 },
    )
  })
})
