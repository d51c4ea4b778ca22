import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { cache as cacheMiddleware } from '../../../src/platform/hono/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'
import { App } from './cached-app.ts'

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
