import fc from '../../support/fc.ts'
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { cache as cacheMiddleware, type CacheMiddlewareOptions } from '../../../src/platform/hono/index.ts'
import { World } from '../../support/world.ts'
import { App } from './cached-app.ts'

describe('what may be stored', () => {
  test('has the query in order, and is another for another URL', async () => {
    const app = new App((request) => new Response(request.url))
    await app.ask('/?b=2&a=1')
    expect(await (await app.ask('/?a=1&b=2')).text()).toContain('/?b=2&a=1')
    for (const path of ['/?a=1', '/?a=1&b=3', '/x?a=1&b=2', '/?a=1&a=1&b=2']) await app.ask(path)
    expect(app.runs).toBe(5)
    await app.ask(`/${'long'.repeat(1000)}`)
    expect((await app.ask(`/${'long'.repeat(1000)}`)).headers.get('cache-status')).toBe('hybrid-cache; hit')
  })

  test('S13: is never what another query has, as the app reads it', async () => {
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

  test('S13: holds no credentials, though the response may depend on them', async () => {
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

  test.each<[string, (outer: Hono, store: HybridCache) => void]>([
    [
      'mounted with a namespace each',
      (outer, store) => {
        for (const name of ['shop', 'blog']) {
          const inner = new Hono().use('*', cacheMiddleware({ cache: store.namespace(name) }))
          outer.mount(`/${name}`, inner.get('/items', (c) => c.text(name)).fetch)
        }
      },
    ],
    [
      'mounted with the request as it is',
      (outer, store) => {
        for (const name of ['shop', 'blog']) {
          const inner = new Hono().basePath(`/${name}`).use('*', cacheMiddleware({ cache: store }))
          const direct = { replaceRequest: false } as const
          outer.mount(`/${name}`, inner.get('/items', (c) => c.text(name)).fetch, direct)
        }
      },
    ],
    [
      'that are routes of another',
      (outer, store) => {
        for (const name of ['shop', 'blog']) {
          const inner = new Hono().use('*', cacheMiddleware({ cache: store }))
          outer.route(
            `/${name}`,
            inner.get('/items', (c) => c.text(name)),
          )
        }
      },
    ],
  ])('S13: is apart in apps at different paths, %s', async (_, add) => {
    const outer = new Hono()
    add(outer, new World().isolate())
    for (const status of ['stored', 'hit'])
      for (const name of ['shop', 'blog']) {
        const answer = await outer.request(`/${name}/items`)
        expect([await answer.text(), answer.headers.get('cache-status')]).toEqual([
          name,
          expect.stringContaining(status),
        ])
      }
  })

  test('S13: under a key of its own is never what a URL has, nor what depends on another header', async () => {
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
    expect(await (await unnamed.request('/')).text()).toContain('key must return a string')
  })
})
