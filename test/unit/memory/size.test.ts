import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import type { EntryOptions } from '../../../src/index.ts'
import { estimateBytes, textBytes } from '../../../src/memory/size.ts'
import { World } from '../../support/world.ts'

describe('the size of text', () => {
  test('is a byte a character, two as soon as one character needs them', () => {
    expect(['', 'abc', 'aüÿ', 'aĀ', 'ab€', '🐎', '\uffff', '\ud800'].map(textBytes)).toEqual([
      0, 3, 3, 4, 6, 4, 2, 2,
    ])
  })
})

describe('the estimated size of a value', () => {
  test('ends for cycles and counts every object once', () => {
    const shared = { text: 'x'.repeat(1000) }
    const twice = { a: shared, b: shared }
    expect(estimateBytes(twice)).toBeLessThan(1300)
    const cycle: Record<string, unknown> = { shared }
    cycle['self'] = cycle
    expect(estimateBytes(cycle)).toBeLessThan(1300)
    const map = new Map<unknown, unknown>()
    map.set(map, new Set([map]))
    expect(estimateBytes(map)).toBeGreaterThan(0)
  })

  test('counts what is inside maps (keys too), sets, arrays and objects', () => {
    const big = 'x'.repeat(1000)
    for (const value of [
      big,
      [big],
      { big },
      { a: { b: [big] } },
      new Map([[big, 1]]),
      new Map([[1, big]]),
      new Set([big]),
    ]) {
      expect(estimateBytes(value)).toBeGreaterThan(1000)
      expect(estimateBytes(value)).toBeLessThan(1500)
    }
    expect(estimateBytes({ [big]: 1 })).toBeGreaterThan(1000)
  })

  test('counts bytes of buffers and views', () => {
    for (const value of [new ArrayBuffer(1000), new Uint8Array(1000), new DataView(new ArrayBuffer(1000))]) {
      expect(estimateBytes(value)).toBeGreaterThanOrEqual(1000)
    }
    expect(estimateBytes(new Uint8Array(new ArrayBuffer(10_000), 0, 10))).toBeLessThan(1000)
  })

  test('is positive for anything, and grows with what is added', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true }),
        (value) => {
          expect(estimateBytes(value)).toBeGreaterThan(0)
          expect(estimateBytes([value, 'more'])).toBeGreaterThan(estimateBytes(value))
        },
      ),
    )
  })

  test('of what is nested deeper than the stack is some number, and no error', () => {
    let deep: unknown = []
    for (let i = 0; i < 100_000; i++) deep = [deep]
    expect(estimateBytes(deep)).toBeGreaterThan(100_000)
  })
})

test('what holds nothing counts as a record, and bytes as much as they are beside theirs', () => {
  const sizes = [{}, [], new Map(), new Uint8Array(100), new ArrayBuffer(7), null, 5, 'ab'].map(estimateBytes)
  expect(sizes).toEqual([32, 32, 32, 164, 71, 16, 16, 18])
})

test('an entry counts with its text, its key, and what stands beside them', async () => {
  const sizeOf = async (key: string, value: string): Promise<number> => {
    const cache = new World().memoryOnly()
    await cache.set(key, value)
    return cache.stats().l1.bytes
  }
  const [least, longKey, longText] = [
    await sizeOf('k', ''),
    await sizeOf('k'.repeat(101), ''),
    await sizeOf('k', 'v'.repeat(1000)),
  ]
  expect(least).toBeGreaterThan(200)
  expect(longKey - least).toBe(100)
  expect(longText - least).toBe(1000)
})

test('an entry counts with its tags and with what its origin said of it', async () => {
  const sizeOf = async (
    options: EntryOptions,
    said: { etag?: string; lastModified?: string },
  ): Promise<number> => {
    const cache = new World().memoryOnly()
    await cache.getOrCreate(
      'k',
      (ctx) => {
        ctx.set(said)
        return 'v'
      },
      options,
    )
    return cache.stats().l1.bytes
  }
  const least = await sizeOf({}, {})
  const tags = Array.from({ length: 32 }, (_, i) => String(i).padStart(100, '0'))
  expect((await sizeOf({ tags }, {})) - least).toBeGreaterThanOrEqual(3200)
  expect((await sizeOf({}, { etag: 'e'.repeat(1000) })) - least).toBe(1000)
  expect((await sizeOf({}, { lastModified: 'm'.repeat(1000) })) - least).toBe(1000)
})
