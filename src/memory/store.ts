import { type LRU, lru } from 'tiny-lru'
import type { Encoded, LocalLife, Validators } from '../entry/index.ts'
import type { Held } from './isolation.ts'

/** What is known about a value, for the load that replaces it. */
export interface CopyFacts extends Validators {
  /** When it was stored, on the clock of the tier that it came from. */
  readonly created: number
  /** How long its factory took, in milliseconds. */
  readonly took: number
  /** The version that it is at least as new as. */
  readonly stamp: number
  /** The addresses of its tags. */
  readonly tags: readonly string[]
  readonly expired: boolean
}

/** One entry of L1. A class, so that engines give all of them one shape: reading one is the cost of every hit. */
export class LocalEntry implements Held, LocalLife {
  value: unknown
  encoded: Encoded | undefined
  readonly from: number
  until: number
  readonly trusted: number
  end: number
  readonly staleUntil: number
  readonly idle: number
  idleUntil: number
  /** Whether L2 has it too. */
  readonly shared: boolean
  /** How long its factory took, as every hit counts it. */
  readonly took: number
  /** What its header says besides its life. */
  readonly facts: CopyFacts
  /** The epoch of versions at which it was last found alive. */
  epoch = -1
  /** Expired early, by a call: never fresh, nor served at once (`swr`). */
  expired: boolean
  /** When L2 was last asked to extend its life. */
  slidAt: number = -Infinity
  /** Its size in the byte budget. */
  readonly bytes: number

  constructor(
    held: Held,
    life: LocalLife,
    facts: CopyFacts,
    { shared, bytes }: { shared: boolean; bytes: number },
  ) {
    this.value = held.value
    this.encoded = held.encoded
    this.from = life.from
    this.until = life.until
    this.trusted = life.trusted
    this.end = life.end
    this.staleUntil = life.staleUntil
    this.idle = life.idle
    this.idleUntil = life.idleUntil
    this.took = facts.took
    this.facts = facts
    this.expired = facts.expired
    this.shared = shared
    this.bytes = bytes
  }
}

/**
 * L1: an LRU within a budget of entries and one of bytes. tiny-lru counts entries only, reports evictions but neither removals nor
 * overwrites, and deletes what its own TTL calls expired: so bytes are counted here, and its TTL stays off.
 */
export class MemoryStore {
  readonly #lru: LRU<LocalEntry>
  readonly #maxBytes: number
  #bytes = 0
  #evictions = 0

  constructor(maxEntries: number, maxBytes: number, onEvict: (bytes: number) => void) {
    this.#lru = lru<LocalEntry>(maxEntries)
    this.#maxBytes = maxBytes
    this.#lru.onEvict(({ value }) => {
      this.#bytes -= value.bytes
      this.#evictions++
      onEvict(value.bytes)
    })
  }

  /** The entry under `key`, fresh or not, which becomes the most recently used. */
  get(key: string): LocalEntry | undefined {
    return this.#lru.get(key)
  }

  /** The same, without counting as a use. */
  peek(key: string): LocalEntry | undefined {
    return this.#lru.peek(key)
  }

  /** Replaces what is under that key. An entry that is larger than the whole budget is not kept: `false`. */
  put(key: string, entry: LocalEntry): boolean {
    this.delete(key)
    if (entry.bytes > this.#maxBytes) return false
    // Evicts first, so that the budget holds at every step.
    while (this.#bytes + entry.bytes > this.#maxBytes) this.#lru.evict()
    this.#lru.set(key, entry)
    this.#bytes += entry.bytes
    return true
  }

  /** Returns whether there was one. */
  delete(key: string): boolean {
    const entry = this.#lru.peek(key)
    if (entry === undefined) return false
    this.#bytes -= entry.bytes
    this.#lru.delete(key)
    return true
  }

  clear(): void {
    this.#lru.clear()
    this.#bytes = 0
  }

  /** All keys at this moment. */
  keys(): string[] {
    return this.#lru.keys()
  }

  get entries(): number {
    return this.#lru.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get evictions(): number {
    return this.#evictions
  }
}
