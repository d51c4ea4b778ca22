import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { entryOverhead } from '../../../src/memory/size.ts'
import { record, World } from '../../support/world.ts'

const isolations = ['clone', 'freeze', 'share'] as const

describe.each(isolations)('the budget of L1 with isolation %s', (isolation) => {
  test('holds after every call, whatever is stored', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'üü', '🐎')
    const call = fc.tuple(fc.constantFrom('set', 'remove', 'get'), key, fc.string({ maxLength: 400 }))
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 30 }), async (calls) => {
        const memory = { maxEntries: 3, maxBytes: 1500, isolation }
        const cache = new World().memoryOnly({ memory })
        for (const [name, k, text] of calls) {
          if (name === 'set') await cache.set(k, { text })
          else if (name === 'remove') await cache.remove(k)
          else cache.getLocal(k)
          const { entries, bytes } = cache.stats().l1
          expect(entries).toBeLessThanOrEqual(3)
          expect(bytes).toBeLessThanOrEqual(1500)
          expect(bytes >= entries * entryOverhead && bytes > 0 === entries > 0).toBe(true)
        }
        await cache.remove(calls.map(([, k]) => k))
        expect(cache.stats().l1).toMatchObject({ entries: 0, bytes: 0 })
      }),
    )
  })

  test('is shared by all namespaces', async () => {
    const cache = new World().memoryOnly({ memory: { maxEntries: 2, isolation } })
    for (const name of ['a', 'b', 'c']) await cache.namespace(name).set('k', name)
    expect(cache.stats().l1).toMatchObject({ entries: 2, evictions: 1 })
    expect(['a', 'b', 'c'].map((name) => cache.namespace(name).getLocal('k'))).toEqual([undefined, 'b', 'c'])
  })

  test('does not keep a value that is larger than all of it, and lets go of the one before', async () => {
    const cache = new World().memoryOnly({ memory: { maxBytes: 2000, isolation } })
    const evictions = record(cache, 'evict')
    await cache.set('other', 'small')
    await cache.set('k', 'small')
    await cache.set('k', 'x'.repeat(3000))
    expect(cache.getLocal('k')).toBeUndefined()
    expect(cache.getLocal('other')).toBe('small')
    expect(evictions).toEqual([])
  })
})

test('an eviction is told with the bytes that it freed', async () => {
  const cache = new World().memoryOnly({ memory: { maxEntries: 1 } })
  const evictions = record(cache, 'evict')
  await cache.set('a', 'text')
  const { bytes } = cache.stats().l1
  await cache.set('b', 'text')
  expect(evictions).toEqual([{ bytes }])
})

test('text with one wide character counts twice', async () => {
  const sizes = await Promise.all(
    ['x'.repeat(100), `${'x'.repeat(99)}€`].map(async (text) => {
      const cache = new World().memoryOnly()
      await cache.set('k', [text])
      return cache.stats().l1.bytes
    }),
  )
  expect((sizes[1] ?? 0) - (sizes[0] ?? 0)).toBe(104)
})
