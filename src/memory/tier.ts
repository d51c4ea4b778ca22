import { type Codec, type Encoded, isFreshLocally, isOverLocally, type LocalLife } from '../entry/index.ts'
import type { Clock } from '../runtime.ts'
import { type Held, hold, type Isolation, release } from './isolation.ts'
import { bytesBeside, estimateBytes, textBytes } from './size.ts'
import { type CopyFacts, LocalEntry, type MemoryStore } from './store.ts'

/** How long L1 may keep a copy, in milliseconds from `from` on. */
export interface CopyLife {
  /** How long it is trusted. */
  readonly ttl: number
  /** When the entry itself expires; below zero if it has already. */
  readonly endsIn: number
  /** For how long after that a stale copy is usable. */
  readonly staleFor: number
  /** The idle window; 0 if the entry does not slide. */
  readonly idle: number
  /** How long it lives if unused. */
  readonly idleTtl: number
  /** Whether L2 has it, too, which then decides about sliding. */
  readonly shared: boolean
  /** By the isolate's clock: no later than when L2 began to count. */
  readonly from: number
}

/** L1: values held as the isolation mode requires, for as long as they are usable. */
export class LocalTier {
  readonly #store: MemoryStore
  readonly #codec: Codec
  readonly #isolation: Isolation
  readonly #clock: Clock

  constructor(
    store: MemoryStore,
    codec: Codec,
    { isolation, clock }: { isolation: Isolation; clock: Clock },
  ) {
    this.#store = store
    this.#codec = codec
    this.#isolation = isolation
    this.#clock = clock
  }

  /** The fresh entry under `key`. One that is no longer usable is dropped. */
  find(key: string): LocalEntry | undefined {
    const entry = this.#store.get(key)
    if (entry === undefined) return undefined
    const now = this.#clock.now()
    if (isFreshLocally(entry, now)) return entry
    if (isOverLocally(entry, now)) this.#store.delete(key)
    return undefined
  }

  /** The entry under `key`, also one that is stale but still usable. */
  findStale(key: string): LocalEntry | undefined {
    const entry = this.#store.peek(key)
    return entry === undefined || isOverLocally(entry, this.#clock.now()) ? undefined : entry
  }

  /** What is under `key`, without counting as a use. */
  peek(key: string): LocalEntry | undefined {
    return this.#store.peek(key)
  }

  /** Drops a copy of what L2 had, unless it is fresh. */
  forgetStale(key: string): void {
    const entry = this.#store.peek(key)
    if (entry?.shared === true && !isFreshLocally(entry, this.#clock.now())) this.#store.delete(key)
  }

  /** Whether `entry` is still what is under `key`. */
  holds(key: string, entry: LocalEntry): boolean {
    return this.#store.peek(key) === entry
  }

  /** The value of an entry, or of any other `Held`, for one caller. */
  valueOf(held: Held): unknown {
    return release(held, this.#codec, this.#isolation)
  }

  /** A value in a form that can serve any number of callers. */
  hold(value: unknown, encoded: Encoded | undefined): Held {
    return hold(value, encoded, this.#isolation)
  }

  /** Whether a value can only be held as text. */
  get needsText(): boolean {
    return this.#isolation !== 'share'
  }

  /** Keeps a copy; returns its size in bytes, or `undefined` if it is larger than the whole budget. */
  put(
    key: string,
    { value, encoded, facts }: { value: unknown; encoded: Encoded | undefined; facts: CopyFacts },
    life: CopyLife,
  ): number | undefined {
    const size = encoded === undefined ? estimateBytes(value) : textBytes(encoded.text)
    const entry = new LocalEntry(hold(value, encoded, this.#isolation), instantsOf(life), facts, {
      shared: life.shared,
      bytes: size + bytesBeside(key, facts),
    })
    return this.#store.put(key, entry) ? size : undefined
  }

  /** Drops a copy that is older than `version`. */
  dropOlder(key: string, version: number): void {
    const entry = this.#store.peek(key)
    if (entry !== undefined && entry.facts.stamp < version) this.#store.delete(key)
  }

  /** Drops every copy that is older than `version`. */
  dropBelow(version: number): void {
    this.dropWhere(({ facts }) => facts.stamp < version)
  }

  dropWhere(condemned: (entry: LocalEntry) => boolean): void {
    for (const key of this.#store.keys()) {
      const entry = this.#store.peek(key)
      if (entry !== undefined && condemned(entry)) this.#store.delete(key)
    }
  }

  /** Makes a copy that is older than `version` stale; returns whether there was one. */
  expireOlder(key: string, version: number): boolean {
    const entry = this.#store.peek(key)
    if (entry === undefined || entry.facts.stamp >= version) return false
    expire(entry)
    return true
  }

  clear(): void {
    this.#store.clear()
  }

  remove(key: string): boolean {
    return this.#store.delete(key)
  }

  /** All keys at this moment, those of stale entries included. */
  keys(): string[] {
    return this.#store.keys()
  }

  /** What L1 holds now. */
  get usage(): { entries: number; bytes: number; evictions: number } {
    const { entries, bytes, evictions } = this.#store
    return { entries, bytes, evictions }
  }
}

function instantsOf({ from, ttl, endsIn, staleFor, idle, idleTtl }: CopyLife): LocalLife {
  const end = from + endsIn
  const trusted = from + ttl
  const until = Math.min(trusted, end)
  const idleUntil = idle > 0 ? Math.min(end, from + idleTtl) : until
  return { from, until, trusted, end, staleUntil: staleFor > 0 ? end + staleFor : until, idle, idleUntil }
}

/** Makes a copy stale. */
export function expire(entry: LocalEntry): void {
  entry.expired = true
  entry.until = -Infinity
}
