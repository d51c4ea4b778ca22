import type { Core } from '../core.ts'
import { assertFits, type Encoded, type Lifetime, pack, physicalTtl, sealEntry } from '../entry/index.ts'
import type { Operation } from '../events.ts'
import { resolveLifetime, type WriteOptions } from '../options.ts'
import { assertKey } from '../redis/index.ts'
import type { Place, View } from '../view.ts'
import type { Mark } from './marks.ts'
import { drop } from './remove.ts'
import { report } from './report.ts'

/** One value on its way into the tiers. */
export interface Write {
  readonly place: Place
  readonly value: unknown
  /** Missing where no tier needs the text. */
  readonly encoded: Encoded | undefined
  readonly options: WriteOptions
  readonly operation: Operation
  /** How long the factory took, in milliseconds. */
  readonly took: number
}

/** An entry as it goes to L2, and for how many milliseconds Redis is to keep it: 0 where it has ended already. */
export interface Sealed {
  readonly bytes: string
  readonly ttl: number
}

/** How an entry goes to L2 if that depends on what L2 holds; resolves to whether it was stored. */
export type Condition = (sealed: Sealed) => Promise<boolean>

/** Whether a call uses L2. */
function usesRedis(core: Core, { l2 }: WriteOptions): boolean {
  return core.redis !== undefined && l2 !== false
}

/** Throws a `TypeError` for options that cannot be right. */
export function checkLifetime(core: Core, options: WriteOptions): void {
  lifetimeOf(core, options, false)
}

/** How long an entry is to live from now on; `undefined` where it has ended already. */
function lifetimeOf(core: Core, options: WriteOptions, checked = true): Lifetime | undefined {
  const now = core.redis?.clock.now() ?? core.settings.clock.now()
  return resolveLifetime(options, core.settings, { now, checked, onlyLocal: !usesRedis(core, options) })
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
  return { place: view.place(key), value, encoded: encode(core, value, options), options, operation, took: 0 }
}

/** The value as text, where a tier that the call uses needs it. Throws a `CacheError` `SERIALIZE` or `TOO_LARGE`. */
function encode(core: Core, value: unknown, options: WriteOptions): Encoded | undefined {
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
  const marks = writes.map(({ place }) => {
    core.marks.supersede(place.localKey, condition !== undefined)
    drop(core, [place])
    const mark = core.marks.begin(place.localKey)
    mark.explicit = true
    return mark
  })
  const from = core.settings.clock.now()
  const outcomes = await Promise.allSettled(
    writes.map((write, i) => writeRedis(core, write, marks[i] as Mark, write.options.signal, condition)),
  )
  for (const [i, write] of writes.entries()) {
    const mark = marks[i] as Mark
    core.marks.end(write.place.localKey, mark)
    drop(core, [write.place])
    const outcome = outcomes[i]
    if (outcome?.status === 'fulfilled' && outcome.value && !mark.overtaken) writeLocal(core, write, from)
  }
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') throw report(core, writes[0]?.operation ?? 'set', outcome.reason)
    if (!outcome.value) return false
  }
  return true
}

/**
 * Keeps what a factory made, unless the key was written meanwhile. Never rejects: the caller has its value. L2 is left alone
 * where it has just failed.
 */
export async function fill(
  core: Core,
  view: View,
  load: {
    place: Place
    value: unknown
    took: number
    options: WriteOptions
    mark: Mark
    redisFailed: boolean
  },
): Promise<void> {
  const { place, value, took, options, mark } = load
  if (mark.superseded || lifetimeOf(core, options) === undefined) return
  try {
    const write = {
      place,
      value,
      encoded: encode(core, value, options),
      options,
      took,
      operation: 'getOrCreate' as const,
    }
    if (!mark.overtaken) writeLocal(core, write, core.settings.clock.now())
    if (load.redisFailed) return
    // A mark of its own: behind a `waitUntil` it goes on when the call has ended.
    const own = core.marks.begin(place.localKey, mark)
    const work = writeRedis(core, write, own, undefined)
      .then(
        () => undefined,
        (error: unknown) => void report(core, 'getOrCreate', error),
      )
      .finally(() => core.marks.end(place.localKey, own))
    await view.background(work)
  } catch (error) {
    report(core, 'getOrCreate', error)
  }
}

/**
 * Writes an entry to L2: one request, one command. Nothing here waits before the command is issued, unless the server's time
 * is still unknown or the value is to be compressed, so that what a caller issues in one tick keeps its order.
 */
async function writeRedis(
  core: Core,
  write: Write,
  mark: Mark,
  signal: AbortSignal | undefined,
  condition?: Condition,
): Promise<boolean> {
  const { redis } = core
  const { encoded, options, place, took } = write
  if (redis === undefined || encoded === undefined || !usesRedis(core, options)) return true
  const ready = redis.ready()
  if (ready !== undefined) await ready
  const packing = pack(encoded.text, core.settings)
  const packed = packing instanceof Promise ? await packing : packing
  // What came later in this isolate counts, and was sent already. Where a condition decides, only Redis can tell.
  if (mark.superseded && condition === undefined) return true
  const life = lifetimeOf(core, options)
  if (life === undefined) {
    if (condition !== undefined) return condition({ bytes: '', ttl: 0 })
    await redis.remove([place.physicalKey], signal)
    return true
  }
  const entry = { codec: encoded.codec, life, took, address: place.address, now: redis.clock.now() }
  const [bytes, ttl] = [sealEntry(packed, entry), physicalTtl(life)]
  if (condition === undefined) await redis.write(place.physicalKey, bytes, { ttl, idempotent: false, signal })
  else if (!(await condition({ bytes, ttl }))) return false
  core.events.emit('store', { tier: 'l2', operation: write.operation, bytes: bytes.length })
  return true
}

/** Puts a copy into L1, for no longer than the entry itself lives: `from` is before L2 was asked to keep it. */
function writeLocal(core: Core, write: Write, from: number): void {
  const life = lifetimeOf(core, write.options)
  if (life === undefined || write.options.l1 === false) return
  const bytes = core.local.put(write.place.localKey, write.value, write.encoded, {
    ttl: life.localTtl,
    endsIn: life.ttl,
    idle: life.idle,
    idleTtl: physicalTtl(life),
    shared: usesRedis(core, write.options),
    from,
  })
  if (bytes !== undefined) core.events.emit('store', { tier: 'l1', operation: write.operation, bytes })
}
