import { type Core, nowIn } from '../core.ts'
import {
  assertFits,
  type Encoded,
  type Lifetime,
  type Packed,
  physicalTtl,
  sealEntry,
  unusedTtl,
} from '../entry/index.ts'
import type { Operation } from '../events.ts'
import { resolveLifetime } from '../lifetime.ts'
import type { CopyFacts } from '../memory/index.ts'
import type { WriteOptions } from '../options.ts'
import { checkEntry } from '../read/index.ts'
import { assertKey } from '../redis/index.ts'
import type { Place, View } from '../view.ts'

/** One value to be stored in the tiers. */
export interface Write {
  readonly place: Place
  readonly view: View
  readonly key: string
  readonly value: unknown
  /** Missing if no tier needs the text. */
  readonly encoded: Encoded | undefined
  readonly options: WriteOptions
  readonly operation: Operation
  /** What the header says besides its life. */
  readonly facts: Facts
  /** In [0, 1): how much of the jitter it gets, drawn once for both tiers. */
  readonly random: number
}

/** How long the factory took, in milliseconds, and what the origin said. */
export type Facts = Pick<CopyFacts, 'took' | 'etag' | 'modified'>

const noFacts: Facts = { took: 0, etag: '', modified: '' }

/** An entry in the form for L2, and for how many milliseconds Redis keeps it: 0 for one that has expired already. */
export interface Sealed {
  readonly bytes: string
  readonly ttl: number
}

/** Whether a call uses L2. */
export function usesRedis(core: Core, { l2 }: WriteOptions): boolean {
  return core.redis !== undefined && l2 !== false
}

/** Throws a `TypeError` for invalid options. */
export function checkLifetime(core: Core, options: WriteOptions): void {
  checkEntry(core, options)
  const now = nowIn(core)
  resolveLifetime(options, core.settings, { now, onlyLocal: !usesRedis(core, options) })
}

/** How long an entry is to live from now on; `undefined` if it has expired already. */
export function lifetimeOf(
  core: Core,
  { options, value, random }: Pick<Write, 'options' | 'value' | 'random'>,
): Lifetime | undefined {
  const onlyLocal = !usesRedis(core, options)
  const given = { now: nowIn(core), onlyLocal, checked: true, negative: value === null, random }
  return resolveLifetime(options, core.settings, given)
}

/** Checks and encodes a value to be stored, before anything is sent or dropped. */
export function toWrite(
  core: Core,
  view: View,
  {
    key,
    value,
    options,
    operation,
  }: { key: string; value: unknown; options: WriteOptions; operation: Operation },
): Write {
  assertKey(key)
  if (value === undefined) throw new TypeError('undefined cannot be stored: store null, or remove the key')
  checkLifetime(core, options)
  options.signal?.throwIfAborted()
  const encoded = encode(core, value, options)
  const place = view.place(key)
  return { place, view, key, value, encoded, options, operation, facts: noFacts, random: Math.random() }
}

/** The value as text, if a tier that the call uses needs it. Throws a `CacheError` `SERIALIZE` or `TOO_LARGE`. */
export function encode(core: Core, value: unknown, options: WriteOptions): Encoded | undefined {
  const forMemory = options.l1 !== false && core.local.needsText
  if (!usesRedis(core, options) && !forMemory) return undefined
  const encoded = core.codec.encode(value)
  assertFits(encoded, core.settings)
  return encoded
}

/** The bytes of an entry; `undefined` if it has expired already. `stamp`: 0 if a script draws it. */
export function seal(core: Core, write: Write, packed: Packed, stamp = 0): Sealed | undefined {
  const life = lifetimeOf(core, write)
  if (life === undefined) return undefined
  const { encoded, facts, place, options } = write
  const { tags = [] } = options
  const codec = encoded?.codec ?? ''
  const { took } = facts
  const parts = {
    codec,
    life,
    took,
    validators: facts,
    stamp,
    tags,
    address: place.address,
    now: nowIn(core),
  }
  return { bytes: sealEntry(packed, parts), ttl: physicalTtl(life, core.settings.fence) }
}

/** Emits that L2 has stored an entry. */
export function stored(core: Core, { operation }: Write, { bytes }: Sealed): void {
  core.events.emit('store', { tier: 'l2', operation, bytes: bytes.length })
}

/** Stores a copy in L1, for no longer than the entry itself lives: `from` is before L2 was asked to store it. */
export function writeLocal(core: Core, write: Write, { from, stamp }: { from: number; stamp: number }): void {
  const life = lifetimeOf(core, write)
  if (life === undefined || write.options.l1 === false) return
  const tags = write.view.tagAddresses(write.options.tags ?? [])
  const { value, encoded, place } = write
  const { took, etag, modified } = write.facts
  const facts = { created: nowIn(core), took, etag, modified, stamp, tags, expired: false }
  const bytes = core.local.put(
    place.localKey,
    { value, encoded, facts },
    {
      ttl: life.localTtl,
      endsIn: life.ttl,
      staleFor: life.staleFor,
      idle: life.idle,
      idleTtl: unusedTtl(life),
      shared: usesRedis(core, write.options),
      from,
    },
  )
  if (bytes !== undefined) core.events.emit('store', { tier: 'l1', operation: write.operation, bytes })
}
