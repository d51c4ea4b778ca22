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
  /** When this read itself had the life of the entry begin anew, by the isolate's clock: the server knows that it is fresh. */
  readonly extendedAt?: number
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

/** What the schema of a call makes of a value from L1; `undefined` where it refuses it. */
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
