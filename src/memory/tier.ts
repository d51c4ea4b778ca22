import { type Codec, type Encoded, isFreshLocally } from '../entry/index.ts'
import type { Clock } from '../runtime.ts'
import { hold, type Isolation, release } from './isolation.ts'
import { entryOverhead, estimateBytes, textBytes } from './size.ts'
import { LocalEntry, type MemoryStore } from './store.ts'

/** How long L1 may keep a copy, in milliseconds from `from` on. */
export interface CopyLife {
  readonly ttl: number
  /** When the entry itself ends. */
  readonly endsIn: number
  /** The idle window; 0 where the entry does not slide. */
  readonly idle: number
  /** How long it lives if nobody uses it. */
  readonly idleTtl: number
  /** Whether L2 has it too, which then decides about sliding. */
  readonly shared: boolean
  /** By the isolate's clock: no later than when L2 began to count. */
  readonly from: number
}

/** L1: values held in the manner of one isolation mode, for as long as they are fresh. */
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

  /** The fresh entry under `key`. One that is no longer fresh is dropped. */
  find(key: string): LocalEntry | undefined {
    const entry = this.#store.get(key)
    if (entry === undefined) return undefined
    if (isFreshLocally(entry, this.#clock.now())) return entry
    this.#store.delete(key)
    return undefined
  }

  /** Whether `entry` is still what stands under `key`. */
  holds(key: string, entry: LocalEntry): boolean {
    return this.#store.peek(key) === entry
  }

  /** The value of an entry, for one caller. */
  valueOf(entry: LocalEntry): unknown {
    return release(entry, this.#codec, this.#isolation)
  }

  /** Whether a value can only be held as text. */
  get needsText(): boolean {
    return this.#isolation !== 'share'
  }

  /** Keeps a copy; the bytes that it counts for, or `undefined` where it is larger than the whole budget. */
  put(key: string, value: unknown, encoded: Encoded | undefined, life: CopyLife): number | undefined {
    const { from } = life
    const until = from + life.ttl
    const idleUntil = life.idle > 0 ? Math.min(until, from + life.idleTtl) : until
    const size = encoded === undefined ? estimateBytes(value) : textBytes(encoded.text)
    const entry = new LocalEntry(
      hold(value, encoded, this.#isolation),
      { from, until, end: from + life.endsIn, idle: life.idle, idleUntil },
      { shared: life.shared, bytes: size + textBytes(key) + entryOverhead },
    )
    return this.#store.put(key, entry) ? size : undefined
  }

  remove(key: string): boolean {
    return this.#store.delete(key)
  }

  /** All keys at this moment, those of entries that are no longer fresh included. */
  keys(): string[] {
    return this.#store.keys()
  }

  /** What L1 holds now. */
  get usage(): { entries: number; bytes: number; evictions: number } {
    const { entries, bytes, evictions } = this.#store
    return { entries, bytes, evictions }
  }
}
