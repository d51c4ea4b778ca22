import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { startDevServer } from '../../../src/dev/index.ts'
import { createHybridCache, fromEnv, isCacheError } from '../../../src/index.ts'
import { ManualClock } from '../../support/manual-clock.ts'

// A busy machine must not make a deadline of a slow answer.
const l2 = { timeout: '15s' } as const

test('a cache goes on through an outage of Redis, and uses it again when it is back', async () => {
  await using server = await startDevServer()
  const errors: string[] = []
  const cache = createHybridCache({
    redis: fromEnv(server.env),
    l2,
    on: { error: ({ error }) => errors.push(error.code) },
  })
  await cache.set('before', 1)
  await server.stopRedis()
  expect(await cache.get('before')).toBe(1)
  expect(await cache.get('before', { l1: false })).toBeUndefined()
  expect(await cache.getOrCreate('during', () => 2)).toBe(2)
  expect(await cache.get('during')).toBe(2)
  await expect(cache.set('before', 3)).rejects.toSatisfy(isCacheError)
  expect(cache.getLocal('before')).toBeUndefined()
  expect(errors.length).toBe(3)
  await server.startRedis()
  await cache.set('after', 4)
  expect(await createHybridCache({ redis: fromEnv(server.env), l2 }).get('after')).toBe(4)
})

test('a server that is gone, and a token that is refused, say which and show nothing', async () => {
  const server = await startDevServer({ token: 'canary-token' })
  const shown: unknown[] = []
  const cacheWith = (url: string, token: string) =>
    createHybridCache({ redis: { url, token }, l2, on: { error: (event) => shown.push(event) } })
  const outcome = async (cache: ReturnType<typeof cacheWith>): Promise<unknown> => {
    const error: unknown = await cache.set('canary-key', 'canary-value').catch((reason: unknown) => reason)
    shown.push(error, cache)
    return error
  }
  expect(await outcome(cacheWith(server.url, 'canary-wrong'))).toMatchObject({
    code: 'L2_AUTH',
    retryable: false,
  })
  const { url } = server
  await server.close()
  expect(await outcome(cacheWith(url, 'canary-token'))).toMatchObject({ code: 'L2_NETWORK', retryable: true })
  const text = inspect(shown, { depth: 20, showHidden: true }) + JSON.stringify(shown)
  expect(text).not.toMatch(/canary/)
  expect(text).not.toContain(new URL(url).port)
})

test('a cache leaves a Redis that fails alone, and finds out by itself that it is back', async () => {
  await using server = await startDevServer()
  const states: string[] = []
  const clock = new ManualClock()
  const cache = createHybridCache({
    clock,
    redis: fromEnv(server.env),
    l2: { retries: 0 },
    breaker: { failures: 3, open: '1s' },
    on: { breaker: ({ state, reason }) => states.push(reason === undefined ? state : `${state} ${reason}`) },
  })
  const read = (): Promise<unknown> => cache.get('k', { l1: false })
  await cache.set('k', 1)
  await server.stopRedis()
  for (let i = 0; i < 3; i++) expect(await read()).toBeUndefined()
  expect(states).toEqual(['open L2_NETWORK'])
  const { requests } = cache.stats().l2
  for (let i = 0; i < 20; i++) expect(await cache.getOrCreate(`new${i}`, () => i)).toBe(i)
  expect(cache.stats().l2.requests).toBe(requests)
  await expect(cache.set('k', 2)).rejects.toMatchObject({ code: 'BREAKER_OPEN' })

  await clock.advance(1000)
  expect(await read()).toBeUndefined()
  expect(states.slice(1)).toEqual(['half-open', 'open L2_NETWORK'])
  expect(cache.stats().l2.requests).toBe(requests + 1)

  await server.startRedis()
  await clock.advance(1000)
  await cache.set('k', 3)
  expect(await read()).toBe(3)
  expect(states.slice(3)).toEqual(['half-open', 'closed'])
})

test('a token that is refused is shown once, and then no request leaves', async () => {
  await using server = await startDevServer()
  const cache = createHybridCache({ redis: { url: server.url, token: 'wrong' }, l2 })
  const codes: unknown[] = []
  for (let i = 0; i < 3; i++)
    codes.push(await cache.remove('k').catch((error: unknown) => isCacheError(error) && error.code))
  expect(codes).toEqual(['L2_AUTH', 'BREAKER_OPEN', 'BREAKER_OPEN'])
  expect(cache.stats().l2).toMatchObject({ requests: 1, breaker: 'open' })
})
