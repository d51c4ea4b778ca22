import type { Mark, Verdict } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import {
  type EntryHeader,
  isFreshLocally,
  isSlideDue,
  openEntry,
  type OpenedEntry,
  remaining,
  tombstoneIn,
} from '../entry/index.ts'
import type { DiscardReason, Operation, Tier } from '../events.ts'
import { localTtlOf } from '../lifetime.ts'
import { type CopyFacts, expire, type LocalEntry } from '../memory/index.ts'
import type { EntryOptions } from '../options.ts'
import { type StandardSchema, validate } from '../schema.ts'
import type { Note } from '../trace.ts'
import type { Place, View } from '../view.ts'
import { checkEntry } from './checks.ts'
import { askMore, deadlineOf, type Patience } from './deadline.ts'
import { withNews } from './news.ts'
import { report } from '../report.ts'
import { slideFound, slideOnUse } from './slide.ts'

/** One read of one key. */
export interface Read extends Patience {
  readonly place: Place
  readonly operation: Operation
  readonly options: EntryOptions
  readonly mark: Mark
  /** When this read itself had the life of the entry begin anew, by the isolate's clock: the server knows that it is fresh. */
  readonly extendedAt?: number
}

/** The value in L1, or `undefined`. The path of every hit: nothing here waits, and little is allocated. */
export function readLocal(core: Core, view: View, key: string, operation: Operation): unknown {
  const localKey = view.localKey(key)
  const entry = core.local.find(localKey)
  const value =
    entry !== undefined && isBelieved(core, localKey, entry) ? core.local.valueOf(entry) : undefined
  if (entry === undefined || value === undefined) {
    core.counters.l1Misses++
    return undefined
  }
  if (entry.idle > 0) slideOnUse(core, view, key, entry)
  core.counters.l1Hits++
  core.counters.saved += entry.took
  if (core.events.heard('hit')) tellLocalHit(core, operation, entry)
  return value
}

function tellLocalHit({ events, settings }: Core, operation: Operation, { from }: LocalEntry): void {
  events.emit('hit', { tier: 'l1', operation, age: settings.clock.now() - from })
}

/** Whether L1's copy may be given away, by what is known of versions. Judged anew only when that has changed. */
function isBelieved(core: Core, localKey: string, entry: LocalEntry): boolean {
  const { versions, mayTrustLocal } = core.coherence
  if (entry.epoch === versions.epoch) return mayTrustLocal
  return isStillAlive(core, localKey, entry) && !entry.expired && mayTrustLocal
}

/** Whether L1's copy is of any use, be it stale; it is dropped where it is not. */
export function isStillAlive(core: Core, localKey: string, entry: LocalEntry): boolean {
  const { versions } = core.coherence
  if (entry.epoch === versions.epoch) return true
  const verdict = verdictOf(core, localKey, entry)
  if (verdict === 'dead') core.local.remove(localKey)
  if (verdict === 'soft') expire(entry)
  if (verdict === 'dead' || verdict === 'unknown') return false
  entry.epoch = versions.epoch
  return true
}

/** What is known of L1's copy, or heard. */
export function verdictOf({ coherence }: Core, localKey: string, { facts }: LocalEntry): Verdict {
  const { stamp, tags } = facts
  const rumour = coherence.push?.judge(stamp, tags) ?? 'ok'
  const known = coherence.versions.judge(stamp, localKey, tags)
  return rumour === 'dead' || known === 'ok' ? rumour : known
}

/** What a `get` gives: the value that L1 has for it, if its schema accepts that, or else that of L2. */
export async function getValue(
  core: Core,
  view: View,
  { key, options, local, note }: { key: string; options: EntryOptions; local: unknown; note: Note },
): Promise<unknown> {
  checkEntry(core, options)
  if (local !== undefined && options.schema !== undefined) {
    const accepted = await acceptLocal(core, options.schema, local)
    if (accepted !== undefined) {
      note({ 'cache.hit': true, 'cache.level': 'l1' })
      return accepted
    }
  }
  const place = view.place(key)
  const mark = core.marks.begin(place.localKey, { reads: true })
  try {
    const value = await readRedis(core, {
      place,
      view,
      operation: 'get',
      options,
      mark,
      deadline: deadlineOf(core),
      signal: options.signal,
    })
    if (value === undefined) core.events.emit('miss', { operation: 'get' })
    note(value === undefined ? { 'cache.hit': false } : { 'cache.hit': true, 'cache.level': 'l2' })
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
    const { redis } = core
    const { reply, trusted } = await withNews(core, [read], () =>
      redis.read(read.place.physicalKey, read.options.signal),
    )
    return await admit(core, read, trusted ? reply : null)
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
  /** Expired before its time: of use only where nothing better can be had. */
  readonly expired: boolean
  readonly fresh: boolean
  /** How long it is fresh, in milliseconds, as far as that is known. */
  readonly left: number
}

/** What is in bytes that came from L2, fresh or not; `undefined` where it is nothing that fits, or was invalidated. */
export async function examine(core: Core, read: Read, bytes: string | null): Promise<Found | undefined> {
  if (bytes === null) return gone(core, read)
  const removed = tombstoneIn(bytes)
  if (removed !== undefined) {
    core.coherence.versions.see(removed)
    return gone(core, read)
  }
  const opened = await openEntry(bytes, read.place.address, core.settings)
  if (typeof opened === 'string') return discard(core, 'l2', opened)
  const known = judge(core, read, opened.header)
  const verdict = known === 'unknown' ? await judgeByTags(core, read, opened.header) : known
  if (verdict === 'dead') return undefined
  const value = core.codec.decode(opened.encoded)
  if (value === undefined) return discard(core, 'l2', 'codec')
  const { schema } = read.options
  const accepted = schema === undefined ? value : await accept(core, 'l2', schema, value)
  if (accepted === undefined) return undefined
  const expired = verdict === 'soft' || opened.header.fresh === 0
  const left = remaining(opened.header.fresh, core.redis?.clock.now() ?? 0)
  return { opened, value, accepted, expired, fresh: !expired && isFresh(core, read, left), left }
}

/** What is known of an entry's version. */
function judge(core: Core, { place, view }: Read, { stamp, tags }: EntryHeader): Verdict {
  const { versions } = core.coherence
  versions.see(stamp)
  return versions.judge(stamp, place.localKey, view.tagAddresses(tags))
}

/** The same once its tags have been asked for: what is not known then either counts as removed. */
async function judgeByTags(core: Core, read: Read, header: EntryHeader): Promise<Verdict> {
  const addresses = read.view.tagAddresses(header.tags)
  await askMore(core, read, () => core.coherence.fetchTags(addresses))
  const verdict = judge(core, read, header)
  return verdict === 'unknown' ? 'dead' : verdict
}

/** Where the server's time is not known nothing is: Redis keeps entries for longer than they are fresh. */
function isFresh(core: Core, { extendedAt }: Read, left: number): boolean {
  if (extendedAt !== undefined) return true
  return core.redis?.clock.known === true && left > 0
}

/** L2 has nothing, so what L1 kept for when nothing better can be had is of something that was removed. */
function gone(core: Core, { place, mark }: Read): undefined {
  if (!mark.overtaken) core.local.forgetStale(place.localKey)
}

/** Counts a hit in L2, lets L1 keep a copy, and extends what slides. */
export function welcome(core: Core, read: Read, found: Found): unknown {
  const { created, idle, took, fresh, end } = found.opened.header
  core.counters.l2.hits++
  core.counters.saved += took
  core.events.emit('hit', {
    tier: 'l2',
    operation: read.operation,
    age: (core.redis?.clock.now() ?? 0) - created,
  })
  if (found.left > 0) keepCopy(core, read, found)
  if (read.extendedAt === undefined && isSlideDue({ idle, idleUntil: fresh, end }, fresh - found.left))
    slideFound(core, read)
  return found.accepted
}

/** What the schema of a call makes of a value from L1; `undefined` where it refuses it. */
export async function acceptLocal(core: Core, schema: StandardSchema, value: unknown): Promise<unknown> {
  return accept(core, 'l1', schema, value)
}

async function accept(core: Core, tier: Tier, schema: StandardSchema, value: unknown): Promise<unknown> {
  const accepted = await validate(schema, value)
  return accepted === undefined ? discard(core, tier, 'schema') : accepted
}

/** Lets L1 keep a copy of what L2 has, stale or not, unless the server's time, and so its age, is unknown. */
export function keepCopy(core: Core, read: Read, { opened, value, left, expired }: Found): void {
  const { header, encoded } = opened
  const { localKey } = read.place
  if (core.redis?.clock.known !== true || read.options.l1 === false || expired) return
  if (!mayKeep(core, localKey, read.mark, header.stamp)) return
  const endsIn = header.idle > 0 ? left + header.end - header.fresh : left
  const staleFor = header.stale === 0 ? 0 : header.stale - header.fresh
  const facts = factsOf(header, read.view)
  core.local.put(
    localKey,
    { value, encoded, facts },
    {
      ttl: localTtlOf(read.options, core.settings, endsIn + staleFor),
      endsIn,
      staleFor,
      idle: header.idle,
      idleTtl: left,
      shared: true,
      from: core.settings.clock.now(),
    },
  )
}

/** Whether L1 may take what an operation brings: nothing newer than `stamp` is known, and it holds nothing newer that is fresh. */
export function mayKeep(core: Core, localKey: string, mark: Mark, stamp: number): boolean {
  if (mark.overtaken || stamp < mark.version) return false
  const held = core.local.peek(localKey)
  return held === undefined || held.facts.stamp <= stamp || !isFreshLocally(held, core.settings.clock.now())
}

/**
 * A stale copy by what is known now, which may be more than when it was found: what was removed since is of no use at all. It
 * would come back as new, for the load's stamp says that it knows of that removal.
 */
export function asKnown<C extends Pick<LocalEntry, 'facts' | 'expired'>>(
  core: Core,
  { localKey, mark }: { localKey: string; mark: Mark },
  copy: C | undefined,
): C | undefined {
  if (copy === undefined || copy.facts.stamp < mark.removed) return undefined
  const verdict = core.coherence.versions.judge(copy.facts.stamp, localKey, copy.facts.tags)
  if (verdict === 'dead' || verdict === 'unknown') return undefined
  return verdict === 'soft' && !copy.expired ? { ...copy, expired: true } : copy
}

/** What is worth remembering of a header. */
export function factsOf(header: EntryHeader, view: View): CopyFacts {
  const { created, took, etag, modified, stamp, tags } = header
  return { created, took, etag, modified, stamp, tags: view.tagAddresses(tags), expired: header.fresh === 0 }
}

function discard(core: Core, tier: Tier, reason: DiscardReason): undefined {
  core.events.emit('discard', { tier, reason })
  return undefined
}
