import { type Core, nowIn } from '../core.ts'
import {
  assertFits,
  behindStamp,
  type Encoded,
  type Lifetime,
  pack,
  type Packed,
  physicalTtl,
  unusedTtl,
  sealEntry,
} from '../entry/index.ts'
import type { Operation } from '../events.ts'
import { resolveLifetime } from '../lifetime.ts'
import { SetEntry } from '../lua/index.ts'
import type { CopyFacts } from '../memory/index.ts'
import type { WriteOptions } from '../options.ts'
import { assertKey } from '../redis/index.ts'
import type { Place, View } from '../view.ts'
import { type Later, type Mark, memberOf } from '../coherence/index.ts'
import { checkEntry } from './checks.ts'
import { unlessAborted } from './deadline.ts'
import { Deciding, type Heard, isReplaced } from './deciding.ts'
import { mayKeep } from './read.ts'
import { drop, removeVersioned } from './remove.ts'
import { report } from '../report.ts'
import { logKeys, pushWords, runVersioned } from './versioned.ts'

/** One value on its way into the tiers. */
export interface Write {
  readonly place: Place
  readonly view: View
  readonly key: string
  readonly value: unknown
  /** Missing where no tier needs the text. */
  readonly encoded: Encoded | undefined
  readonly options: WriteOptions
  readonly operation: Operation
  /** What the header is to say beside its life. */
  readonly facts: Facts
  /** In [0, 1): how much of the jitter it gets, drawn once for both tiers. */
  readonly random: number
}

/** How long the factory took, in milliseconds, and what the origin said. */
export type Facts = Pick<CopyFacts, 'took' | 'etag' | 'modified'>

const noFacts: Facts = { took: 0, etag: '', modified: '' }

/** An entry as it goes to L2, and for how many milliseconds Redis is to keep it: 0 where it has ended already. */
export interface Sealed {
  readonly bytes: string
  readonly ttl: number
}

/** How an entry goes to L2 if that depends on what L2 holds; resolves to its version, or `undefined` where it was not stored. */
export type Condition = (sealed: Sealed) => Promise<number | undefined>

/** Whether a call uses L2. */
export function usesRedis(core: Core, { l2 }: WriteOptions): boolean {
  return core.redis !== undefined && l2 !== false
}

/** Throws a `TypeError` for options that cannot be right. */
export function checkLifetime(core: Core, options: WriteOptions): void {
  checkEntry(core, options)
  const now = nowIn(core)
  resolveLifetime(options, core.settings, { now, onlyLocal: !usesRedis(core, options) })
}

/** How long an entry is to live from now on; `undefined` where it has ended already. */
export function lifetimeOf(
  core: Core,
  { options, value, random }: Pick<Write, 'options' | 'value' | 'random'>,
): Lifetime | undefined {
  const onlyLocal = !usesRedis(core, options)
  const given = { now: nowIn(core), onlyLocal, checked: true, negative: value === null, random }
  return resolveLifetime(options, core.settings, given)
}

/** Checks and encodes what a caller wants stored, before anything is sent or dropped. */
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

/** The value as text, where a tier that the call uses needs it. Throws a `CacheError` `SERIALIZE` or `TOO_LARGE`. */
export function encode(core: Core, value: unknown, options: WriteOptions): Encoded | undefined {
  const forMemory = options.l1 !== false && core.local.needsText
  if (!usesRedis(core, options) && !forMemory) return undefined
  const encoded = core.codec.encode(value)
  assertFits(encoded, core.settings)
  return encoded
}

/**
 * Puts values in place of what both tiers held. L1 lets go first and takes the new value once L2 has it, unless another write
 * came in between: which of the two Redis saw last is then unknown here, and the next read asks. Resolves to whether all are
 * stored, which only a condition can prevent.
 */
export async function replace(core: Core, writes: readonly Write[], condition?: Condition): Promise<boolean> {
  const deciding = writes.map(() => new Deciding())
  const heard = writes.map(({ place }, i): Heard => {
    core.marks.supersede(place.localKey, condition === undefined ? deciding[i] : undefined)
    core.flights.wake(place.localKey)
    drop(core, [place])
    const mark = core.marks.begin(place.localKey)
    const later: Later = {}
    mark.explicit = later
    return { mark, later }
  })
  const from = core.settings.clock.now()
  const outcomes = await Promise.allSettled(
    // Who leaves waits for nothing that has to be known first; what would be sent after that is not, by the same signal.
    writes.map((write, i) =>
      unlessAborted(writeRedis(core, write, heard[i] as Heard, condition), write.options.signal),
    ),
  )
  for (const [i, write] of writes.entries()) {
    deciding[i]?.end(outcomes[i]?.status === 'fulfilled')
    acknowledge(core, write, { mark: (heard[i] as Heard).mark, outcome: outcomes[i], from })
  }
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') throw report(core, writes[0]?.operation ?? 'set', outcome.reason)
    if (outcome.value === undefined) return false
  }
  return true
}

/** What a write came to: L1 takes its value, unless a newer version is known, or nobody knows whether it was stored. */
function acknowledge(
  core: Core,
  write: Write,
  {
    mark,
    outcome,
    from,
  }: { mark: Mark; outcome: PromiseSettledResult<number | undefined> | undefined; from: number },
): void {
  const { localKey } = write.place
  const stamp = outcome?.status === 'fulfilled' ? outcome.value : undefined
  core.marks.end(localKey, mark)
  if (stamp === undefined) drop(core, [write.place])
  else {
    core.coherence.wroteKey(localKey, stamp)
    if (mayKeep(core, localKey, mark, stamp)) writeLocal(core, write, { from, stamp })
  }
}

/**
 * Writes an entry to L2: one request, of four commands. Nothing here waits before the command is issued, unless the server's
 * time is still unknown or the value is to be compressed, so that what a caller issues in one tick keeps its order. Resolves
 * to the version of the write.
 */
async function writeRedis(
  core: Core,
  write: Write,
  heard: Heard,
  condition?: Condition,
): Promise<number | undefined> {
  const { redis } = core
  const { encoded, options } = write
  if (redis === undefined || encoded === undefined || !usesRedis(core, options))
    return core.coherence.nextLocal()
  const ready = redis.ready()
  if (ready !== undefined) await ready
  const packing = pack(encoded.text, core.settings)
  const packed = packing instanceof Promise ? await packing : packing
  // What came later in this isolate counts, and was sent already. Where a condition decides, only Redis can tell.
  const inDoubt = condition === undefined && (heard.later.next !== undefined || heard.mark.superseded)
  if (inDoubt && (await isReplaced(core, heard, options.signal))) return 0
  const sealed = seal(core, write, packed)
  const version =
    condition === undefined
      ? await send(core, write, sealed)
      : await condition(sealed ?? { bytes: '', ttl: 0 })
  if (version !== undefined && sealed !== undefined) stored(core, write, sealed)
  return version
}

/** An entry that has ended already is as good as removed. */
async function send(core: Core, write: Write, sealed: Sealed | undefined): Promise<number> {
  const { view, key, place, options } = write
  const { signal } = options
  const member = memberOf('k', view.namespace, key)
  if (sealed === undefined) return removeVersioned(core, [{ place, member }], signal)
  const keys = [core.coherence.counterKey, place.physicalKey, ...logKeys(core)]
  const args = [behindStamp(sealed.bytes), String(sealed.ttl), core.coherence.isOn ? member : '']
  return runVersioned(core, SetEntry, { keys, args: [...args, ...pushWords(core, [member])], signal })
}

/** The bytes of an entry; `undefined` where it has ended already. `stamp`: 0 where a script draws it. */
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

/** Tells that L2 has an entry. */
export function stored(core: Core, { operation }: Write, { bytes }: Sealed): void {
  core.events.emit('store', { tier: 'l2', operation, bytes: bytes.length })
}

/** Puts a copy into L1, for no longer than the entry itself lives: `from` is before L2 was asked to keep it. */
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
