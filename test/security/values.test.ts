// Values: S6 to S10 and S18.
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatEntry } from '../../src/entry/header.ts'
import { CacheError, createHybridCache, type HybridCache } from '../../src/index.ts'
import { MemoryTransport } from '../../src/testing/index.ts'
import { headerOf } from '../support/entries.ts'
import { record } from '../support/world.ts'
import { nested } from '../support/values.ts'

const away = { l1: false }
const { signal } = new AbortController()

/** A cache, and a way to put bytes under its key as somebody else does. */
async function stage(options: object = {}): Promise<{
  cache: HybridCache<true>
  redis: MemoryTransport
  put: (bytes: string) => Promise<unknown>
}> {
  const redis = new MemoryTransport()
  const put = (bytes: string): Promise<unknown> =>
    redis.send([['SET', 'hc:e:k', bytes]], { signal, idempotent: true })
  const cache = createHybridCache({ redis, ...options })
  await cache.set('warm-up', 1, { tags: ['t'] })
  return { cache, redis, put }
}

const alive = (payload: string, given: object = {}): string => {
  const now = Date.now()
  const stamp = now * 1000 + 60_000_000
  return formatEntry({
    header: headerOf({ stamp, created: now, fresh: now + 3_600_000, address: 'e:k', ...given }),
    payload,
  })
}

describe('S6: the default codec', () => {
  const prototypes = [Object.prototype, Array.prototype, Function.prototype]
  const shapes = (): string => JSON.stringify(prototypes.map((each) => Object.getOwnPropertyNames(each)))
  const before = shapes()
  const payloads = ['__proto__', 'constructor', 'prototype'].flatMap((name) => [
    `{"${name}":{"polluted":1}}`,
    `{"a":{"${name}":{"polluted":1}}}`,
    `[{"${name}":{"polluted":1}}]`,
    `{"${name}":{"${name}":{"polluted":1}}}`,
    `{"json":{"${name}":{"polluted":1}}}`,
    `{"json":{"a":1},"meta":{"values":{"${name}.polluted":["Date"]}}}`,
    `{"json":{"a":{"polluted":1}},"meta":{"referentialEqualities":{"a":["${name}.x"]}}}`,
    `{"json":{"a":{"polluted":1}},"meta":{"referentialEqualities":[["${name}.polluted"]]}}`,
    `{"json":{"a":{"polluted":1}},"meta":{"values":{"a":[["class","${name}"]]}}}`,
    `{"json":{"a":[1]},"meta":{"values":{"a":[["typed-array","${name}"]]}}}`,
  ])

  test('reads thirty payloads without a change to any prototype, and writes back what it reads, or rejects in its own way', async () => {
    expect(payloads).toHaveLength(30)
    let found = 0
    for (const codec of ['j', 's']) {
      for (const payload of payloads) {
        const { cache, put } = await stage()
        await put(alive(payload, { codec }))
        const value = await cache.get('k')
        if (value !== undefined) found++
        if (value !== undefined)
          await cache.set('k', value).catch((error: unknown) => expect(error).toBeInstanceOf(CacheError))
        expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
        expect(shapes()).toBe(before)
      }
    }
    expect(found).toBeGreaterThan(30) // the others are no values
  })

  test('options are no way in either', async () => {
    const options = JSON.parse('{"__proto__":{"l1":false,"polluted":1},"ttl":"1m"}') as object
    const { cache } = await stage(options)
    await cache.set('k', 1, options)
    expect([({} as { l1?: unknown }).l1, shapes()]).toEqual([undefined, before])
  })
})

describe('S7: JSON of great depth, width and size', () => {
  test.each([
    ['a depth of 100,000', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 2 ** 20],
    ['a million keys', `{${Array.from({ length: 1e6 }, (_, i) => `"${i}":0`).join(',')}}`, 2 ** 20],
    ['ten megabytes of text', JSON.stringify('x'.repeat(10 * 2 ** 20)), 2 ** 20],
  ])('%s in Redis takes little time, and harms nobody', async (_, payload, maxValueBytes) => {
    const { cache, put } = await stage({ maxValueBytes })
    await put(alive(payload))
    const started = performance.now()
    const value = await cache.get('k').catch((error: unknown) => expect(error).toBeUndefined())
    if (payload.length > maxValueBytes) expect(value).toBeUndefined()
    expect(performance.now() - started).toBeLessThan(10_000)
    expect(await cache.getOrCreate('other', () => 'well')).toBe('well')
  })

  test('what is too deep to be written is given to its caller, and not stored', async () => {
    const { cache } = await stage()
    const deep = nested(100_000)
    expect(await cache.getOrCreate('k', () => deep)).toBe(deep)
    await expect(cache.set('k', deep)).rejects.toMatchObject({ code: 'SERIALIZE' })
  })
})

test('S8: ten kilobytes that inflate to ten megabytes are not inflated beyond maxValueBytes', async () => {
  const { cache, put } = await stage()
  const payload = gzipSync(Buffer.alloc(10 * 2 ** 20, '1')).toString('base64')
  expect(payload.length).toBeLessThan(20_000)
  await put(alive(payload, { zip: 'gzip' }))
  const discarded = record(cache, 'discard')
  expect(await cache.get('k')).toBeUndefined()
  expect(discarded).toEqual([{ tier: 'l2', reason: 'too-large' }])
})

test('S9: a value of maxValueBytes is written, one of a byte more is refused before anything is sent', async () => {
  for (const character of ['x', 'é', '🐎']) {
    const { cache, redis } = await stage({ maxValueBytes: 1000 })
    const size = new TextEncoder().encode(character).length
    const value = character.repeat((1000 - 2 - (998 % size)) / size)
    const exact = value + 'x'.repeat(998 - new TextEncoder().encode(value).length)
    await cache.set('k', exact)
    redis.resetCounts()
    await expect(cache.set('k', `${exact}x`)).rejects.toMatchObject({ code: 'TOO_LARGE' })
    expect(redis.requests).toBe(0)
  }
})

test('S10: a hundred thousand keys stay within both budgets, whose defaults are 1,000 entries and 8 MiB', async () => {
  const cache = createHybridCache()
  for (let i = 0; i < 100_000; i++) {
    await cache.set(`k${i}`, i % 100 === 0 ? 'x'.repeat(50_000) : i)
    if (i % 1000 !== 0) continue
    const { entries, bytes } = cache.stats().l1
    expect(entries).toBeLessThanOrEqual(1000)
    expect(bytes).toBeLessThanOrEqual(8 * 2 ** 20)
  }
  expect(cache.stats().l1.entries).toBeGreaterThan(100)
})

describe('S18: an entry that somebody else wrote or changed', () => {
  let bytes = ''
  beforeAll(() => {
    bytes = alive('{"a":[1,2,3],"b":"text"}', { tags: ['t'] })
  })
  afterAll(() => undefined)

  test('with any byte of it flipped is a miss, or the value as it was, and never an exception', async () => {
    const { cache, put } = await stage()
    const value = { a: [1, 2, 3], b: 'text' }
    let misses = 0
    for (let i = 0; i < bytes.length; i++) {
      for (const flip of [1, 2, 16]) {
        await put(bytes.slice(0, i) + String.fromCharCode(bytes.charCodeAt(i) ^ flip) + bytes.slice(i + 1))
        const found = await cache.get('k', away)
        // Instants may be rewritten in place, so that no checksum covers them.
        if (found === undefined) misses++
        else expect(found).toEqual(value)
      }
    }
    expect(misses).toBeGreaterThan(bytes.length * 2)
  })

  test('under another key, or in another namespace, is nobody’s', async () => {
    const { cache, redis } = await stage()
    await cache.set('a', 'of a')
    const [[entry]] = (await redis.send([['MGET', 'hc:e:a']], { signal, idempotent: true })) as [[string]]
    for (const key of ['hc:e:b', 'hc:n:x:e:a', 'hc:e:a '])
      await redis.send([['SET', key, entry]], { signal, idempotent: true })
    expect(await cache.get('b')).toBeUndefined()
    expect(await cache.get('a ')).toBeUndefined()
    expect(await cache.namespace('x').get('a')).toBeUndefined()
  })
})
