// Keys, patterns and scripts: S1 to S5.
import fc from '../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { removeByPattern } from '../../src/admin/index.ts'
import { createHybridCache, type HybridCache } from '../../src/index.ts'
import { type KeyKind, softAddress, starAddress, tagAddress } from '../../src/redis/index.ts'
import { MemoryTransport } from '../../src/testing/index.ts'
import { View } from '../../src/view.ts'
import { HOSTILE } from '../lua/lua.ts'
import { onEveryEngine } from '../support/servers.ts'

const kinds: Record<KeyKind, true> = {
  e: true,
  t: true,
  x: true,
  l: true,
  c: true,
  q: true,
  r: true,
  k: true,
  f: true,
  s: true,
}
// Made of the same few parts, so that each meets others that differ from it in nothing but where something begins.
const segments = ['a', 'e', 'n', 'ae', 'en', 'ea', '{a}', '.']
const parts = ['a', 'e', 'n', ':', 'e:', 't:', 'n:', ':e:', 'e:a', 'n:a:e:', 'a:n:e:t:', '*', '\\', '.']
const names = new Set([...parts, ...parts.flatMap((one) => parts.map((other) => one + other))])

function physicalKeyOf(prefix: string, namespace: string | undefined, kind: KeyKind, name: string): string {
  const tag = tagAddress(namespace, name)
  if (kind === 't') return `${prefix}:${tag}`
  if (kind === 'x') return `${prefix}:${softAddress(tag)}`
  return new View(prefix, undefined, namespace).physicalKey(kind, name)
}

test('S1: of any two prefixes, namespaces, kinds and names no physical key is the same, tags included', () => {
  const seen = new Map<string, string>()
  const take = (key: string, place: string): void => {
    const other = seen.get(key)
    if (other !== undefined) throw new Error(`${key} is the key of ${other} and of ${place}`)
    seen.set(key, place)
  }
  for (const prefix of segments) {
    for (const namespace of [undefined, ...segments]) {
      const star = starAddress(namespace)
      for (const address of [star, softAddress(star)])
        take(`${prefix}:${address}`, JSON.stringify([prefix, namespace, address]))
      for (const kind of Object.keys(kinds) as KeyKind[])
        for (const name of names)
          take(physicalKeyOf(prefix, namespace, kind, name), JSON.stringify([prefix, namespace, kind, name]))
    }
  }
  expect(seen.size).toBeGreaterThan(100_000)
})

test('S2: forty hostile keys, each stored and read alone; what is no key is refused before anything is sent', async () => {
  const redis = new MemoryTransport()
  const cache = createHybridCache({ redis })
  const hostile = [
    '1',
    '01',
    '1.0',
    '1e0',
    'true',
    'null',
    'undefined',
    'NaN',
    '[object Object]',
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'toString',
    ' ',
    '  ',
    'a ',
    ' a',
    'a',
    'A',
    'a\n',
    'a\r\n',
    'a\0',
    '\0',
    '\u200b',
    'é',
    'e\u0301',
    '🐎',
    '%20',
    'a%20b',
    'a b',
    'a/b',
    '../a',
    'a:b',
    'n:x:e:a',
    '*',
    '?',
    '[a]',
    '\\',
    '"',
    "'",
  ]
  expect(hostile).toHaveLength(40)
  for (const key of hostile) await cache.set(key, `of ${key}`)
  for (const key of hostile) {
    expect(cache.getLocal(key)).toBe(`of ${key}`)
    expect(await cache.get(key, { l1: false })).toBe(`of ${key}`)
  }
  redis.resetCounts()
  for (const wrong of [
    '',
    'a\ud800',
    '\udc00',
    'é'.repeat(513),
    1,
    null,
    undefined,
    {},
    ['a'],
    Symbol('a'),
  ]) {
    await expect(cache.get(wrong as string)).rejects.toThrow(TypeError)
    await expect(cache.set(wrong as string, 1)).rejects.toThrow(TypeError)
  }
  expect(redis.requests).toBe(0)
})

const character = fc.constantFrom('a', 'b', '*', '?', '[', ']', '^', '-', '\\', ':', 'é')
const word = fc.array(character, { minLength: 1, maxLength: 5 }).map((each) => each.join(''))

onEveryEngine('S3: removeByPattern removes exactly what has the literal prefix', (server) => {
  test('over random prefixes and decoys', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        word,
        fc.uniqueArray(word, { minLength: 5, maxLength: 12 }),
        async (prefix, decoys) => {
          const cache = createHybridCache({
            redis: server(),
            keyPrefix: `s3-${++run}`,
            l2: { timeout: '10s' },
          })
          const keys = [...new Set([...decoys, ...decoys.slice(0, 3).map((each) => prefix + each)])]
          await cache.setMany(keys.map((key) => [key, key]))
          const pattern = `${prefix.replace(/[*?\\]/g, '\\$&')}*`
          const expected = keys.filter((key) => key.startsWith(prefix))
          expect(await removeByPattern(cache, pattern)).toBe(expected.length)
          const left = await cache.getMany(keys, { l1: false })
          expect([...left.keys()]).toEqual(keys.filter((key) => !key.startsWith(prefix)))
        },
      ),
      { numRuns: 40 },
    )
  }, 300_000)
})

test('S4: a pattern that is too long or ends in nothing is refused, and one of many stars takes no time', async () => {
  const redis = new MemoryTransport()
  const cache = createHybridCache({ redis }) as HybridCache<true>
  for (const wrong of ['', 'x'.repeat(1089), 'é'.repeat(545), 'a\\', 7])
    await expect(removeByPattern(cache, wrong as string)).rejects.toThrow(TypeError)
  expect(redis.requests).toBe(0)
  await cache.set('a'.repeat(1000), 1)
  const started = performance.now()
  expect(await removeByPattern(cache, `${'*a'.repeat(500)}*b`)).toBe(0)
  expect(performance.now() - started).toBeLessThan(5000)
})

onEveryEngine('S5: what scripts are given never becomes code or a name', (server) => {
  test('any key and any argument, in every script of the cache', async () => {
    const cache = createHybridCache({ redis: server(), keyPrefix: 's5', l2: { timeout: '10s' } })
    await cache.set('decoy', 'safe')
    const texts = HOSTILE.filter((each) => each !== '' && each.length <= 1000)
    for (const each of texts) {
      await cache.set(each, each, { tags: [each.slice(0, 30)] })
      expect(await cache.get(each, { l1: false })).toBe(each)
      await cache.expire(each)
      await cache.removeByTag(each.slice(0, 30))
      expect(await cache.get(each, { l1: false })).toBeUndefined()
      expect(
        await cache.scripts.execute('return {KEYS[1], ARGV[1]}', {
          keys: [each],
          args: [each],
          rawKeys: true,
        }),
      ).toEqual([each, each])
    }
    expect(await cache.get('decoy', { l1: false })).toBe('safe')
  })
})

describe('S5: the scripts', () => {
  test('put no name of a command or key together from what they are given', async () => {
    const { LuaScripts } = await import('../../src/lua/index.ts')
    for (const { source } of Object.values(LuaScripts)) {
      for (const [, command = ''] of source.matchAll(/redis\.p?call\(\s*([^,)]*)/g))
        expect(command).toMatch(/^'[A-Z]+'$/)
      expect(source).not.toMatch(/\b(?:loadstring|load|dofile|setfenv)\s*\(/)
    }
  })
})
