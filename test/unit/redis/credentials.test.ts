import { inspect } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { createHybridCache, type Credentials, fromEnv } from '../../../src/index.ts'

const url = 'https://canary-host.upstash.io'
const token = 'canary-token'
const upstash = { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }
const vercel = { KV_REST_API_URL: `${url}/kv`, KV_REST_API_TOKEN: `${token}-kv` }

/** What a call throws; the credentials must not be in it. */
function refusal(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('canary')
    return error
  }
  return undefined
}

describe('fromEnv', () => {
  test('reads either pair, the first where both are there', () => {
    expect(fromEnv(upstash)).toEqual({ url, token })
    expect(fromEnv(vercel)).toEqual({ url: `${url}/kv`, token: `${token}-kv` })
    expect(fromEnv({ ...vercel, ...upstash })).toEqual({ url, token })
  })

  test('reads the process environment where it is given nothing', () => {
    for (const [name, value] of Object.entries(upstash)) vi.stubEnv(name, value)
    expect(fromEnv()).toEqual({ url, token })
  })

  test('takes any kind of object: one without a prototype, a proxy, one with bindings that are no strings', () => {
    expect(fromEnv(Object.assign(Object.create(null), upstash))).toEqual({ url, token })
    expect(fromEnv(new Proxy(upstash, {}))).toEqual({ url, token })
    expect(fromEnv({ ...upstash, KV: { get: () => null } })).toEqual({ url, token })
  })

  test('takes an empty variable for a missing one', () => {
    expect(fromEnv({ UPSTASH_REDIS_REST_URL: '', UPSTASH_REDIS_REST_TOKEN: '', ...vercel })).toEqual(
      fromEnv(vercel),
    )
  })

  test.each([
    ['UPSTASH_REDIS_REST_TOKEN', { UPSTASH_REDIS_REST_URL: url }],
    ['UPSTASH_REDIS_REST_URL', { UPSTASH_REDIS_REST_TOKEN: token }],
    ['UPSTASH_REDIS_REST_TOKEN', { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: '' }],
    ['UPSTASH_REDIS_REST_TOKEN', { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: 5 }],
    ['UPSTASH_REDIS_REST_TOKEN', { UPSTASH_REDIS_REST_URL: url, ...vercel }],
    ['KV_REST_API_TOKEN', { KV_REST_API_URL: url }],
    ['KV_REST_API_URL', { KV_REST_API_TOKEN: token }],
  ])('names %s when only the other half of its pair is set', (missing, env) => {
    const error = refusal(() => fromEnv(env))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toHaveProperty('message', `fromEnv: ${missing} is not set`)
  })

  test.each([[{}], [{ OTHER: 'x' }], [{ UPSTASH_REDIS_REST_URL: undefined }], [[]]])(
    'names all four variables when none is set: %j',
    (env) => {
      const error = refusal(() => fromEnv(env))
      expect(error).toBeInstanceOf(TypeError)
      for (const name of [...Object.keys(upstash), ...Object.keys(vercel)])
        expect(String(error)).toContain(name)
    },
  )
})

const create = (redis: Partial<Credentials>): unknown => createHybridCache({ redis: redis as Credentials })

describe('a URL', () => {
  test.each([
    'https://canary.upstash.io',
    'https://canary.upstash.io/',
    'https://canary.example.com:8443/path/to',
    'https://192.0.2.1',
    'https://[2001:db8::1]:444',
    'http://localhost',
    'http://localhost:8079',
    'http://db.localhost:8079',
    'http://127.0.0.1:8079',
    'http://127.1.2.3',
    'http://[::1]:8079',
  ])('%s is accepted', (good) => {
    expect(refusal(() => create({ url: good, token }))).toBeUndefined()
  })

  test('with http: to another machine is accepted where that is allowed explicitly, and only then', () => {
    const insecure = 'http://canary.internal:8079'
    expect(refusal(() => create({ url: insecure, token, allowInsecureUrl: true }))).toBeUndefined()
    for (const allowInsecureUrl of [false, 'true', 1]) {
      const error = refusal(() =>
        create({ url: insecure, token, allowInsecureUrl: allowInsecureUrl as boolean }),
      )
      expect(error).toBeInstanceOf(TypeError)
      expect(String(error)).toContain('allowInsecureUrl')
    }
  })

  test.each([
    'canary.upstash.io',
    '//canary.upstash.io',
    'https//canary.upstash.io',
    'https://',
    'https:',
    'https://canary host',
    'https://canary.example.com:99999',
    'redis://canary.upstash.io:6379',
    'rediss://default:canary@canary.upstash.io:6379',
    'ftp://canary.example.com',
    'ws://canary.example.com',
    'file:///etc/canary',
    'data:text/plain,canary',
    'javascript:canary',
    'https://canary@example.com',
    'https://canary:canary@example.com',
    'https://:canary@example.com',
    'https://example.com?_token=canary',
    'https://example.com/#canary',
    'https://canary.example.com/?',
    'https://canary.example.com/path/#',
    'http://canary.upstash.io',
    'http://169.254.169.254/canary',
    'http://10.0.0.1/canary',
    'http://127.0.0.1.canary.com',
    'http://localhost.canary.com',
    'http://canary-localhost',
    'http://1270.0.0.1/canary',
    'http://[::ffff:7f00:1]/canary',
    'http://0.0.0.0/canary',
  ])('%s is refused with a TypeError that does not show it', (bad) => {
    const error = refusal(() => create({ url: bad, token }))
    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).toContain('redis.url')
  })

  test.each([
    'https:canary.upstash.io',
    'https:/canary.upstash.io',
    'HTTPS://canary.upstash.io',
    ' https://canary.upstash.io',
    'https://canary.upstash.io\n',
    'https://canary.up\nstash.io',
    String.raw`https:\\canary.upstash.io`,
  ])('%j, which a URL parser repairs, is refused with a TypeError that does not show it, or works', (odd) => {
    const error = refusal(() => create({ url: odd, token }))
    expect(error === undefined || error instanceof TypeError).toBe(true)
  })

  test.each([undefined, null, '', 5, {}, new URL(url)])('%s is no URL at all', (bad) => {
    expect(refusal(() => create({ url: bad as string, token }))).toBeInstanceOf(TypeError)
  })
})

describe('a token', () => {
  test.each([
    undefined,
    null,
    '',
    5,
    {},
    'canary token',
    'canary\n',
    'canary\r\nX-Other: 1',
    'cänary',
    '\0canary',
    ' ',
  ])('%j is refused with a TypeError that does not show it', (bad) => {
    const error = refusal(() => create({ url, token: bad as string }))
    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).toContain('redis.token')
  })
})

test('neither the cache nor its namespaces show the credentials when they are printed or serialised', () => {
  const cache = createHybridCache({ redis: { url, token } })
  for (const shown of [cache, cache.namespace('ns'), cache.bind({ waitUntil: () => {} })]) {
    expect(inspect(shown, { depth: Infinity, showHidden: true })).not.toContain('canary')
    expect(JSON.stringify(shown)).not.toContain('canary')
  }
})
