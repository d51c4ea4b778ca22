import fc from '../../support/fc.ts'
import { expect, test } from 'vitest'
import { counter } from '../../../src/atomic/index.ts'
import { createHybridCache, type HybridCache } from '../../../src/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { Isolates } from '../atomic/support.ts'
import { fill, remaining, removeAll } from './support.ts'

/** However busy the machine is. */
const patient = { l2: { timeout: '10s' } } as const

onEveryEngine('removeByPattern among decoys', (server) => {
  const world = new Isolates(server)

  test('namespaces, the root, other kinds of keys and other prefixes are apart', async () => {
    const prefixes = ['p', 'p.', 'p-', 'pp', '{p}', 'p_', 'P']
    const all = prefixes.flatMap((name) => {
      const root = createHybridCache({ redis: server(), keyPrefix: `${world.prefix}${name}`, ...patient })
      return [root].concat(['a', 'a.b', 'e', '{a}', 'a-b'].map((namespace) => root.namespace(namespace)))
    })
    const keys = ['k', 'e:k', 'n:a:e:k', 'a:e:k']
    for (const each of all) {
      await fill(each, keys)
      await counter(each, 'k').increment()
    }
    for (const [i, each] of all.entries()) {
      expect(await removeAll(each, '*')).toBe(4)
      const left = await Promise.all(all.map((other) => remaining(other, keys)))
      expect(left.map(({ length }) => length)).toEqual(all.map((_, at) => (at <= i ? 0 : 4)))
      expect(await counter(each, 'k').get()).toBe(1)
    }
  })

  test('prefixes and namespaces mean themselves, whatever they look like to a glob', async () => {
    const names = ['{a-c}', '{b}', 'a-c', 'b', 'a.c', 'abc', 'a_c', '{a}', '-', '.']
    await world.redis('FLUSHALL')
    const cacheAt = (keyPrefix: string): HybridCache<true> =>
      createHybridCache({ redis: server(), keyPrefix, ...patient })
    const roots = names.map((p) => ({ p, root: cacheAt(p) }))
    const decoys = roots.flatMap(({ p, root }) => names.map((n) => ({ p, n, cache: root.namespace(n) })))
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.constantFrom(...names), async (prefix, namespace) => {
        await Promise.all(decoys.map(({ cache }) => cache.set('k', 1)))
        expect(await removeAll(cacheAt(prefix).namespace(namespace), '*')).toBe(1)
        const found = await Promise.all(decoys.map(({ cache }) => cache.get('k', { l1: false })))
        const lost = decoys.filter((_, i) => found[i] === undefined)
        expect(lost.map(({ p, n }) => [p, n])).toEqual([[prefix, namespace]])
      }),
      { numRuns: 8 },
    )
  })

  test('a literal key, escaped, removes itself and no other: any text', async () => {
    const special = fc.constantFrom(
      '*',
      '?',
      '[',
      ']',
      '\\',
      '^',
      '-',
      'a',
      'b',
      '!',
      '{',
      '}',
      ',',
      '\n',
      'ü',
      '🐎',
      '\0',
    )
    const text = fc.string({ unit: special, minLength: 1, maxLength: 6 })
    const cache = world.isolate()
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(text, { minLength: 2, maxLength: 12 }), async (keys) => {
        await removeAll(cache, '*')
        await fill(cache, keys)
        const [key = ''] = keys
        expect(await removeAll(cache, key.replace(/[*?\\]/g, '\\$&'))).toBe(1)
        expect(await remaining(cache, keys)).toEqual(keys.slice(1))
        const prefix = `${key.replace(/[*?\\]/g, '\\$&')}*`
        await fill(cache, keys)
        const expected = keys.filter((each) => each.startsWith(key))
        expect(await removeAll(cache, prefix)).toBe(expected.length)
        expect(await remaining(cache, keys)).toEqual(keys.filter((each) => !each.startsWith(key)))
      }),
      { numRuns: 30 },
    )
  })
})
