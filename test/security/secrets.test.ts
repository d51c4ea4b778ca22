// What must stay secret, and where requests may go: S11, S12, S16, S19.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CacheOptions, createHybridCache } from '../../src/index.ts'
import { AcquireLock } from '../../src/lua/index.ts'
import { canary, expectNothingShown } from '../support/canary.ts'
import { answer, type RawServer, startRawServer } from '../support/raw-http.ts'
import { World } from '../support/world.ts'

let server: RawServer
let elsewhere: RawServer
beforeAll(async () => {
  server = await startRawServer(answer(200, '[]'))
  elsewhere = await startRawServer(answer(200, '[]'))
})
afterAll(() => Promise.all([server[Symbol.asyncDispose](), elsewhere[Symbol.asyncDispose]()]))

const source = resolve(import.meta.dirname, '../../src')
const read = (path: string): string => readFileSync(join(source, path), 'utf8')

test('S11: a server that repeats all it was sent finds no way into an error, an event, or what is printed', async () => {
  const shown: unknown[] = []
  const cache = createHybridCache({
    redis: { url: `${server.origin}/${canary.path}`, token: canary.token },
    breaker: 'off',
    on: {
      error: (event) => shown.push(event),
      request: (event) => shown.push(event),
      script: (event) => shown.push(event),
    },
  })
  for (const status of [200, 400, 401, 429, 500]) {
    server.respond = (response, { body, headers }) =>
      answer(
        status,
        JSON.stringify(
          status === 200
            ? [{ error: `ERR ${body} ${headers.authorization}` }]
            : { error: `ERR ${body} ${headers.authorization}` },
        ),
      )(response, { body, headers, path: '' })
    for (const call of [
      () => cache.set(canary.key, canary.value, { tags: [canary.key] }),
      () => cache.removeByTag(canary.key),
      () => cache.scripts.execute(AcquireLock, { keys: [canary.key], args: [canary.value, 1000] }),
      () => cache.scripts.execute(`return '${canary.value}'`),
    ]) {
      const error: unknown = await call().catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(Error)
      expectNothingShown(error, server.origin)
    }
    await cache.get(canary.key)
  }
  const all = inspect([shown, cache], { depth: Infinity, showHidden: true }) + JSON.stringify([shown, cache])
  expect(all).not.toContain('canary')
  // In the fault run of test/faults the same is done with every error, event, span and line of log.
})

describe('S12: the URL', () => {
  const make = (url: unknown, more: object = {}): unknown =>
    createHybridCache({ redis: { url, token: 't', ...more } as CacheOptions['redis'] & object })
  test.each([
    'http://example.com',
    'http://10.0.0.1',
    'http://192.168.1.1',
    'http://169.254.169.254/latest/meta-data',
    'http://[fd00::1]',
    'http://0.0.0.0',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'ftp://example.com',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/plain,x',
    'gopher://x',
    'redis://localhost',
    'ws://localhost',
    '//example.com',
    'example.com',
    '',
    ' ',
    'https://',
    'https://user:pass@example.com',
    'https://user@example.com',
    'http://user:pass@localhost',
    'https://exa mple.com',
    7,
  ])('%s is refused', (url) => {
    expect(() => make(url)).toThrow(TypeError)
  })

  test('of a redirect is not followed, and who stands there hears nothing', async () => {
    server.respond = (response) => response.writeHead(307, { location: `${elsewhere.origin}/pipeline` }).end()
    const cache = createHybridCache({ redis: { url: server.origin, token: canary.token } })
    await expect(cache.set(canary.key, canary.value)).rejects.toMatchObject({ code: 'L2_NETWORK' })
    expect(elsewhere.requests).toEqual([])
  })
})

test('S16: the tokens of leases come from the platform’s randomness, and never twice', async () => {
  const lease = read('load/lease.ts')
  expect(lease).toContain('crypto.randomUUID()')
  expect(lease).not.toContain('Math.random')
  const tokens = new Set<string>()
  const world = new World()
  world.redis.before = (commands) => {
    for (const words of commands)
      for (const word of words) if (/^[0-9a-f-]{36}$/.test(String(word))) tokens.add(String(word))
  }
  const cache = await world.warm()
  for (let i = 0; i < 500; i++) await cache.getOrCreate(`k${i}`, () => i, { stampede: 'global', ttl: '1m' })
  expect(tokens.size).toBe(500)
})

test('S19: tokens are compared by the server; the local one does so in constant time, and no other claim is made', () => {
  expect(readFileSync(join(source, 'dev/auth.ts'), 'utf8')).toContain('timingSafeEqual')
  const security = readFileSync(join(source, '../SECURITY.md'), 'utf8')
  expect(security.match(/constant time|timing/g)).toEqual(['constant time'])
})
