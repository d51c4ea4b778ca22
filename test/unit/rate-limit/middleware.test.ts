import { expect, test } from 'vitest'
import {
  denialResponse,
  fixedWindow,
  rateLimit,
  type RateLimiter,
  type RateLimitOptions,
} from '../../../src/rate-limit/index.ts'
import { LimiterWorld, perMinute } from './support.ts'

const id = (request: Request): string => request.headers.get('x-user') ?? 'nobody'
const request = (user = 'ann'): Request =>
  new Request('https://example.com/', { headers: { 'x-user': user } })

test('what passes reaches the handler, with all it was called with, and the response gets the headers', async () => {
  const world = new LimiterWorld()
  world.answer(1, 0, 60_000, 2)
  const handler = rateLimit(
    (asked: Request, env: { greeting: string }) =>
      new Response(`${env.greeting}, ${id(asked)}`, { status: 201 }),
    { limiter: world.limiter({ name: 'api' }), id },
  )
  const response = await handler(request(), { greeting: 'hello' })
  expect(response.status).toBe(201)
  expect(await response.text()).toBe('hello, ann')
  expect(response.headers.get('ratelimit-policy')).toBe('"api";q=5;w=60')
  expect(response.headers.get('ratelimit')).toBe('"api";r=3;t=60')
  expect(response.headers.get('x-ratelimit-limit')).toBeNull()
})

test('what is denied does not', async () => {
  const world = new LimiterWorld()
  world.answer(0, 5000, 60_000, 5)
  let called = 0
  const handler = rateLimit(() => new Response(String(called++)), {
    limiter: world.limiter({ name: 'api' }),
    id,
    legacy: true,
  })
  for (let i = 0; i < 3; i++) {
    const response = await handler(request())
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(response.headers.get('ratelimit')).toBe('"api";r=0;t=5')
    expect(response.headers.get('x-ratelimit-remaining')).toBe('0')
    expect(await response.json()).toMatchObject({ status: 429, 'violated-policies': ['api'] })
  }
  expect(called).toBe(0)
  expect(world.asked()).toBe(1)
})

test('a limit is told beside one further inside whose text begins like its own', async () => {
  const world = new LimiterWorld()
  world.answer(1, 0, 60_000, 2)
  const ofWindow = (window: '1h' | '6m'): RateLimiter =>
    world.limiter({ name: 'api', policy: fixedWindow({ limit: 5, window }) })
  const inner = rateLimit(() => new Response(), { limiter: ofWindow('1h'), id })
  const handler = rateLimit(inner, { limiter: ofWindow('6m'), id })
  const { headers } = await handler(request())
  expect(headers.get('ratelimit-policy')).toBe('"api";q=5;w=3600, "api";q=5;w=360')
  expect(headers.get('ratelimit')).toBe('"api";r=3;t=60')
})

test('onDenied answers instead, and gets the headers too, once', async () => {
  const world = new LimiterWorld()
  world.answer(0, 5000)
  const own = rateLimit(() => new Response(), {
    limiter: world.limiter(),
    id,
    onDenied: (_, { retryAfter }) => Response.redirect(`https://example.com/wait?ms=${retryAfter}`),
  })
  const response = await own(request())
  expect(response.status).toBe(302)
  expect(response.headers.get('location')).toBe('https://example.com/wait?ms=5000')
  expect(response.headers.get('retry-after')).toBe('5')
  const same = rateLimit(() => new Response(), {
    limiter: world.limiter({ name: 'api' }),
    id,
    onDenied: async (_, result) => denialResponse(result),
  })
  expect((await same(request())).headers.get('ratelimit-policy')).toBe('"api";q=5;w=60')
})

test('responses that cannot be changed are made anew, and what no constructor makes stays as it is', async () => {
  const world = new LimiterWorld()
  world.answer(1)
  const limiter = world.limiter({ name: 'api' })
  const frozen = new Response('body', {
    status: 203,
    statusText: 'Fine',
    headers: { etag: '"1"', 'set-cookie': 'a=1' },
  })
  frozen.headers.append('set-cookie', 'b=2')
  for (const method of ['set', 'append', 'delete'] as const) {
    frozen.headers[method] = () => {
      throw new TypeError('immutable')
    }
  }
  const anew = await rateLimit(() => frozen, { limiter, id })(request())
  expect([anew.status, anew.statusText, await anew.text(), anew.headers.get('etag')]).toEqual([
    203,
    'Fine',
    'body',
    '"1"',
  ])
  expect(anew.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  expect(anew.headers.has('ratelimit')).toBe(true)
  expect(
    (
      await rateLimit(() => Response.redirect('https://example.com/'), { limiter, id })(request())
    ).headers.has('ratelimit'),
  ).toBe(true)
  expect(
    (await rateLimit(() => new Response(null, { status: 204 }), { limiter, id })(request())).status,
  ).toBe(204)
  const error = Response.error()
  expect(await rateLimit(() => error, { limiter, id })(request())).toBe(error)
})

test('several limits tell of each, the outermost denial counts', async () => {
  const world = new LimiterWorld()
  world.answer(1)
  const inner = rateLimit(() => new Response(), { limiter: world.limiter({ name: 'user' }), id })
  const outer = rateLimit(inner, { limiter: world.limiter({ name: 'ip' }), id: () => '192.0.2.1' })
  const response = await outer(request())
  expect(response.headers.get('ratelimit-policy')).toBe('"user";q=5;w=60, "ip";q=5;w=60')
})

test('the limiter, the identifier, the cost and the policy may depend on the request', async () => {
  const world = new LimiterWorld()
  world.cut()
  const limiters = new Map<string, RateLimiter>()
  const cache = world.cache({ breaker: 'off' })
  const handler = rateLimit((_asked: Request, _env: { tenant: string }) => new Response(), {
    limiter: (_, { tenant }) => {
      if (!limiters.has(tenant))
        limiters.set(tenant, world.limiter({ onError: 'local', name: tenant }, cache))
      return limiters.get(tenant) as RateLimiter
    },
    id: async (asked) => id(asked),
    cost: (asked) => (asked.method === 'POST' ? 4 : 1),
    policy: (asked) => fixedWindow({ limit: id(asked) === 'ann' ? 8 : 4, window: '1m' }),
  })
  const post = (user: string): Request => new Request(request(user), { method: 'POST' })
  const statuses = []
  for (const [asked, tenant] of [
    [post('ann'), 'a'],
    [post('ann'), 'a'],
    [request(), 'a'],
    [post('bob'), 'a'],
    [request('bob'), 'a'],
    [request('bob'), 'b'],
  ] as const)
    statuses.push((await handler(asked, { tenant })).status)
  expect(statuses).toEqual([200, 200, 429, 200, 429, 200])
})

test('skip leaves a request alone', async () => {
  const world = new LimiterWorld()
  const handler = rateLimit(() => new Response(), {
    limiter: world.limiter(),
    id,
    skip: ({ url }) => url.endsWith('/'),
  })
  expect((await handler(request())).headers.has('ratelimit-policy')).toBe(false)
  expect(world.asked()).toBe(0)
})

test('skip leaves a request alone, and its other arguments', async () => {
  const handler = rateLimit((_request: Request, _context: object) => new Response(), {
    limiter: new LimiterWorld().limiter(),
    id,
    skip: () => true,
  })
  const context = {
    get waitUntil(): never {
      throw new Error('looked at')
    },
  }
  expect((await handler(request(), context)).status).toBe(200)
})

test('a waitUntil among the arguments gets what goes on behind the answer, called as a method', async () => {
  const world = new LimiterWorld()
  world.hold('CheckRateLimits')
  class Context {
    readonly #works: Promise<unknown>[] = []
    waitUntil(work: Promise<unknown>): void {
      this.#works.push(work)
    }
    get count(): number {
      return this.#works.length
    }
  }
  const context = new Context()
  const handler = rateLimit((_asked: Request, _env: object, _ctx: Context) => new Response(), {
    limiter: world.limiter(),
    id,
  })
  const call = handler(request(), {}, context)
  await world.clock.advance(500)
  expect((await call).status).toBe(200)
  expect(context.count).toBe(1)
  await world.clock.advance(500)
})

test('an outage lets pass, or is a 503 where it was asked for', async () => {
  const world = new LimiterWorld()
  world.cut()
  const handler = (onError: 'open' | 'closed'): Promise<Response> =>
    rateLimit(() => new Response(), { limiter: world.limiter({ onError }), id })(request())
  expect((await handler('open')).status).toBe(200)
  expect((await handler('closed')).status).toBe(503)
})

test('what the handler throws is thrown on', async () => {
  const world = new LimiterWorld()
  world.answer(1)
  const failure = new Error('mine')
  const handler = rateLimit(
    () => {
      throw failure
    },
    { limiter: world.limiter(), id },
  )
  await expect(handler(request())).rejects.toBe(failure)
})

test('options that cannot be right are a TypeError', () => {
  const limiter = new LimiterWorld().limiter()
  const wrong = rateLimit as (...args: unknown[]) => unknown
  for (const args of [
    [],
    [() => new Response()],
    [() => new Response(), { limiter }],
    [() => new Response(), { id }],
    ['x', { limiter, id }],
    [() => new Response(), { limiter: null, id }],
    [() => new Response(), { limiter: perMinute, id }],
    [() => new Response(), { limiter, id, policy: perMinute }],
    [() => new Response(), { limiter, id, skip: true }],
    [() => new Response(), { limiter, id, onDenied: new Response() }],
  ])
    expect(() => wrong(...args)).toThrow(TypeError)
})

test('options may be inherited', async () => {
  const world = new LimiterWorld()
  world.answer(1, 0, 60_000, 2)
  const options = Object.create({ limiter: world.limiter(), id, legacy: true }) as RateLimitOptions<[]>
  const { headers } = await rateLimit(() => new Response(), options)(request())
  expect(headers.get('x-ratelimit-limit')).toBe('5')
})
