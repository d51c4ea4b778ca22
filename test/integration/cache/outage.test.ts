import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { startDevServer } from '../../../src/dev/index.ts'
import { createHybridCache, fromEnv, isCacheError } from '../../../src/index.ts'

test('a cache goes on through an outage of Redis, and uses it again when it is back', async () => {
  await using server = await startDevServer()
  const errors: string[] = []
  const cache = createHybridCache({
    redis: fromEnv(server.env),
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
  expect(await createHybridCache({ redis: fromEnv(server.env) }).get('after')).toBe(4)
})

test('a server that is gone, and a token that is refused, say which and show nothing', async () => {
  const server = await startDevServer({ token: 'canary-token' })
  const shown: unknown[] = []
  const cacheWith = (url: string, token: string) =>
    createHybridCache({ redis: { url, token }, on: { error: (event) => shown.push(event) } })
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
