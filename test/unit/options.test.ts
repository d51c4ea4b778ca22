import fc from '../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { createHybridCache, type EntryOptions } from '../../src/index.ts'
import { localTtlOf, resolveLifetime } from '../../src/lifetime.ts'
import { type CacheOptions, resolveSettings, type WriteOptions } from '../../src/options.ts'
import { ManualClock } from '../support/manual-clock.ts'

const day = 86_400_000
const now = 1_700_000_000_000

describe('the defaults', () => {
  test('are what the documentation says', () => {
    const { clock: _, ...settings } = resolveSettings({})
    expect(settings).toEqual({
      keyPrefix: 'hc',
      maxTtl: 30 * day,
      ttl: 300_000,
      localTtl: undefined,
      stale: { swr: 0, staleIfError: 0, jitter: 0, negativeTtl: 0 },
      load: { softTimeout: 0, timeout: 0, beta: 0, stampede: 'isolate' },
      softTimeout: 300,
      memory: { maxEntries: 1000, maxBytes: 8 * 2 ** 20, isolation: 'clone' },
      link: {
        timeout: 1000,
        retries: 1,
        breaker: { failures: 5, ratio: 0.5, minimum: 20, window: 10_000, open: 5000 },
      },
      coherence: { interval: 5000, maxStaleness: Infinity },
      fence: 60_000,
      maxValueBytes: 2 ** 20,
      compressFrom: Infinity,
      waitUntil: undefined,
    })
  })

  test('stand where an option is undefined, in calls too', async () => {
    const clock = new ManualClock()
    const [waitUntil, trace] = [undefined, undefined]
    const flat = [
      'keyPrefix',
      'redis',
      'ttl',
      'localTtl',
      'maxTtl',
      'memory',
      'l2',
      'breaker',
      'coherence',
      'maxValueBytes',
    ]
    const rest = [
      'compression',
      'serializer',
      'on',
      'swr',
      'staleIfError',
      'jitter',
      'negativeTtl',
      'softTimeout',
      'timeout',
    ]
    const none = Object.fromEntries([...flat, ...rest, 'eager', 'stampede'].map((name) => [name, undefined]))
    expect(resolveSettings({ ...none, clock, waitUntil, trace })).toEqual(resolveSettings({ clock }))
    const parts = {
      memory: { maxEntries: undefined },
      l2: { retries: undefined },
      breaker: { open: undefined },
    }
    expect(resolveSettings({ ...parts, clock })).toEqual(resolveSettings({ clock }))
    const cache = createHybridCache({ clock })
    const call = {
      ...none,
      tags: undefined,
      signal: undefined,
      schema: undefined,
      l1: undefined,
      l2: undefined,
    }
    const options: EntryOptions = {
      ...call,
      expiresAt: undefined,
      sliding: undefined,
      forceRefresh: undefined,
    }
    expect(await cache.getOrCreate('k', () => 1, options)).toBe(1)
    expect(await cache.getOrCreate('k', () => 2, options)).toBe(1)
    await cache.set('k', 3, options)
    expect(await cache.get('k', options)).toBe(3)
  })

  test('give way to each option on its own', () => {
    const clock = new ManualClock()
    const waitUntil = (): void => {}
    const settings = resolveSettings({
      keyPrefix: '{app}.v-1_x',
      ttl: '1h',
      localTtl: '5s',
      maxTtl: '1d',
      memory: { maxEntries: 1, maxBytes: 2, isolation: 'share' },
      l2: { timeout: '2s', softTimeout: '1s', retries: 0 },
      swr: '1m',
      staleIfError: '1h',
      jitter: 10,
      negativeTtl: '5s',
      softTimeout: '200ms',
      timeout: '2s',
      eager: { beta: 2 },
      stampede: 'global',
      breaker: { failures: 1, ratio: 1, minimum: 2, window: '1m', open: 250 },
      coherence: { interval: '2s', maxStaleness: '1m' },
      maxValueBytes: 3,
      compression: { threshold: 0 },
      clock,
      waitUntil,
    })
    expect(settings).toEqual({
      keyPrefix: '{app}.v-1_x',
      ttl: 3_600_000,
      localTtl: 5000,
      maxTtl: day,
      stale: { swr: 60_000, staleIfError: 3_600_000, jitter: 10, negativeTtl: 5000 },
      load: { softTimeout: 200, timeout: 2000, beta: 2, stampede: 'global' },
      coherence: { interval: 2000, maxStaleness: 60_000 },
      fence: 60_000,
      softTimeout: 1000,
      memory: { maxEntries: 1, maxBytes: 2, isolation: 'share' },
      link: {
        timeout: 2000,
        retries: 0,
        breaker: { failures: 1, ratio: 1, minimum: 2, window: 60_000, open: 250 },
      },
      maxValueBytes: 3,
      compressFrom: 0,
      clock,
      waitUntil,
    })
  })
})

test('the breaker can be off, and each of its options can be given alone', () => {
  expect(resolveSettings({ breaker: 'off' }).link.breaker).toBeUndefined()
  const defaults = resolveSettings({}).link.breaker
  expect(resolveSettings({ breaker: {} }).link.breaker).toEqual(defaults)
  expect(resolveSettings({ breaker: { open: '1s' } }).link.breaker).toEqual({ ...defaults, open: 1000 })
  expect(resolveSettings({ breaker: { ratio: 0.01 } }).link.breaker).toEqual({ ...defaults, ratio: 0.01 })
})

describe('options that cannot be right throw a TypeError that names them', () => {
  const bad: [string, unknown][] = [
    ...['', 'a:b', 'a b', 'ü', 'a\n', 'x'.repeat(65), 5, null, {}].map((keyPrefix): [string, unknown] => [
      'keyPrefix',
      { keyPrefix },
    ]),
    ...[0, -1, '5', 'x', Number.NaN].flatMap((wrong): [string, unknown][] => [
      ['ttl', { ttl: wrong }],
      ['localTtl', { localTtl: wrong }],
      ['maxTtl', { maxTtl: wrong }],
      ['l2.timeout', { l2: { timeout: wrong } }],
    ]),
    ['ttl', { ttl: '31d' }],
    ['ttl', { ttl: 1001, maxTtl: '1s' }],
    ...[0, -1, 1.5, Number.NaN, Infinity, '5', 2 ** 53].flatMap((wrong): [string, unknown][] => [
      ['memory.maxEntries', { memory: { maxEntries: wrong } }],
      ['memory.maxBytes', { memory: { maxBytes: wrong } }],
      ['maxValueBytes', { maxValueBytes: wrong }],
    ]),
    ...[-1, 0.5, Infinity, '1'].map((retries): [string, unknown] => ['l2.retries', { l2: { retries } }]),
    ...['on', '', 5, true, null].flatMap((wrong): [string, unknown][] => [
      ['breaker takes', { breaker: wrong }],
      ['coherence takes', { coherence: wrong }],
      ['compression takes', { compression: wrong }],
      ['memory takes', { memory: wrong }],
      ['l2 takes', { l2: wrong }],
    ]),
    ...[0, -1, 1.5, Number.NaN, Infinity, '5'].flatMap((wrong): [string, unknown][] => [
      ['breaker.failures', { breaker: { failures: wrong } }],
      ['breaker.minimum', { breaker: { minimum: wrong } }],
    ]),
    ...[0, -0.1, 1.01, Number.NaN, '0.5', null].map((ratio): [string, unknown] => [
      'breaker.ratio',
      { breaker: { ratio } },
    ]),
    ...[0, -1, '5', Number.NaN, null].flatMap((wrong): [string, unknown][] => [
      ['breaker.window', { breaker: { window: wrong } }],
      ['breaker.open', { breaker: { open: wrong } }],
    ]),
    ...['copy', ''].map((isolation): [string, unknown] => ['memory.isolation', { memory: { isolation } }]),
    ...[{}, { threshold: -1 }, { threshold: '1' }].map((compression): [string, unknown] => [
      'compression.threshold',
      { compression },
    ]),
  ]
  const url = 'https://example.com'
  const send = async (): Promise<never[]> => []
  const encode = (): string => ''
  bad.push(
    ...['Upstash', '', 5].flatMap((dialect): [string, unknown][] => [
      ['dialect', { redis: { url, token: 'x', dialect } }],
      ['dialect', { redis: { send, dialect } }],
    ]),
    ...[{ encode }, { decode: encode }, { encode, decode: '' }, {}].map((functions): [string, unknown] => [
      'serializer',
      { serializer: { name: 'x', ...functions } },
    ]),
    ...[{}, null, { waitUntil: () => {} }, true].map((waitUntil): [string, unknown] => [
      'waitUntil',
      { waitUntil },
    ]),
    ...[{}, null, { now: () => 0 }, () => 0].map((clock): [string, unknown] => ['clock', { clock }]),
  )

  test.each(bad)('%s: %j', (name, options) => {
    expect(() => createHybridCache(options as CacheOptions)).toThrow(TypeError)
    expect(() => createHybridCache(options as CacheOptions)).toThrow(name)
  })

  test.each([5, 'https://example.com', null, {}, { url: 'https://example.com' }, { send: 5 }])(
    'redis: %j',
    (redis) => {
      expect(() => createHybridCache({ redis: redis as never })).toThrow(TypeError)
    },
  )
})

test('with Redis a maxTtl must leave room for what is kept for longer below what scripts take', () => {
  const redis = { url: 'https://example.com', token: 'x' }
  const most = 3_155_760_000_000
  expect(() => createHybridCache({ redis, maxTtl: most - 60_000 })).not.toThrow()
  expect(() => createHybridCache({ redis, maxTtl: '36500d', timeout: '24d' })).not.toThrow()
  expect(() => createHybridCache({ redis, maxTtl: most - 59_999 })).toThrow(TypeError)
  expect(() => createHybridCache({ redis, maxTtl: most - 60_000, timeout: '1m' })).toThrow(/^maxTtl/)
  expect(() => createHybridCache({ maxTtl: Number.MAX_SAFE_INTEGER })).not.toThrow()
})

describe('the lifetime of an entry', () => {
  const settings = resolveSettings({ ttl: '10m', maxTtl: '1d' })
  const resolve = (options: WriteOptions, onlyLocal = false): unknown =>
    resolveLifetime(options, settings, { now, onlyLocal })

  test.each([
    [{}, { ttl: 600_000, idle: 0, localTtl: 30_000, staleFor: 0 }],
    [{ ttl: '1s' }, { ttl: 1000, idle: 0, localTtl: 1000, staleFor: 0 }],
    [{ ttl: '1d' }, { ttl: day, idle: 0, localTtl: 30_000, staleFor: 0 }],
    [
      { ttl: '1h', localTtl: '2h' },
      { ttl: 3_600_000, idle: 0, localTtl: 3_600_000, staleFor: 0 },
    ],
    [{ localTtl: '1m' }, { ttl: 600_000, idle: 0, localTtl: 60_000, staleFor: 0 }],
    [{ sliding: '1m' }, { ttl: day, idle: 60_000, localTtl: 30_000, staleFor: 0 }],
    [
      { sliding: '1m', ttl: '1h' },
      { ttl: 3_600_000, idle: 60_000, localTtl: 30_000, staleFor: 0 },
    ],
    [{ expiresAt: now + 1 }, { ttl: 1, idle: 0, localTtl: 1, staleFor: 0 }],
    [{ expiresAt: now + 0.5 }, { ttl: 1, idle: 0, localTtl: 1, staleFor: 0 }],
    [{ expiresAt: new Date(now + day) }, { ttl: day, idle: 0, localTtl: 30_000, staleFor: 0 }],
    [{ expiresAt: now }, undefined],
    [{ expiresAt: new Date(0) }, undefined],
  ] as [WriteOptions, unknown][])('%j is %j', (options, expected) => {
    expect(resolve(options)).toEqual(expected)
  })

  test('in L1 is the whole one where L1 is the only tier', () => {
    expect(resolve({}, true)).toEqual({ ttl: 600_000, idle: 0, localTtl: 600_000, staleFor: 0 })
    expect(resolve({ localTtl: '1s' }, true)).toEqual({ ttl: 600_000, idle: 0, localTtl: 1000, staleFor: 0 })
  })

  test.each([
    ['ttl', { ttl: '25h' }],
    ['expiresAt', { expiresAt: now + day + 1 }],
    ['expiresAt', { expiresAt: new Date(Number.NaN) }],
    ['expiresAt', { expiresAt: Infinity }],
    ['expiresAt', { expiresAt: 'tomorrow' }],
    ['expiresAt', { expiresAt: now + 5, ttl: '1s' }],
    ['sliding', { sliding: 0 }],
    ['localTtl', { localTtl: -1 }],
  ])('%s: %j throws a TypeError that names it', (name, options) => {
    expect(() => resolve(options as WriteOptions)).toThrow(TypeError)
    expect(() => resolve(options as WriteOptions)).toThrow(name)
  })

  test.each([[null], [''], ['2030-01-01'], [true], [[]], [`${now + 5}`]])(
    'expiresAt: %j is neither a Date nor a number, and throws a TypeError',
    (expiresAt) => {
      expect(() => resolve({ expiresAt: expiresAt as never })).toThrow(TypeError)
    },
  )

  test('in L1 is never longer than the entry lives, whatever the options', () => {
    const ms = fc.option(fc.integer({ min: 1, max: day }), { nil: undefined })
    fc.assert(
      fc.property(ms, ms, ms, fc.boolean(), (ttl, localTtl, sliding, onlyLocal) => {
        const given = { ttl, localTtl, sliding }
        const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
        const life = resolveLifetime(options, settings, { now, onlyLocal })
        expect(life !== undefined && life.localTtl > 0 && life.localTtl <= life.ttl && life.ttl <= day).toBe(
          true,
        )
      }),
    )
  })
})

test('the copy of what was read from L2 lives no longer than what is left of the entry', () => {
  const settings = resolveSettings({})
  expect(localTtlOf({}, settings, day)).toBe(30_000)
  expect(localTtlOf({}, settings, 10)).toBe(10)
  expect(localTtlOf({ localTtl: '1m' }, settings, day)).toBe(60_000)
  expect(localTtlOf({}, resolveSettings({ localTtl: '1s' }), day)).toBe(1000)
})
