import fc from '../../support/fc.ts'
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { cache as cacheMiddleware } from '../../../src/platform/hono/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'
import { App, text } from './cached-app.ts'

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

  test('S13: leaves each request the headers that were set for it before, cookies too', async () => {
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

  test('S13: leaves each request its own part of a header that the handlers add to', async () => {
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

  test('keeps what caches nearer to the origin have said of it', async () => {
    const headers = { 'cache-status': 'Origin; hit, CDN; hit; ttl=5', etag: '"v1"' }
    const app = new App((request) => new Response(request.method, { headers }))
    const said = async (init?: RequestInit): Promise<string | null> =>
      (await app.ask('/', init)).headers.get('cache-status')
    const before = headers['cache-status']
    expect(await said({ method: 'POST' })).toBe(`${before}, hybrid-cache; fwd=bypass; detail=method`)
    expect(await said()).toBe(`${before}, hybrid-cache; fwd=uri-miss; stored`)
    for (const init of [{}, { method: 'HEAD' }, { headers: { 'if-none-match': '"v1"' } }])
      expect(await said(init)).toBe(`${before}, hybrid-cache; hit`)
  })

  test.each<[string, string, number]>([
    ['"a,b"', '"a,b"', 304],
    ['"a,b"', '"x", W/"a,b"', 304],
    ['W/"a"', '"x","a"', 304],
    ['v1', 'v1', 304],
    ['"v1"', ' * ', 304],
    ['"v1"', '"x,*,y"', 200],
    ['"v1"', '"x", *', 200],
    ['"v1"', 'v1', 200],
  ])('with the tag %s is answered to who has %s with %i', async (etag, known, status) => {
    const app = new App(() => new Response('hello', { headers: { etag } }))
    await app.ask()
    expect((await app.ask('/', { headers: { 'if-none-match': known } })).status).toBe(status)
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
