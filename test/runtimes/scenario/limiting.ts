import type { HybridCache } from '../../../src/index.ts'
import {
  createRateLimiter,
  fixedWindow,
  gcra,
  limitAll,
  rateLimit,
  type RateLimiter,
  type RateLimitPolicy,
  slidingWindow,
  tokenBucket,
} from '../../../src/rate-limit/index.ts'
import { equal, ok } from './assert.ts'
import type { Checks, Toolbox } from './toolbox.ts'

const policies: readonly RateLimitPolicy[] = [
  gcra({ limit: 3, period: '1h', burst: 3 }),
  tokenBucket({ capacity: 3, refillRate: 3, interval: '1h' }),
  slidingWindow({ limit: 3, window: '1h' }),
  fixedWindow({ limit: 3, window: '7d' }),
]

function limiterOf(t: Toolbox, policy: RateLimitPolicy, cache = t.isolate()): RateLimiter {
  return createRateLimiter({ cache: cache as HybridCache<true>, policy, timeout: '5s' })
}

export const limiting: Checks = {
  'rate limits: count over isolates, deny, and deny again from memory': async (t) => {
    for (const policy of policies) {
      const [one, other] = [limiterOf(t, policy), limiterOf(t, policy)]
      const left = [await one.limit('ann', { cost: 2 }), await other.limit('ann'), await one.limit('ann')]
      equal(
        left.map(({ success, remaining }) => [success, remaining]),
        [
          [true, 1],
          [true, 0],
          [false, 0],
        ],
      )
      equal(await t.costOf(() => one.limit('ann')), { requests: 0, commands: 0 })
    }
  },

  'rate limits: any identifier, several at once': async (t) => {
    const cache = t.isolate()
    const limits = policies.map((policy) => ({
      limiter: limiterOf(t, policy, cache),
      id: `\ud800${'x'.repeat(500)}`,
    }))
    equal(
      (await limitAll(limits)).results.map((each) => each?.remaining),
      [2, 2, 2, 2],
    )
    equal(await t.costOf(() => limitAll(limits)), { requests: 1, commands: 7 })
  },

  'rate limits: the middleware, also around a response that cannot be changed': async (t) => {
    const limiter = limiterOf(t, fixedWindow({ limit: 2, window: '7d', name: 'api' }))
    const { url, token } = t.subject.input
    const handler = rateLimit(
      () => fetch(url, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: '["PING"]' }),
      { limiter, id: (request: Request) => request.url },
    )
    const ask = () => handler(new Request('https://example.com/'))
    const first = await ask()
    equal([first.status, await first.json()], [200, { result: 'PONG' }])
    ok(/^"api";r=1;t=\d+$/.test(first.headers.get('ratelimit') ?? ''), 'the headers are missing')
    await (await ask()).text()
    const denied = await ask()
    equal(
      [denied.status, ((await denied.json()) as { 'violated-policies': unknown })['violated-policies']],
      [429, ['api']],
    )
    ok(Number(denied.headers.get('retry-after')) > 0, 'there is no Retry-After')
  },

  'rate limits: an outage lets pass, or counts here': async () => {
    const down = {
      redis: { url: 'http://127.0.0.1:1', token: 't' },
      policy: fixedWindow({ limit: 1, window: '7d' }),
    }
    equal((await createRateLimiter(down).limit('ann')).success, true)
    const local = createRateLimiter({ ...down, onError: 'local' })
    equal([(await local.limit('ann')).success, (await local.limit('ann')).success], [true, false])
  },
}
