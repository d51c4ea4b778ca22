import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { rateLimiter, type RateLimiterMiddlewareOptions } from '../../../src/platform/hono/index.ts'
import { createRateLimiter, fixedWindow, gcra, type RateLimiter } from '../../../src/rate-limit/index.ts'
import { World } from '../../support/world.ts'

/** A limiter that counts by itself: what Redis does is tested elsewhere. */
function limiterOf(world: World, limit = 2, name = 'app'): RateLimiter {
  const cache = world.isolate({ breaker: { failures: 1 }, l2: { retries: 0 } }) as never
  return createRateLimiter({ cache, policy: fixedWindow({ limit, window: '1m', name }), onError: 'local' })
}

function appWith(options: Partial<RateLimiterMiddlewareOptions> = {}): { app: Hono; runs: () => number } {
  const world = new World()
  world.cut()
  let runs = 0
  const app = new Hono()
  app.use(
    '*',
    rateLimiter({ limiter: limiterOf(world), id: (c) => c.req.raw.headers.get('x-user') ?? '?', ...options }),
  )
  app.all('*', (c) => {
    runs++
    return c.text('hello')
  })
  return { app, runs: () => runs }
}

const of = (user: string): RequestInit => ({ headers: { 'x-user': user } })

describe('the rate limiter for Hono', () => {
  test('lets so much through to each, tells how much is left, and denies the rest', async () => {
    const { app, runs } = appWith()
    for (const remaining of [1, 0]) {
      const response = await app.request('/', of('ann'))
      expect([response.status, await response.text()]).toEqual([200, 'hello'])
      expect(response.headers.get('ratelimit')).toContain(`r=${remaining}`)
      expect(response.headers.get('ratelimit-policy')).toContain('"app";q=2;w=60')
    }
    const denied = await app.request('/', of('ann'))
    expect([denied.status, denied.headers.get('content-type')]).toEqual([429, 'application/problem+json'])
    expect(Number(denied.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await app.request('/', of('bob'))).status).toBe(200)
    expect(runs()).toBe(3)
  })

  test('skips what is none of its business, and takes cost, policy and answer from the context', async () => {
    const { app, runs } = appWith({
      skip: (c) => c.req.raw.method === 'OPTIONS',
      cost: (c) => (c.req.raw.url.endsWith('/dear') ? 5 : 1),
      policy: () => gcra({ limit: 10, period: '1m', burst: 4, name: 'other' }),
      onDenied: (_, { reason }) => new Response(reason, { status: 418 }),
      legacy: true,
    })
    expect((await app.request('/', { method: 'OPTIONS' })).headers.has('ratelimit')).toBe(false)
    const response = await app.request('/', of('ann'))
    expect(response.headers.get('x-ratelimit-limit')).toBe('4')
    const dear = await app.request('/dear', of('ann'))
    expect([dear.status, await dear.text(), dear.headers.has('ratelimit')]).toEqual([418, 'cost', true])
    expect(runs()).toBe(2)
  })

  test('may be given by the context, and two behind each other add up in the headers', async () => {
    const world = new World()
    world.cut()
    const [perUser, perAll] = [limiterOf(world, 5, 'user'), limiterOf(world, 9, 'all')]
    const app = new Hono()
    app.use('*', rateLimiter({ limiter: () => perAll, id: () => 'all' }))
    app.use('*', rateLimiter({ limiter: async () => perUser, id: () => 'ann' }))
    app.get('*', () => Response.json({ ok: true }))
    const response = await app.request('/')
    expect(response.headers.get('ratelimit-policy')).toMatch(/"user";q=5;w=60.*"all";q=9;w=60/)
    expect(await response.json()).toEqual({ ok: true })
  })

  test('puts its headers on what an error handler answers, too', async () => {
    const world = new World()
    world.cut()
    const app = new Hono()
    app.use('*', rateLimiter({ limiter: limiterOf(world), id: () => 'ann' }))
    app.get('*', () => {
      throw new Error('a bug')
    })
    app.onError((error, c) => c.text(error.message, 500))
    const response = await app.request('/')
    expect([response.status, response.headers.has('ratelimit')]).toEqual([500, true])
  })

  test('bad options are a TypeError', () => {
    for (const options of [undefined, {}, { id: () => 'x' }, { limiter: {}, id: 'ip' }])
      expect(() => rateLimiter(options as never)).toThrow(TypeError)
  })
})
