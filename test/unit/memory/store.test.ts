import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { LocalEntry, MemoryStore } from '../../../src/memory/store.ts'

const entryOf = (bytes: number, value: unknown = 'v'): LocalEntry =>
  new LocalEntry(
    { value, encoded: undefined },
    { from: 0, until: 1, trusted: 1, end: 1, staleUntil: 1, idle: 0, idleUntil: 1 },
    { created: 0, took: 0, etag: '', modified: '', stamp: 0, tags: [], expired: false },
    { shared: false, bytes },
  )

/** What the store ought to be: a list, the least recently used first. */
class Model {
  held: { key: string; entry: LocalEntry }[] = []
  evictions = 0
  readonly evicted: number[] = []
  readonly maxEntries: number
  readonly maxBytes: number

  constructor(maxEntries: number, maxBytes: number) {
    this.maxEntries = maxEntries
    this.maxBytes = maxBytes
  }

  get bytes(): number {
    return this.held.reduce((sum, { entry }) => sum + entry.bytes, 0)
  }

  find(key: string): LocalEntry | undefined {
    return this.held.find((each) => each.key === key)?.entry
  }

  use(key: string): LocalEntry | undefined {
    const entry = this.find(key)
    if (entry !== undefined) this.held = [...this.held.filter((each) => each.key !== key), { key, entry }]
    return entry
  }

  put(key: string, entry: LocalEntry): boolean {
    this.delete(key)
    if (entry.bytes > this.maxBytes) return false
    while (this.held.length >= this.maxEntries || this.bytes + entry.bytes > this.maxBytes) {
      this.evictions++
      this.evicted.push(this.held.shift()?.entry.bytes ?? 0)
    }
    this.held.push({ key, entry })
    return true
  }

  delete(key: string): boolean {
    const had = this.find(key) !== undefined
    this.held = this.held.filter((each) => each.key !== key)
    return had
  }
}

type Step =
  | { readonly do: 'get' | 'peek' | 'delete'; readonly key: string }
  | { readonly do: 'put'; readonly key: string; readonly bytes: number }

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', '1', '__proto__', 'constructor', 'ns\ud800a')
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('put' as const), key, bytes: fc.integer({ min: 1, max: 60 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('get' as const, 'peek' as const, 'delete' as const), key }),
  },
)

/** Takes one step on both and says what each gave. */
function take(store: MemoryStore, model: Model, next: Step): unknown[] {
  if (next.do === 'put') {
    const entry = entryOf(next.bytes)
    return [store.put(next.key, entry), model.put(next.key, entry)]
  }
  if (next.do === 'get') return [store.get(next.key), model.use(next.key)]
  if (next.do === 'peek') return [store.peek(next.key), model.find(next.key)]
  return [store.delete(next.key), model.delete(next.key)]
}

describe('the store', () => {
  test('does what a naive list does, step by step: budgets, byte count, order of eviction', () => {
    const steps = fc.array(step, { maxLength: 60 })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 20, max: 150 }),
        steps,
        (most, bytes, all) => {
          const evicted: number[] = []
          const store = new MemoryStore(most, bytes, (size) => {
            evicted.push(size)
            // Also between two evictions of one step the count is what is held, and within the budget.
            expect(store.bytes).toBeLessThanOrEqual(bytes)
            expect(store.entries).toBeLessThanOrEqual(most)
          })
          const model = new Model(most, bytes)
          for (const next of all) {
            const [got, expected] = take(store, model, next)
            expect(got).toBe(expected)
            expect(store.entries).toBe(model.held.length)
            expect(store.bytes).toBe(model.bytes)
            expect(store.evictions).toBe(model.evictions)
            for (const { key: each, entry } of model.held) expect(store.peek(each)).toBe(entry)
          }
          expect(evicted).toEqual(model.evicted)
        },
      ),
      { numRuns: 1500 },
    )
  })

  test('evicts the least recently used; a get counts as use, a peek does not', () => {
    const store = new MemoryStore(2, 1000, () => {})
    store.put('a', entryOf(1))
    store.put('b', entryOf(1))
    store.get('a')
    store.peek('b')
    store.put('c', entryOf(1))
    expect(['a', 'b', 'c'].filter((each) => store.peek(each) !== undefined)).toEqual(['a', 'c'])
  })

  test('keeps an entry of exactly the whole budget, refuses one byte more, and the old one is gone all the same', () => {
    const store = new MemoryStore(10, 100, () => {})
    expect(store.put('a', entryOf(100))).toBe(true)
    expect(store.put('a', entryOf(101))).toBe(false)
    expect([store.peek('a'), store.bytes, store.entries, store.evictions]).toEqual([undefined, 0, 0, 0])
  })

  test('evicts nobody for an entry that it refuses', () => {
    const store = new MemoryStore(10, 100, () => {})
    store.put('a', entryOf(60))
    store.put('b', entryOf(101))
    expect([store.bytes, store.evictions]).toEqual([60, 0])
  })

  test('counts an overwrite neither twice nor as an eviction', () => {
    const store = new MemoryStore(1, 100, () => {})
    for (let i = 1; i <= 50; i++) store.put('a', entryOf(i))
    expect([store.bytes, store.entries, store.evictions]).toEqual([50, 1, 0])
  })

  test('stays within its budget for a million keys', () => {
    const store = new MemoryStore(100, 1000, () => {})
    for (let i = 0; i < 1_000_000; i++) store.put(`k${i}`, entryOf(1 + (i % 40)))
    expect(store.entries).toBeLessThanOrEqual(100)
    expect(store.bytes).toBeLessThanOrEqual(1000)
    expect(store.evictions).toBe(1_000_000 - store.entries)
  })
})
