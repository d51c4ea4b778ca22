import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import type { HonoContext } from '../../../src/platform/hono/context.ts'
import { cache as cacheMiddleware, type CacheMiddlewareOptions } from '../../../src/platform/hono/index.ts'
import { refresh, refreshOf } from '../../../src/platform/hono/refresh.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'
import { App } from './cached-app.ts'

type AppOption = NonNullable<CacheMiddlewareOptions['app']>

describe('a refresh takes what the handlers answer to it, not what they are answered', () => {
  test.each<[string, (app: App, request: Request) => Response | Promise<Response>]>([
    ['at another URL, with its headers', (app, { headers }) => app.ask('/b', { headers })],
    [
      'at another URL, as a copy of it',
      (app, request) => app.app.fetch(new Request(new URL('/b', request.url), request)),
    ],
    [
      'at the same path of another host',
      (app, request) => app.app.fetch(new Request('http://elsewhere/a', request)),
    ],
    [
      'at its own URL',
      (app, { headers }) =>
        app.runs === 1
          ? new Response('b')
          : app.ask('/a', { headers: { ...Object.fromEntries(headers), b: '' } }),
    ],
  ])('%s', async (_, asked) => {
    let version = 0
    const app: App = new App(
      async (request) => {
        if (request.url !== 'http://localhost/a' || request.headers.has('b')) return new Response('b')
        return new Response(`a${++version} with ${await (await asked(app, request)).text()}`)
      },
      { swr: '1h' },
      true,
    )
    await app.ask('/a')
    await app.world.clock.advance(11_000)
    await app.ask('/a')
    await expect.poll(() => version).toBe(2)
    await settle()
    const next = await app.ask('/a')
    expect([await next.text(), next.headers.get('cache-status')]).toEqual(['a2 with b', 'hybrid-cache; hit'])
  })

  test('for the head of its own URL, in front of the cache', async () => {
    const app = new App(() => new Response('unused'))
    app.app = new Hono()
    let gets = 0
    app.app.use('*', async (c, next) => {
      if (c.req.method === 'GET') await app.ask('/', { method: 'HEAD', headers: c.req.raw.headers })
      return next()
    })
    const own = { app: app.app as AppOption, swr: '1h' } as const
    app.app.use('*', cacheMiddleware({ cache: app.store, ttl: '10s', ...own }))
    app.app.get('*', (c) => c.text(c.req.method === 'GET' ? `get ${++gets}` : 'head'))
    await app.ask()
    await app.world.clock.advance(11_000)
    await app.ask()
    await settle()
    expect(await (await app.ask()).text()).toBe('get 2')
  })
})

describe('a refresh comes to its middleware', () => {
  /** What an app answers first, after its first answer went stale, and once more. */
  const answersOf = async (world: World, app: Hono, path: string): Promise<string[]> => {
    const answers: string[] = []
    for (let i = 0; i < 3; i++) {
      answers.push(await (await app.request(path)).text())
      await settle()
      await world.clock.advance(11_000)
    }
    return answers
  }

  test.each<[string, 'outer' | 'inner']>([
    ['/', 'outer'],
    ['/', 'inner'],
    ['/shop', 'inner'],
  ])('in an app that is mounted at %s, by the %s one', async (path, by) => {
    const world = new World()
    const apps = { inner: new Hono(), outer: new Hono() }
    const own = { app: apps[by] as AppOption, swr: '1h' } as const
    apps.inner.use('*', cacheMiddleware({ cache: world.isolate(), ttl: '10s', ...own }))
    let version = 0
    apps.inner.get('/items', (c) => c.text(`v${++version}`))
    apps.outer.mount(path, apps.inner.fetch)
    expect(await answersOf(world, apps.outer, `${path === '/' ? '' : path}/items`)).toEqual([
      'v1',
      'v1',
      'v2',
    ])
  })

  test('through another one, with a cache of its own', async () => {
    const world = new World()
    const app = new Hono()
    const other = new World().isolate({ clock: world.clock })
    app.use('*', cacheMiddleware({ cache: other, ttl: '10s' }))
    const own = { app: app as AppOption, swr: '1h' } as const
    app.use('*', cacheMiddleware({ cache: world.isolate(), ttl: '10s', ...own }))
    let version = 0
    app.get('*', (c) => c.text(`v${++version}`))
    expect(await answersOf(world, app, '/')).toEqual(['v1', 'v1', 'v2'])
  })
})

test('a thousand refreshes are known at most: the oldest are those of requests that were cancelled', () => {
  const asked: Request[] = []
  const app = {
    fetch: (request: Request) => {
      asked.push(request)
      return new Promise<never>(() => undefined) // nothing follows: the platform has ended it
    },
  }
  const context = { req: { raw: new Request('http://localhost/') }, env: {} } as HonoContext
  for (let i = 0; i < 1001; i++) void refresh(app, {}, context)
  expect(
    [asked[0], asked[1], asked[1000]].map((request) => refreshOf(request as Request) !== undefined),
  ).toEqual([false, true, true])
})
