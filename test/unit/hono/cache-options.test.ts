import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { cache as cacheMiddleware, type CacheMiddlewareOptions } from '../../../src/platform/hono/index.ts'
import { World } from '../../support/world.ts'

test('options may be inherited', async () => {
  const cache = new World().memoryOnly()
  const options = Object.create({ cache, ttl: '1m', tags: ['t'] }) as CacheMiddlewareOptions
  const app = new Hono().use('*', cacheMiddleware(options)).get('/', (c) => c.text('hi'))
  const status = async (): Promise<string | null> => (await app.request('/')).headers.get('cache-status')
  expect(await status()).toContain('fwd=')
  expect(await status()).toContain('hit')
  await cache.removeByTag('t')
  expect(await status()).toContain('fwd=')
})

test.each<[string, object]>([
  ['no cache', { cache: {} }],
  ['vary', { vary: 'cookie' }],
  ['vary on everything', { vary: ['*'] }],
  ['vary on what is no header', { vary: ['accept language'] }],
  ['vary on nothing', { vary: [''] }],
  ['maxBytes', { maxBytes: 0 }],
  ['maxWait', { maxWait: 'soon' }],
])('bad options are a TypeError: %s', (_, options) => {
  expect(() => cacheMiddleware({ cache: new World().memoryOnly(), ...options } as never)).toThrow(TypeError)
})
