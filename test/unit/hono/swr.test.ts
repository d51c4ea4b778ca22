import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { describe, expect, test } from 'vitest'
import { cache as cacheMiddleware, type CacheMiddlewareOptions } from '../../../src/platform/hono/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'
import { App, text } from './cached-app.ts'

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

  test('S13: takes what the handlers answer, not what is made of it for a client in front of the cache', async () => {
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
    let refused = 0
    app.app = new Hono()
    const own = { app: app.app as NonNullable<CacheMiddlewareOptions['app']>, swr: '1h' } as const
    app.app.use('*', async (c, next) => {
      // What the cache asks by itself has no condition, which all clients have here.
      if (!isClosed || c.req.header('if-none-match') !== undefined) return next()
      refused++
      return c.text('closed', 429)
    })
    app.app.use('*', cacheMiddleware({ cache: app.store, ttl: '10s', ...own }))
    app.app.get('*', (c) => c.text('hello'))
    await app.ask()
    await app.world.clock.advance(11_000)
    isClosed = true
    for (let i = 0; i < 3; i++) {
      const answer = await app.ask('/', { headers: { 'if-none-match': '"x"' } })
      expect([await answer.text(), answer.headers.get('cache-status')]).toEqual([
        'hello',
        'hybrid-cache; hit',
      ])
      await settle()
    }
    expect(refused).toBeGreaterThan(0)
  })

  test('cannot be asked for by a client', async () => {
    const app = new App(text)
    const seen: Headers[] = []
    app.app = new Hono()
    const own = { app: app.app as NonNullable<CacheMiddlewareOptions['app']>, swr: '1h' } as const
    app.app.use('*', async (c, next) => {
      seen.push(c.req.raw.headers)
      await next()
    })
    app.app.use('*', cacheMiddleware({ cache: app.store, ttl: '10s', ...own }))
    app.app.get('*', (c) => c.text('hello'))
    await app.ask()
    await app.world.clock.advance(11_000)
    await app.ask()
    await expect.poll(() => seen.length).toBe(3)
    await settle()
    const mark = [...(seen[2] ?? [])].filter(([name]) => seen[0]?.has(name) === false)
    expect(mark).toHaveLength(1)
    const [[name, token]] = mark as [[string, string]]
    for (const value of [token, 'undefined', '']) {
      const answer = await app.ask('/', { headers: { [name]: value } })
      expect([await answer.text(), answer.headers.get('cache-status')]).toEqual([
        'hello',
        'hybrid-cache; hit',
      ])
    }
  })

  test('needs the app', () => {
    const app = new App(text)
    expect(() => cacheMiddleware({ cache: app.store, swr: '1m' })).toThrow(/need `app`/)
    expect(() => cacheMiddleware({ cache: app.store, eager: true })).toThrow(/need `app`/)
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
