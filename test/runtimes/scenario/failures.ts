import { equal, failure, ok } from './assert.ts'
import { type Checks, record, type Toolbox } from './toolbox.ts'

type Redis = { readonly url: string; readonly token: string }

/** Redis ill, as the user meets it: reads go on, writes say so, with one of these codes. */
async function survives(
  t: Toolbox,
  redis: Redis,
  codes: readonly string[],
  timeout: number,
): Promise<string> {
  const cache = t.isolate({ redis, l2: { timeout } })
  const seen = record(cache, 'error')
  equal(await cache.get('a'), undefined)
  equal(seen.length, 1, 'error events after get')
  equal(await cache.getMany(['a', 'b']), new Map())
  equal(await cache.getOrCreate('b', () => 'made'), 'made')
  equal(cache.getLocal('b'), 'made')
  const found = seen.map((event) => event.slice('error '.length))
  for (const write of [() => cache.set('b', 1), () => cache.setMany([['b', 1]]), () => cache.remove('b')]) {
    const error = await failure(write)
    ok(t.subject.api.isCacheError(error), `${error.name} instead of a CacheError`)
    ok(error instanceof t.subject.api.CacheError, 'not an instance of CacheError')
    found.push((error as { code?: string }).code ?? '')
    const text = [error.message, String(error.cause ?? '')].join(' ')
    ok(!text.includes(redis.token) && !text.includes(redis.url), 'the error tells a secret')
  }
  equal(cache.getLocal('b'), undefined, 'L1 after a write that failed')
  ok(codes.includes(found[0] ?? ''), `first ${found[0]} instead of ${codes.join()}`)
  // Once the breaker has opened, the others are not even tried.
  const distinct = [...new Set(found)].filter((code) => code !== 'BREAKER_OPEN')
  ok(
    distinct.every((code) => codes.includes(code)),
    `codes ${distinct.join()} instead of ${codes.join()}`,
  )
  return distinct.join()
}

export const failures: Checks = {
  'nobody listens: reads miss, getOrCreate makes, writes reject': (t) =>
    survives(t, { url: t.subject.input.dead, token: 'secret-token' }, ['L2_NETWORK', 'L2_TIMEOUT'], 2000),

  'no answer comes: L2_TIMEOUT': (t) =>
    survives(t, { url: `${t.subject.input.helper}/silent`, token: 'secret-token' }, ['L2_TIMEOUT'], 60),

  'the token is wrong: L2_AUTH': (t) =>
    survives(t, { url: t.subject.input.url, token: 'not-the-token' }, ['L2_AUTH'], 5000),

  'the answer is not JSON: L2_NETWORK': (t) =>
    survives(t, { url: `${t.subject.input.helper}/html`, token: 'secret-token' }, ['L2_NETWORK'], 5000),
}
