import type { Mark, Verdict } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import { type EntryHeader, openEntry, type OpenedEntry, remaining, tombstoneIn } from '../entry/index.ts'
import type { DiscardReason, Operation, Tier } from '../events.ts'
import type { EntryOptions } from '../options.ts'
import { type StandardSchema, validate } from '../schema.ts'
import type { Place } from '../view.ts'
import { askMore, type Patience } from './deadline.ts'

/** One read of one key. */
export interface Read extends Patience {
  readonly place: Place
  readonly operation: Operation
  readonly options: EntryOptions
  readonly mark: Mark
  /** When this read itself extended the entry, by the isolate's clock: the server has found it fresh. */
  readonly extendedAt?: number
}

/** A valid entry of L2: this key's, undamaged, and accepted by the schema of the call. */
export interface Found {
  readonly opened: OpenedEntry
  readonly value: unknown
  /** The output of the call's schema for the value; the value itself without a schema. */
  readonly accepted: unknown
  /** Expired early, by a call: never fresh, nor served at once (`swr`). */
  readonly expired: boolean
  readonly fresh: boolean
  /** How long it is fresh, in milliseconds, as far as that is known. */
  readonly left: number
}

/** The entry in bytes from L2, fresh or not; `undefined` if it is not valid, or was invalidated. */
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

/** The verdict on an entry by what is known of versions. */
function judge(core: Core, { place, view }: Read, { stamp, tags }: EntryHeader): Verdict {
  const { versions } = core.coherence
  versions.see(stamp)
  return versions.judge(stamp, place.localKey, view.tagAddresses(tags))
}

/** The same once its tags have been asked for: an entry whose tags are still unknown counts as removed. */
async function judgeByTags(core: Core, read: Read, header: EntryHeader): Promise<Verdict> {
  const addresses = read.view.tagAddresses(header.tags)
  await askMore(core, read, () => core.coherence.fetchTags(addresses))
  const verdict = judge(core, read, header)
  return verdict === 'unknown' ? 'dead' : verdict
}

/** Nothing is fresh as long as the server's time is unknown: Redis keeps entries for longer than they are fresh. */
function isFresh(core: Core, { extendedAt }: Read, left: number): boolean {
  if (extendedAt !== undefined) return true
  return core.redis?.clock.known === true && left > 0
}

/** L2 has nothing, so a stale copy in L1 is of something that was removed. */
function gone(core: Core, { place, mark }: Read): undefined {
  if (!mark.overtaken) core.local.forgetStale(place.localKey)
}

/** The output of a call's schema for a value from L1; `undefined` if it rejects it. */
export async function acceptLocal(core: Core, schema: StandardSchema, value: unknown): Promise<unknown> {
  return accept(core, 'l1', schema, value)
}

async function accept(core: Core, tier: Tier, schema: StandardSchema, value: unknown): Promise<unknown> {
  const accepted = await validate(schema, value)
  return accepted === undefined ? discard(core, tier, 'schema') : accepted
}

function discard(core: Core, tier: Tier, reason: DiscardReason): undefined {
  core.events.emit('discard', { tier, reason })
  return undefined
}
