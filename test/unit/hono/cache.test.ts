import fc from 'fast-check'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { describe, expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { cache as cacheMiddleware, type CacheMiddlewareOptions } from '../../../src/platform/hono/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'

type Handler = (request: Request) => Response | Promise<Response>

/** An app whose every route is cached, and how often its handler ran. */
class App {
  readonly world: World = new World()
  readonly store: HybridCache
  app: Hono = new Hono()
  runs = 0

  constructor(handler: Handler, options: Partial<CacheMiddlewareOptions> = {}, behind = false) {
    this.store = this.world.isolate()
    this.app.use('*', async (c, next) => {
      await next()
      c.header('x-outer', 'seen')
    })
    const app = behind ? { app: this.app as NonNullable<CacheMiddlewareOptions['app']> } : {}
    this.app.use('*', cacheMiddleware({ cache: this.store, ttl: '10s', ...options, ...app }))
    this.app.all('*', (c) => {
      this.runs++
      return handler(c.req.raw)
    })
  }

  ask(path = '/', init: RequestInit = {}): Promise<Response> {
    return Promise.resolve(this.app.request(path, init))
  }

  /** What the answers to the same request twice say of themselves. */
  async twice(init: RequestInit = {}): Promise<string[]> {
    await this.ask('/', init)
    return [(await this.ask('/', init)).headers.get('cache-status') ?? '', String(this.runs)]
  }
}

const text: Handler = () => new Response('hello', { headers: { 'x-own': '1', etag: '"v1"' } })

describe('what may be stored', () => {
  test('is answered from the cache, as it was, with its age', async () => {
    const app = new App(text)
    const first = await app.ask()
    expect([await first.text(), first.headers.get('cache-status')]).toEqual([
      'hello',
      'hybrid-cache; fwd=uri-miss; stored',
    ])
    await app.world.clock.advance(3000)
    const second = await app.ask()
    expect(await second.text()).toBe('hello')
    expect(Object.fromEntries(second.headers)).toEqual({
      'cache-status': 'hybrid-cache; hit',
      'content-type': 'text/plain;charset=UTF-8',
      age: '3',
      etag: '"v1"',
      'x-own': '1',
      'x-outer': 'seen',
    })
    expect(app.runs).toBe(1)
    await app.world.clock.advance(8000)
    await app.ask()
    expect(app.runs).toBe(2)
  })

  test('is any body, text or not, to the byte', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const app = new App(() => new Response(bytes as Uint8Array<ArrayBuffer>))
        for (let i = 0; i < 2; i++)
          expect(new Uint8Array(await (await app.ask()).arrayBuffer())).toEqual(bytes)
        expect(app.runs).toBe(1)
      }),
      { numRuns: 50 },
    )
  })

  test('leaves each request the headers that were set for it before, cookies too', async () => {
    const world = new World()
    let requests = 0
    const app = new Hono()
    app.use('*', async (c, next) => {
      c.header('x-request-id', String(++requests))
      c.header('cache-control', 'no-store')
      if (c.req.query('admin') !== undefined) c.header('x-admin', 'yes')
      if (requests === 3) c.header('set-cookie', 'a=1')
      if (requests === 3) c.header('set-cookie', 'b=2', { append: true })
      await next()
    })
    app.use('*', cacheMiddleware({ cache: world.isolate(), key: () => 'same' }))
    app.get('*', (c) => c.text('hello', 200, { 'cache-control': 'public', etag: '"v1"' }))
    const ask = async (path = '/', init: RequestInit = {}): Promise<(string | null)[]> => {
      const { headers, status } = await app.request(path, init)
      const names = ['x-request-id', 'cache-control', 'x-admin', 'content-type']
      return [String(status), headers.getSetCookie().join(), ...names.map((name) => headers.get(name))]
    }
    const type = 'text/plain; charset=UTF-8'
    expect(await ask('/?admin')).toEqual(['200', '', '1', 'public', 'yes', type])
    expect(await ask()).toEqual(['200', '', '2', 'public', null, type])
    expect(await ask()).toEqual(['200', 'a=1,b=2', '3', 'public', null, type])
    expect(await ask('/', { headers: { 'if-none-match': '"v1"' } })).toEqual([
      '304',
      '',
      '4',
      'public',
      null,
      null,
    ])
  })

  test('leaves each request its own part of a header that the handlers add to', async () => {
    const world = new World()
    let requests = 0
    const app = new Hono()
    app.use('*', async (c, next) => {
      c.header('server-timing', `front-${++requests}`)
      await next()
    })
    app.use('*', cacheMiddleware({ cache: world.isolate() }))
    app.get('*', (c) => {
      c.header('server-timing', 'handler', { append: true })
      return c.text('hello')
    })
    for (const each of ['front-1, handler', 'front-2, handler'])
      expect((await app.request('/')).headers.get('server-timing')).toBe(each)
    expect(JSON.stringify([...world.redis.values])).not.toContain('front-1')
  })

  test('is shared by all who ask at the time', async () => {
    let finish = (): void => undefined
    const made = new Promise<void>((resolve) => (finish = resolve))
    const app = new App(async () => made.then(() => new Response('made')))
    const all = Array.from({ length: 20 }, () => app.ask())
    await settle()
    finish()
    expect(await Promise.all((await Promise.all(all)).map((each) => each.text()))).toEqual(
      Array(20).fill('made'),
    )
    expect(app.runs).toBe(1)
  })

  test('is removed by its tags', async () => {
    const app = new App(text, { tags: (c) => [new URL(c.req.raw.url).pathname] })
    await app.ask('/a')
    await app.store.removeByTag('/a')
    await app.ask('/a')
    expect(app.runs).toBe(2)
  })

  test('has the query in order, and is another for another URL', async () => {
    const app = new App((request) => new Response(request.url))
    await app.ask('/?b=2&a=1')
    expect(await (await app.ask('/?a=1&b=2')).text()).toContain('/?b=2&a=1')
    for (const path of ['/?a=1', '/?a=1&b=3', '/x?a=1&b=2', '/?a=1&a=1&b=2']) await app.ask(path)
    expect(app.runs).toBe(5)
    await app.ask(`/${'long'.repeat(1000)}`)
    expect((await app.ask(`/${'long'.repeat(1000)}`)).headers.get('cache-status')).toBe('hybrid-cache; hit')
  })

  test('is never what another query has, as the app reads it', async () => {
    const part = fc.constantFrom(
      'a',
      'b',
      '=',
      '&',
      '+',
      '%20',
      '%61',
      '%',
      '%2',
      '%ff',
      '%fe',
      '%25ff',
      '%EF%BF%BD',
    )
    const query = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(fc.array(query, { minLength: 2, maxLength: 8 }), async (queries) => {
        const app = new App(() => new Response('unused'))
        const seen = (c: { req: { queries(): object; query(name: string): unknown } }): string =>
          JSON.stringify([Object.entries(c.req.queries()).toSorted(), c.req.query('a'), c.req.query('b')])
        app.app = new Hono().use('*', cacheMiddleware({ cache: app.store }))
        app.app.get('*', (c) => c.text(seen(c)))
        const bare = new Hono().get('*', (c) => c.text(seen(c)))
        for (const each of queries)
          expect(await (await app.ask(`/?${each}`)).text()).toBe(
            await (await bare.request(`/?${each}`)).text(),
          )
      }),
      { numRuns: 300 },
    )
    const app = new App((request) => new Response(request.url))
    await app.ask('/?id=%ff')
    expect(await (await app.ask('/?id=%fe')).text()).toContain('%fe')
    await app.ask('/?a=1&a=2')
    expect(await (await app.ask('/?%61=1&a=2')).text()).toContain('%61')
  })

  test('holds no credentials, though the response may depend on them', async () => {
    const app = new App((request) => new Response(request.headers.get('authorization')), {
      vary: ['Authorization', 'cookie'],
    })
    const ask = async (token: string): Promise<string> =>
      (await app.ask('/', { headers: { authorization: token, cookie: `id=${token}` } })).text()
    expect([await ask('s3cret'), await ask('other'), await ask('s3cret')]).toEqual([
      's3cret',
      'other',
      's3cret',
    ])
    expect(app.runs).toBe(2)
    const names = [...app.world.redis.values.keys()].join()
    expect(names).toContain('sha256:')
    expect(names).not.toMatch(/s3cret|other/)
  })

  test('under a key of its own is never what a URL has, nor what depends on another header', async () => {
    const app = new App((request) => new Response(request.url))
    const by = (options: Partial<CacheMiddlewareOptions>): Hono =>
      new Hono()
        .use('*', cacheMiddleware({ cache: app.store, ...options }))
        .get('*', (c) => c.text(JSON.stringify(options)))
    await app.ask('/secret')
    const crafted = { headers: { 'x-a': '/secret', 'x-b': '', 'x-c': 'acme' } }
    const named = by({ key: () => 'http://localhost', vary: ['x-a', 'x-b'] })
    expect((await named.request('/', crafted)).headers.get('cache-status')).toContain('stored')
    for (const vary of [['x-b'], ['x-c']])
      expect(
        (await by({ vary }).request('/', { headers: { [vary[0] as string]: 'acme' } })).headers.get(
          'cache-status',
        ),
      ).toContain('stored')
    const unnamed = by({ key: () => undefined as never })
    unnamed.onError((error) => new Response(error.message, { status: 500 }))
    expect(await (await unnamed.request('/')).text()).toContain('key must give a string')
  })

  test('is not waited for by a second middleware behind the first', async () => {
    const world = new World()
    const store = world.isolate()
    const app = new Hono()
    let runs = 0
    app.use('*', cacheMiddleware({ cache: () => store.bind({ waitUntil: () => undefined }) }))
    app.use('/x', cacheMiddleware({ cache: store, ttl: '10s' }))
    app.get('*', (c) => c.text(`run ${++runs}`))
    const request = new Request('http://localhost/x')
    for (const status of ['fwd=uri-miss; stored', 'hit']) {
      const response = await app.fetch(request)
      expect([await response.text(), response.headers.get('cache-status')]).toEqual([
        'run 1',
        `hybrid-cache; ${status}`,
      ])
    }
  })

  test('answers HEAD from what GET has stored, and who has it already with 304', async () => {
    const app = new App(text)
    expect((await app.ask('/', { method: 'HEAD' })).headers.get('cache-status')).toBe(
      'hybrid-cache; fwd=uri-miss',
    )
    await app.ask()
    const head = await app.ask('/', { method: 'HEAD' })
    expect([head.status, await head.text(), head.headers.get('cache-status')]).toEqual([
      200,
      '',
      'hybrid-cache; hit',
    ])
    for (const known of ['"v1"', 'W/"v1"', '"x", "v1"', '*']) {
      const same = await app.ask('/', { headers: { 'if-none-match': known } })
      expect([same.status, await same.text(), same.headers.get('etag'), same.headers.get('x-own')]).toEqual([
        304,
        '',
        '"v1"',
        null,
      ])
    }
    expect((await app.ask('/', { headers: { 'if-none-match': '"v2"' } })).status).toBe(200)
    expect(app.runs).toBe(2)
  })
})

describe('how long it lives', () => {
  const lives = async (headers: Record<string, string>, options = {}): Promise<string[]> => {
    const app = new App(
      () => (app.runs === 1 ? new Response('', { headers }) : new Response('', { status: 500 })),
      {
        ttl: '10s',
        ...options,
      },
    )
    const ages: string[] = []
    await app.ask()
    for (let i = 0; i < 12; i++) {
      const response = await app.ask()
      if (response.status === 200) ages.push(response.headers.get('age') ?? '')
      await app.world.clock.advance(1000)
    }
    return ages
  }

  test('is not longer than a shared cache may keep it, its time in others included', async () => {
    expect(await lives({ 'cache-control': 'max-age=100, s-maxage=3' })).toEqual(['0', '1', '2'])
    expect(await lives({ 'cache-control': 's-maxage=100, max-age=0', age: '98' })).toEqual(['98', '99'])
    for (const field of ['max-age=3', 's-maxage=100', 'public'])
      expect(await lives({ 'cache-control': field })).toHaveLength(10)
    expect(await lives({ expires: new Date(Date.now() + 1e9).toUTCString() })).toHaveLength(10)
    expect((await lives({ age: '7' }))[1]).toBe('8')
  })

  test('is not longer than it may be stale', async () => {
    const options = { staleIfError: '1h' }
    expect(await lives({}, options)).toHaveLength(12)
    for (const field of ['must-revalidate', 'max-age=5, proxy-revalidate', 's-maxage=100'])
      expect(await lives({ 'cache-control': field }, options)).toHaveLength(10)
    for (const field of ['stale-if-error=60', 'stale-while-revalidate=60'])
      expect(await lives({ 'cache-control': `s-maxage=100, ${field}` }, options)).toHaveLength(12)
  })
})

describe('what is passed on', () => {
  test.each<[string, RequestInit]>([
    ['method', { method: 'POST' }],
    ['method', { method: 'DELETE' }],
    ['authorization', { headers: { authorization: 'Bearer x' } }],
    ['cookie', { headers: { cookie: 'session=1' } }],
    ['range', { headers: { range: 'bytes=0-1' } }],
    ['upgrade', { headers: { upgrade: 'WebSocket' } }],
  ])('a request: %s', async (refusal, init) => {
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
  ])('a response: %s', async (refusal, init) => {
    const app = new App(() => new Response('canary', init))
    const first = await app.ask()
    expect(first.headers.get('cache-status')).toBe(`hybrid-cache; fwd=uri-miss; detail=${refusal}`)
    const second = await app.ask()
    expect(second.headers.get('cache-status')).toBe('hybrid-cache; fwd=uri-miss; detail=pass')
    expect([await second.text(), second.status, app.runs]).toEqual(['canary', init.status ?? 200, 2])
    expect(JSON.stringify([...app.world.redis.values])).not.toContain('canary')
  })

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

  test('is for its own caller only: who waited for it asks for themselves', async () => {
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

  test('header by header: one that is not part of the key never changes what another gets', async () => {
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

describe('when the origin fails', () => {
  test('a stale response takes its place, and its headers are not mixed in', async () => {
    let fails = false
    const app = new App(
      () =>
        fails ? new Response('down', { status: 503, headers: { 'x-down': '1' } }) : new Response('hello'),
      { staleIfError: '1h' },
    )
    await app.ask()
    fails = true
    await app.world.clock.advance(11_000)
    const stale = await app.ask()
    expect([stale.status, await stale.text(), stale.headers.get('x-down')]).toEqual([200, 'hello', null])
    expect(stale.headers.get('cache-status')).toBe('hybrid-cache; fwd=stale')
    expect(stale.headers.get('age')).toBe('11')
  })

  test('says so also where the app was asked anew, and what came of it', async () => {
    let status = 200
    const app = new App(() => new Response('hello', { status }), { staleIfError: '1h' }, true)
    for (const [next, told] of [
      [200, 'fwd=uri-miss; stored'],
      [503, 'fwd=stale'],
    ] as const) {
      status = next
      expect((await app.ask()).headers.get('cache-status')).toBe(`hybrid-cache; ${told}`)
      await app.world.clock.advance(11_000)
    }
    await app.world.clock.advance(30_000)
    status = 200
    expect((await app.ask()).headers.get('cache-status')).toBe('hybrid-cache; fwd=uri-miss; stored')
    expect((await app.ask()).headers.get('cache-status')).toBe('hybrid-cache; hit')
  })

  test('without one everybody gets what their own request came to', async () => {
    const app = new App(async () => {
      await settle()
      return new Response('down', { status: 503 })
    })
    const answers = await Promise.all([app.ask(), app.ask(), app.ask()])
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503])
    expect(app.runs).toBe(3)
  })

  test('an error that a handler throws is answered as without the cache', async () => {
    const app = new App(() => {
      throw new Error('a bug')
    })
    app.app.onError((error) => new Response(error.message, { status: 500 }))
    const response = await app.ask()
    expect([response.status, await response.text()]).toEqual([500, 'a bug'])
  })
})

describe('swr', () => {
  test('gives the stale response at once, and asks the app for a new one behind it', async () => {
    let version = 0
    const app = new App(() => new Response(`v${++version}`), { swr: '1h' }, true)
    await app.ask()
    await app.world.clock.advance(11_000)
    const stale = await app.ask('/', { headers: { 'if-none-match': '"x"' } })
    expect([await stale.text(), stale.headers.get('cache-status')]).toEqual(['v1', 'hybrid-cache; hit'])
    await expect.poll(() => app.runs).toBe(2)
    await settle()
    expect(await (await app.ask()).text()).toBe('v2')
  })

  test('takes what the handlers answer, not what is made of it for a client in front of the cache', async () => {
    const app = new App(text)
    let version = 0
    app.app = new Hono()
    app.app.use('*', compress({ threshold: 1 }))
    app.app.use('*', async (c, next) => {
      c.header('x-request-id', crypto.randomUUID())
      await next()
      if (!c.req.header('cookie')) c.header('set-cookie', 'visitor=canary')
    })
    const own = { app: app.app as NonNullable<CacheMiddlewareOptions['app']>, swr: '1h' } as const
    app.app.use('*', cacheMiddleware({ cache: app.store, ttl: '10s', ...own }))
    app.app.get('*', (c) => c.text(`version ${++version}`.repeat(100)))
    const init = { headers: { 'accept-encoding': 'gzip' } }
    await app.ask('/', init)
    await app.world.clock.advance(11_000)
    await (await app.ask('/', init)).arrayBuffer()
    await expect.poll(() => version).toBe(2)
    await settle()
    const plain = await app.ask()
    expect([await plain.text(), plain.headers.get('cache-status'), version]).toEqual([
      'version 2'.repeat(100),
      'hybrid-cache; hit',
      2,
    ])
    expect((await app.ask('/', init)).headers.get('content-encoding')).toBe('gzip')
    expect(JSON.stringify([...app.world.redis.values])).not.toMatch(/canary|x-request-id/)
  })

  test('whose answer is none to keep ends the stale response, unless it may be about the request', async () => {
    for (const [status, then] of [
      [404, 404],
      [302, 302],
      [403, 200],
    ] as const) {
      const init = { status, headers: { location: '/' } }
      const app = new App(
        () => (app.runs === 1 ? new Response('here') : new Response('gone', init)),
        { swr: '1h' },
        true,
      )
      await app.ask()
      await app.world.clock.advance(11_000)
      expect((await app.ask()).status).toBe(200)
      await expect.poll(() => app.runs).toBe(2)
      await settle()
      await app.world.clock.advance(11_000)
      expect((await app.ask()).status).toBe(then)
    }
  })

  test('leaves the response alone that is on its way, also where L2 has none to replace', async () => {
    const app = new App(text)
    const other = app.world.isolate()
    let version = 0
    let logged = Promise.resolve()
    app.app = new Hono().use('*', async (_, next) => {
      await next()
      await logged
    })
    const own = { app: app.app as NonNullable<CacheMiddlewareOptions['app']>, swr: '1h' } as const
    app.app.use(
      '*',
      cacheMiddleware({ cache: app.store, ttl: '10s', localTtl: '1h', key: () => 'k', ...own }),
    )
    app.app.get('*', (c) => c.text(`version ${++version}`))
    await app.ask()
    await app.world.clock.advance(11_000)
    await other.remove(
      [...app.world.redis.values.keys()].filter((key) => key.startsWith('hc:e:')).map((key) => key.slice(5)),
    )
    let finish = (): void => undefined
    logged = new Promise((resolve) => (finish = resolve))
    const stale = app.ask()
    await expect.poll(() => version).toBe(2)
    await settle()
    finish()
    expect(await (await stale).text()).toBe('version 1')
  })

  test('keeps what it has where the app does not get to its handlers', async () => {
    const app = new App(text)
    let isClosed = false
    app.app = new Hono()
    const own = { app: app.app as NonNullable<CacheMiddlewareOptions['app']>, swr: '1h' } as const
    app.app.use('*', async (c, next) => {
      if (isClosed && c.req.raw.headers.has('x-hybrid-cache-refresh')) return c.text('closed', 429)
      return next()
    })
    app.app.use('*', cacheMiddleware({ cache: app.store, ttl: '10s', ...own }))
    app.app.get('*', (c) => c.text('hello'))
    await app.ask()
    await app.world.clock.advance(11_000)
    isClosed = true
    for (let i = 0; i < 3; i++) {
      expect((await app.ask()).headers.get('cache-status')).toBe('hybrid-cache; hit')
      await settle()
    }
  })

  test('cannot be asked for by a client, and needs the app', async () => {
    const app = new App(text, { swr: '1h' }, true)
    await app.ask()
    const init = { headers: { 'x-hybrid-cache-refresh': 'undefined' } }
    expect((await app.ask('/', init)).headers.get('cache-status')).toBe('hybrid-cache; hit')
    expect(() => cacheMiddleware({ cache: app.store, swr: '1m' })).toThrow(/need the app/)
    expect(() => cacheMiddleware({ cache: app.store, eager: true })).toThrow(/need the app/)
  })

  test("that is the cache's own option does not count without the app", async () => {
    const world = new World()
    const store = world.isolate({ swr: '1h', softTimeout: 1, timeout: 1 })
    let version = 0
    const app = new Hono().use('*', cacheMiddleware({ cache: store, ttl: '10s' }))
    app.get('*', () => new Response(`v${++version}`))
    await app.request('/')
    await world.clock.advance(11_000)
    expect(await (await app.request('/')).text()).toBe('v2')
  })
})

describe('nobody waits for ever for the handlers of another', () => {
  test('and who has waited long enough is answered by their own, as is the next', async () => {
    const app: App = new App(() =>
      app.runs === 1 ? new Promise<Response>(() => undefined) : new Response(`run ${app.runs}`),
    )
    void app.ask()
    await settle()
    const second = app.ask()
    await app.world.clock.advance(9999)
    expect(app.runs).toBe(1)
    await app.world.clock.advance(1)
    expect(await (await second).text()).toBe('run 2')
    expect((await app.ask()).headers.get('cache-status')).toBe('hybrid-cache; fwd=uri-miss; stored')
    expect(await (await app.ask()).text()).toBe('run 3')
  })

  test('but as long as it takes for their own', async () => {
    let finish = (): void => undefined
    const made = new Promise<void>((resolve) => (finish = resolve))
    const app = new App(async () => made.then(() => new Response('made')), { maxWait: '1s' })
    const own = app.ask()
    await app.world.clock.advance(60_000)
    finish()
    expect((await own).headers.get('cache-status')).toContain('stored')
    expect(app.runs).toBe(1)
  })

  test('and who joined one that has waited for too long asks once for all of them', async () => {
    const app = new App(() => new Response('made'), { stampede: 'global' })
    const other = new Hono().use(
      '*',
      cacheMiddleware({ cache: app.world.isolate(), ttl: '10s', stampede: 'global' }),
    )
    other.get('*', () => new Promise<never>(() => undefined))
    void other.request('/')
    await settle()
    const first = app.ask()
    await app.world.clock.advance(9000)
    const later = [app.ask(), app.ask()]
    await app.world.clock.advance(1000)
    expect(await (await first).text()).toBe('made')
    expect(app.runs).toBe(1)
    await app.world.clock.advance(5000)
    for (const answer of later) expect(await (await answer).text()).toBe('made')
    expect(app.runs).toBe(2)
    expect(await app.twice()).toEqual(['hybrid-cache; hit', '2'])
  })

  test('and no less for Redis than its deadline', async () => {
    const app = new App(() => new Response('made'), { maxWait: '100ms' })
    await app.ask()
    const reader = new Hono().use('*', cacheMiddleware({ cache: app.world.isolate(), maxWait: '100ms' }))
    reader.get('*', () => new Response('made again'))
    app.world.redis.before = () => new Promise((go) => void app.world.clock.setTimeout(go, 300))
    const answer = reader.request('/')
    await app.world.clock.advance(700)
    expect(await (await answer).text()).toBe('made')
  })

  test('not in an app that is mounted in another with the same cache either', async () => {
    const world = new World()
    const by = cacheMiddleware({ cache: world.isolate() })
    const inner = new Hono().use('*', by).get('*', (c) => c.text('hello'))
    const outer = new Hono().use('*', by).mount('/', inner.fetch)
    const answer = outer.request('/')
    await settle()
    await world.clock.advance(10_000)
    expect(await (await answer).text()).toBe('hello')
    const direct = new Hono().use('*', by).mount('/', inner.fetch, { replaceRequest: false })
    expect(await (await direct.request('/other')).text()).toBe('hello')
  })
})

describe('without the app no handler runs behind the response', () => {
  /** An app with a stale response at hand, in front of whose handlers others add headers once they have answered. */
  const staleApp = async (options: Partial<CacheMiddlewareOptions> = {}): Promise<App> => {
    let version = 0
    const app = new App(() => new Response(`v${++version}`), { staleIfError: '1h', ...options })
    await app.ask()
    await app.world.clock.advance(11_000)
    return app
  }

  test('where Redis is slow', async () => {
    const app = await staleApp()
    app.world.redis.before = () => {
      app.world.redis.before = undefined
      return new Promise((go) => void app.world.clock.setTimeout(go, 750))
    }
    const answer = app.ask()
    await app.world.clock.advance(300)
    await app.world.clock.advance(450)
    expect(await (await answer).text()).toBe('v2')
    await app.world.clock.advance(1000)
    const next = await app.ask()
    expect([await next.text(), next.headers.get('cache-status')]).toEqual(['v2', 'hybrid-cache; hit'])
    expect(JSON.stringify([...app.world.redis.values])).not.toContain('x-outer')
    expect(app.runs).toBe(2)
  })

  test('where another isolate is at it, and fails', async () => {
    const app = await staleApp({ stampede: 'global' })
    const other = new Hono().use(
      '*',
      cacheMiddleware({ cache: app.world.isolate(), ttl: '10s', stampede: 'global' }),
    )
    let fail = (): void => undefined
    const failed = new Promise<void>((resolve) => (fail = resolve))
    other.get('*', async () => failed.then(() => new Response('down', { status: 503 })))
    const first = other.request('/')
    await settle()
    const answer = app.ask()
    await settle()
    fail()
    await first
    await app.world.clock.advance(2000)
    expect(await (await answer).text()).toBe('v2')
    expect(await (await app.ask()).text()).toBe('v2')
    expect(app.runs).toBe(2)
  })
})

test('the cache of a request is bound to it, where the platform keeps work alive', async () => {
  const world = new World()
  const store = world.isolate()
  const behind: Promise<unknown>[] = []
  const app = new Hono().use('*', cacheMiddleware({ cache: () => store, ttl: '10s' }))
  app.get('*', () => new Response('hello'))
  const execution = {
    waitUntil: (work: Promise<unknown>) => void behind.push(work),
    passThroughOnException: () => undefined,
  }
  await app.fetch(new Request('http://localhost/'), {}, execution as never)
  expect(behind.length).toBeGreaterThan(0)
  await Promise.all(behind)
})

test('a failing Redis fails nobody', async () => {
  const app = new App(text)
  app.world.cut()
  const answer = app.ask()
  await app.world.clock.advance(2000)
  expect(await (await answer).text()).toBe('hello')
})

test.each<[string, object]>([
  ['no cache', { cache: {} }],
  ['vary', { vary: 'cookie' }],
  ['vary on everything', { vary: ['*'] }],
  ['vary on what is no header', { vary: ['accept language'] }],
  ['vary on nothing', { vary: [''] }],
  ['maxBytes', { maxBytes: 0 }],
  ['maxWait', { maxWait: 'soon' }],
])('bad options are a TypeError: %s', (_, options) => {
  expect(() => cacheMiddleware({ cache: new World().memoryOnly(), ...options } as never)).toThrow(TypeError)
})
