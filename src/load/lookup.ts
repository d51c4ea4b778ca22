import type { Core } from '../core.ts'
import { type EntryHeader, openEntry, type OpenedEntry, remaining } from '../entry/index.ts'
import type { DiscardReason, Operation, Tier } from '../events.ts'
import { localTtlOf } from '../lifetime.ts'
import type { CopyFacts } from '../memory/index.ts'
import type { EntryOptions } from '../options.ts'
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

/** What a `get` gives: the value that L1 has for it, if its schema accepts that, or else that of L2. */
export async function getValue(
  core: Core,
  view: View,
  { key, options, local }: { key: string; options: EntryOptions; local: unknown },
): Promise<unknown> {
  if (local !== undefined && options.schema !== undefined) {
    const accepted = await acceptLocal(core, options.schema, local)
    if (accepted !== undefined) return accepted
  }
  const place = view.place(key)
  const mark = core.marks.begin(place.localKey)
  try {
    const value = await readRedis(core, { place, view, operation: 'get', options, mark })
    if (value === undefined) core.events.emit('miss', { operation: 'get' })
    return value
  } finally {
    core.marks.end(place.localKey, mark)
  }
}

/** The fresh value in L2, which L1 then keeps. A failing Redis is a miss; it rejects only with the reason of the caller's signal. */
async function readRedis(core: Core, read: Read): Promise<unknown> {
  read.options.signal?.throwIfAborted()
  if (core.redis === undefined || read.options.l2 === false) return undefined
  try {
    const bytes = await core.redis.read(read.place.physicalKey, read.options.signal)
    return await admit(core, read, bytes)
  } catch (error) {
    read.options.signal?.throwIfAborted() // whatever its reason is, a CacheError too
    report(core, read.operation, error)
    return undefined
  }
}

/** The value in bytes that came from L2, or `undefined` where they hold none that is fresh and fits. */
export async function admit(core: Core, read: Read, bytes: string | null): Promise<unknown> {
  const found = await examine(core, read, bytes)
  if (found?.fresh === true) return welcome(core, read, found)
  core.counters.l2.misses++
  return undefined
}

/** An entry of L2 that fits: this key's, whole, and accepted by the schema of the call. */
export interface Found {
  readonly opened: OpenedEntry
  readonly value: unknown
  /** What the schema of the call makes of the value; the value itself where there is none. */
  readonly accepted: unknown
  readonly fresh: boolean
  /** How long it is fresh, in milliseconds, as far as that is known. */
  readonly left: number
}

/** What is in bytes that came from L2, fresh or not; `undefined` where it is nothing that fits. */
export async function examine(core: Core, read: Read, bytes: string | null): Promise<Found | undefined> {
  if (bytes === null) return gone(core, read)
  const opened = await openEntry(bytes, read.place.address, core.settings)
  if (typeof opened === 'string') return discard(core, 'l2', opened)
  const left = remaining(opened.header.fresh, core.redis?.clock.now() ?? 0)
  // Where the server's time is not known yet, only Redis's own expiry counts: an entry without a stale window is fresh.
  const fresh =
    read.extendedAt !== undefined || (core.redis?.clock.known === true ? left > 0 : opened.header.stale === 0)
  const value = core.codec.decode(opened.encoded)
  if (value === undefined) return discard(core, 'l2', 'codec')
  const { schema } = read.options
  const accepted = schema === undefined ? value : await accept(core, 'l2', schema, value)
  return accepted === undefined ? undefined : { opened, value, accepted, fresh, left }
}

/** L2 has nothing, so what L1 kept for when nothing better can be had is of something that was removed. */
function gone(core: Core, { place, mark }: Read): undefined {
  if (!mark.overtaken) core.local.forgetStale(place.localKey)
}

/** Counts a hit in L2, and lets L1 keep a copy. */
export function welcome(core: Core, read: Read, found: Found): unknown {
  const { created } = found.opened.header
  core.counters.l2.hits++
  core.events.emit('hit', {
    tier: 'l2',
    operation: read.operation,
    age: (core.redis?.clock.now() ?? 0) - created,
  })
  if (found.left > 0) keepCopy(core, read, found)
  return found.accepted
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

/** Lets L1 keep a copy of what L2 has, stale or not, unless the server's time, and so its age, is unknown. */
export function keepCopy(core: Core, read: Read, { opened, value, left }: Found): void {
  if (core.redis?.clock.known !== true) return
  const { header, encoded } = opened
  const from = read.extendedAt ?? core.settings.clock.now()
  const staleFor = header.stale === 0 ? 0 : header.stale - header.fresh
  const put = (mark: Mark, idleTtl: number): void => {
    if (read.options.l1 === false || mark.overtaken) return
    const ttl = localTtlOf(read.options, core.settings, left + staleFor)
    const life = { ttl, endsIn: left, staleFor, idle: header.idle, idleTtl, shared: true, from }
    core.local.put(read.place.localKey, { value, encoded, facts: factsOf(header) }, life)
  }
  if (header.idle === 0) return put(read.mark, left)
  if (read.extendedAt !== undefined) return put(read.mark, Math.min(header.idle, left))
  // How much of its idle window is left only Redis knows: this use starts it anew, and the answer tells.
  const slide = { place: read.place, ttl: Math.min(header.idle, left) }
  const { localKey } = read.place
  const mark = core.marks.begin(localKey, read.mark)
  slideInBackground(core, read.view, slide, (idleTtl) => {
    core.marks.end(localKey, mark)
    if (idleTtl) put(mark, idleTtl)
  })
}

/** What is worth remembering of a header. */
export function factsOf({ created, took, etag, modified }: EntryHeader): CopyFacts {
  return { created, took, etag, modified }
}

function discard(core: Core, tier: Tier, reason: DiscardReason): undefined {
  core.events.emit('discard', { tier, reason })
  return undefined
}
