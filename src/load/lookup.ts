import type { Core } from '../core.ts'
import { openEntry, type OpenedEntry, remaining } from '../entry/index.ts'
import type { DiscardReason, Operation, Tier } from '../events.ts'
import { type EntryOptions, localTtlOf } from '../options.ts'
import { type StandardSchema, validate } from '../schema.ts'
import type { Place, View } from '../view.ts'
import type { Mark } from './marks.ts'
import { report } from './report.ts'
import { slideInBackground, slideOnUse } from './slide.ts'

/** One read of one key. */
export interface Read {
  readonly place: Place
  readonly operation: Operation
  readonly options: EntryOptions
  readonly mark: Mark
  readonly view: View
  /** When this read itself had the life of the entry begin anew, by the isolate's clock: the server knows that it is fresh. */
  readonly extendedAt?: number
}

/** The value in L1, or `undefined`. The path of every hit: nothing here waits, and little is allocated. */
export function readLocal(core: Core, view: View, key: string, operation: Operation): unknown {
  const entry = core.local.find(view.localKey(key))
  const value = entry === undefined ? undefined : core.local.valueOf(entry)
  if (entry === undefined || value === undefined) {
    core.counters.l1Misses++
    return undefined
  }
  if (entry.idle > 0) slideOnUse(core, view, key, entry)
  core.counters.l1Hits++
  if (core.events.heard('hit')) {
    core.events.emit('hit', { tier: 'l1', operation, age: core.settings.clock.now() - entry.from })
  }
  return value
}

/** What a read of L2 came to. */
export interface Found {
  readonly value: unknown
  /** Whether Redis could not be asked: it is then left alone for the rest of the call. */
  readonly failed: boolean
}

/** The value in L2, which L1 then keeps. A failing Redis is a miss; it rejects only with the reason of the caller's signal. */
export async function readRedis(core: Core, read: Read): Promise<Found> {
  read.options.signal?.throwIfAborted()
  if (core.redis === undefined || read.options.l2 === false) return { value: undefined, failed: false }
  try {
    const bytes = await core.redis.read(read.place.physicalKey, read.options.signal)
    return { value: await admit(core, read, bytes), failed: false }
  } catch (error) {
    read.options.signal?.throwIfAborted() // whatever its reason is, a CacheError too
    // An answer, even an error (another type of value is under the key), says that Redis can be asked.
    return { value: undefined, failed: report(core, read.operation, error).code !== 'L2_REPLY' }
  }
}

/** Runs an operation that may store what it reads, in such a way that a later write to the key is never undone by it. */
export async function tracked<T>(core: Core, localKey: string, run: (mark: Mark) => Promise<T>): Promise<T> {
  const mark = core.marks.begin(localKey)
  try {
    return await run(mark)
  } finally {
    core.marks.end(localKey, mark)
  }
}

/** The value in bytes that came from L2, or `undefined` where they hold none that is fresh and fits. */
export async function admit(core: Core, read: Read, bytes: string | null): Promise<unknown> {
  if (bytes === null) return missed(core)
  const opened = await openEntry(bytes, read.place.address, core.settings)
  if (typeof opened === 'string') return discard(core, 'l2', opened)
  const clock = core.redis?.clock
  const now = clock?.now() ?? 0
  const left = remaining(opened.header.fresh, now)
  // Where the server's time is not known yet, only Redis's own expiry counts, and L1 keeps nothing.
  if (clock?.known === true && left <= 0 && read.extendedAt === undefined) return missed(core)
  const value = core.codec.decode(opened.encoded)
  if (value === undefined) return discard(core, 'l2', 'codec')
  const accepted = await accept(core, 'l2', read.options.schema, value)
  if (accepted === undefined) return undefined
  core.counters.l2.hits++
  core.events.emit('hit', { tier: 'l2', operation: read.operation, age: now - opened.header.created })
  if (clock?.known === true && left > 0) keepCopy(core, read, { opened, value, left })
  return read.operation === 'getOrCreate' ? value : accepted // its type is the factory's, not the schema's
}

/** What the schema of a call makes of a value from L1; `undefined` where it refuses it. */
export async function acceptLocal(core: Core, schema: StandardSchema, value: unknown): Promise<unknown> {
  return accept(core, 'l1', schema, value)
}

async function accept(
  core: Core,
  tier: Tier,
  schema: StandardSchema | undefined,
  value: unknown,
): Promise<unknown> {
  if (schema === undefined) return value
  const accepted = await validate(schema, value)
  return accepted === undefined ? discard(core, tier, 'schema') : accepted
}

function keepCopy(
  core: Core,
  read: Read,
  found: { opened: OpenedEntry; value: unknown; left: number },
): void {
  const { header, encoded } = found.opened
  const from = read.extendedAt ?? core.settings.clock.now()
  const put = (mark: Mark, idleTtl: number): void => {
    if (read.options.l1 === false || mark.overtaken) return
    const ttl = localTtlOf(read.options, core.settings, found.left)
    const life = { ttl, endsIn: found.left, idle: header.idle, idleTtl, shared: true, from }
    core.local.put(read.place.localKey, found.value, encoded, life)
  }
  if (header.idle === 0) return put(read.mark, found.left)
  if (read.extendedAt !== undefined) return put(read.mark, Math.min(header.idle, found.left))
  // How much of its idle window is left only Redis knows: this use starts it anew, and the answer tells.
  const slide = { place: read.place, ttl: Math.min(header.idle, found.left) }
  const { localKey } = read.place
  const mark = core.marks.begin(localKey, read.mark)
  slideInBackground(core, read.view, slide, (idleTtl) => {
    core.marks.end(localKey, mark)
    if (idleTtl) put(mark, idleTtl)
  })
}

function missed(core: Core): undefined {
  core.counters.l2.misses++
  return undefined
}

function discard(core: Core, tier: Tier, reason: DiscardReason): undefined {
  if (tier === 'l2') core.counters.l2.misses++
  core.events.emit('discard', { tier, reason })
  return undefined
}
