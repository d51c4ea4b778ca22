import { Redis } from '@upstash/redis'
import { Redis as EdgeRedis } from '@upstash/redis/cloudflare'
import { expect, test } from 'vitest'
import { createHybridCache, type HybridCache } from '../../../src/index.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { record } from '../../support/world.ts'

// A busy machine must not make a deadline of a slow answer.
const l2 = { timeout: '15s' } as const

const values: [string, unknown][] = [
  ['plain data', { list: [1, 'two', null, { three: true }], text: 'ünïcödé 🙂 "quoted" \\ \n\t\u0000' }],
  ['what looks like JSON', '{"a":1}'],
  ['a number as text', '007'],
  ['OK', 'OK'],
  ['the empty string', ''],
  ['null', null],
  ['false', false],
  ['zero', 0],
  ['a date', new Date(1_700_000_000_000)],
  ['a map of sets', new Map([['a', new Set([1, 2n])]])],
  ['undefined inside', { a: undefined, b: [Number.NaN, -0, Infinity] }],
  ['bytes', new Uint8Array([0, 1, 127, 128, 255])],
  ['a long text', 'long '.repeat(100_000)],
  ['an awkward key', JSON.parse('{"__proto__":{"x":1},"constructor":1}')],
]

onEveryEngine('values through the real thing', (server) => {
  let prefixes = 0
  const credentials = () => ({ url: server().url, token: server().token })

  const connections: [string, (prefix: string) => HybridCache][] = [
    ['url and token', (keyPrefix) => createHybridCache({ redis: credentials(), keyPrefix, l2 })],
    [
      'compression',
      (keyPrefix) =>
        createHybridCache({ redis: credentials(), keyPrefix, l2, compression: { threshold: 1 } }),
    ],
    [
      'a client as it comes',
      (keyPrefix) => createHybridCache({ redis: new Redis(credentials()), keyPrefix, l2 }),
    ],
    [
      'a client for the edge',
      (keyPrefix) => createHybridCache({ redis: new EdgeRedis(credentials()), keyPrefix, l2 }),
    ],
    [
      'a client without batching',
      (keyPrefix) =>
        createHybridCache({
          redis: new Redis({ ...credentials(), enableAutoPipelining: false }),
          keyPrefix,
          l2,
        }),
    ],
  ]

  test.each(connections)('every kind of value comes back whole: %s', async (_, connect) => {
    const prefix = `values-${prefixes++}`
    await connect(prefix).setMany(values)
    const reader = connect(prefix)
    for (const [key, value] of values) expect(await reader.get(key), key).toEqual(value)
    expect([...(await connect(prefix).getMany(values.map(([key]) => key)))]).toEqual(values)
  })

  test('Redis itself ends what nobody uses, and is asked to keep nothing for ever', async () => {
    const prefix = `ttl-${prefixes++}`
    const cache = createHybridCache({ redis: credentials(), keyPrefix: prefix, l2 })
    const client = new Redis(credentials())
    await cache.set('plain', 1, { ttl: '10m' })
    await cache.set('sliding', 1, { ttl: '10m', sliding: '1m' })
    expect(await client.pttl(`${prefix}:e:plain`)).toBeGreaterThan(590_000)
    await cache.set('short', 1, { ttl: '1s' })
    expect(await client.pttl(`${prefix}:e:sliding`)).toBeLessThanOrEqual(60_000)
    // For as long as a load may take: what it makes of older data must find no empty place.
    expect(await client.pttl(`${prefix}:e:short`)).toBeGreaterThan(55_000)
    await client.pexpire(`${prefix}:e:sliding`, 20_000)
    const clock = new ManualClock()
    const work: Promise<unknown>[] = []
    const late = createHybridCache({
      redis: credentials(),
      keyPrefix: prefix,
      l2,
      clock,
      waitUntil: (promise) => work.push(promise),
    })
    await late.get('plain')
    await clock.advance(40_000)
    expect(await late.get('sliding')).toBe(1)
    await Promise.all(work)
    expect(await client.pttl(`${prefix}:e:sliding`)).toBeGreaterThan(55_000)
  })

  test('a deserialiser that meets our entries leaves them as they are', async () => {
    const prefix = `wire-${prefixes++}`
    await createHybridCache({ redis: credentials(), keyPrefix: prefix, l2 }).set('k', 123)
    const raw = await new Redis(credentials()).get<string>(`${prefix}:e:k`)
    expect(raw).toMatch(/^h1\|e\|\d+\|\d+\|\d+\|\|\|\|\|[0-9a-f]{8}\|j\|\|\|\|\|\|e:k\n123$/)
  })

  test('what another program wrote under a key is a miss, whatever its type', async () => {
    const prefix = `foreign-${prefixes++}`
    const client = new Redis(credentials())
    await client.set(`${prefix}:e:text`, 'hello')
    await client.set(`${prefix}:e:json`, { a: 1 })
    await client.lpush(`${prefix}:e:list`, 1, 2)
    const cache = createHybridCache({ redis: credentials(), keyPrefix: prefix, l2 })
    for (const key of ['text', 'json', 'list']) {
      expect(await cache.get(key)).toBeUndefined()
      expect(await cache.getOrCreate(key, () => 'ours')).toBe('ours')
      cache.removeLocal(key)
      expect(await cache.get(key)).toBe('ours')
    }
  })

  test('of another type among keys that one command reads Redis says nothing: it is a miss, and stays', async () => {
    const prefix = `types-${prefixes++}`
    const client = new Redis(credentials())
    for (const key of ['a', 'b', 'c', 'd']) await client.lpush(`${prefix}:e:${key}`, 1)
    const cache = createHybridCache({ redis: credentials(), keyPrefix: prefix, l2 })
    const errors = record(cache, 'error')
    const make = (keys: readonly string[]): Map<string, number> => new Map(keys.map((key) => [key, 1]))
    expect(await cache.getMany(['a', 'none'])).toEqual(new Map())
    expect(await Promise.all([cache.get('a'), cache.get('none')])).toEqual([undefined, undefined])
    expect(await cache.getOrCreateMany(['a', 'b'], make)).toEqual(make(['a', 'b']))
    await Promise.all(['c', 'd'].map((key) => cache.getOrCreate(key, () => 1)))
    for (const key of ['a', 'b', 'c', 'd']) expect(await client.type(`${prefix}:e:${key}`)).toBe('list')
    expect(errors).toEqual([])
    await cache.get('d', { l1: false })
    expect(errors).toMatchObject([{ operation: 'get', error: { code: 'L2_REPLY' } }])
  })
})
