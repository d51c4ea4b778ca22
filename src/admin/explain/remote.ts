import { lowestSeed } from '../../coherence/index.ts'
import type { Core } from '../../core.ts'
import { endsOf, type EntryHeader, openEntry, tombstoneIn } from '../../entry/index.ts'
import { CacheError, isCacheError } from '../../errors.ts'
import type { LoadCall } from '../../load/index.ts'
import { type RedisTier, type Reply, ServerClock, softAddress, unexpected } from '../../redis/index.ts'
import type { Examined, StateReason, TierState } from './state.ts'

/** What L2 has, and whether another isolate is making the value. */
export interface Remote extends Examined {
  readonly leased: boolean
  /** Whether L2 answered, so that it counts, and not L1. */
  readonly answered: boolean
}

type Asked = { readonly bytes: string | null; readonly versions: readonly number[]; readonly leased: boolean }

/**
 * Reads what L2 has, and learns nothing from it: one request, and a second one for the versions of tags. Not while the breaker is
 * open: a request that is sent then is its probe.
 */
export async function examineRemote(core: Core, call: LoadCall): Promise<Remote> {
  const { redis, counters } = core
  if (redis === undefined || call.options.l2 === false) return none('off')
  if (counters.l2.breaker === 'open' || counters.l2.breaker === 'half-open')
    return none('unreachable', 'BREAKER_OPEN')
  const clock = new ServerClock(core.settings.clock)
  try {
    return await examine(core, call, { redis, clock })
  } catch (error) {
    call.options.signal?.throwIfAborted()
    if (!isCacheError(error)) throw error
    return {
      ...none('unreachable', error.code),
      answered: clock.known && error.code === 'L2_REPLY' && !error.retryable,
    }
  }
}

function none(state: TierState['state'], reason?: StateReason): Remote {
  const answered = state !== 'off' && state !== 'unreachable'
  return { state: { state, ...(reason && { reason }) }, leased: false, answered }
}

async function examine(
  core: Core,
  call: LoadCall,
  { redis, clock }: { redis: RedisTier; clock: ServerClock },
): Promise<Remote> {
  const sentAt = core.settings.clock.monotonic()
  const asking = ask(core, call, redis)
  asking.catch(() => undefined) // first the time, without which nothing can be said about the key
  clock.learn(await redis.ask(['TIME'], signalOf(call)), sentAt)
  if (!clock.known) throw unexpected()
  const { bytes, versions, leased } = await asking
  if (bytes === null) return { ...none('absent'), leased }
  if (tombstoneIn(bytes) !== undefined) return { ...none('removed', 'key'), leased }
  const opened = await openEntry(bytes, call.place.address, core.settings)
  if (typeof opened === 'string') return { ...none('unusable', opened), leased }
  if (core.codec.decode(opened.encoded) === undefined) return { ...none('unusable', 'codec'), leased }
  const { header } = opened
  const now = clock.now()
  const facts = {
    age: now - header.created,
    ...(header.fresh > 0 && { freshFor: header.fresh - now }),
    ...(header.stale > 0 && { staleFor: header.stale - now }),
    took: header.took,
    bytes: bytes.length,
    tags: header.tags,
  }
  const judged = await judge(core, call, { redis, header, versions, now })
  const offset = core.settings.clock.now() - now
  const expired = judged.state === 'expired'
  const copy = judged.state === 'removed' ? undefined : { ...endsOf(header, offset), expired }
  return { state: { ...judged, ...facts }, leased, answered: true, ...(copy && { copy }) }
}

/** In one request; the versions come first, as in a read. */
async function ask(core: Core, call: LoadCall, redis: RedisTier): Promise<Asked> {
  const { place, view, key, loading } = call
  const { counterKey, starKey, isOn } = core.coherence
  const [versions, bytes, lease] = await Promise.all([
    isOn ? redis.ask(['MGET', counterKey, starKey], signalOf(call)) : null,
    redis.ask(['GET', place.physicalKey], signalOf(call)),
    loading.stampede === 'global' ? redis.ask(['GET', view.physicalKey('l', key)], signalOf(call)) : null,
  ])
  if (bytes !== null && typeof bytes !== 'string')
    throw new CacheError('L2_REPLY', 'Redis answered with a reply of the wrong type')
  return { bytes, versions: versionsIn(versions), leased: lease !== null }
}

interface Given {
  readonly redis: RedisTier
  readonly header: EntryHeader
  /** The counter, and the version of everything. */
  readonly versions: readonly number[]
  readonly now: number
}

/**
 * How this isolate would judge an entry. Of others' changes it uses what it knows, unless the read would ask: because a poll of
 * the change log is due, or for tags that it does not know.
 */
async function judge(core: Core, call: LoadCall, given: Given): Promise<TierState> {
  const { header, now } = given
  const { stamp, fresh } = header
  const { localKey } = call.place
  const known = core.coherence.versions
  const tags = call.view.tagAddresses(header.tags)
  const asked = askedFor(core, call, { tags, stamp })
  const truth = asked === undefined ? nothing : await tagVersions(core, call, { ...given, tags: asked })
  if (asked !== undefined && core.coherence.isOn) {
    const [counter = 0, star = 0] = given.versions
    if (counter < lowestSeed) return { state: 'removed', reason: 'unversioned' }
    if (stamp < star) return { state: 'removed', reason: 'clear' }
  }
  if (known.judge(stamp, localKey, []) === 'dead')
    return { state: 'removed', reason: stamp < known.cleared ? 'clear' : 'key' }
  const byTags = known.judge(stamp, localKey, tags)
  if (byTags === 'dead' || stamp < truth.hard) return { state: 'removed', reason: 'tag' }
  if (fresh === 0 || known.judge(stamp, localKey, []) === 'soft') return { state: 'expired', reason: 'key' }
  if (byTags === 'soft' || stamp < truth.soft) return { state: 'expired', reason: 'tag' }
  return fresh > now ? { state: 'fresh' } : { state: 'stale', reason: 'ended' }
}

/** The tags whose versions a read would ask for; `undefined` if it would ask for none, nor for that of everything. */
function askedFor(
  core: Core,
  { view, place, options }: LoadCall,
  { tags, stamp }: { tags: readonly string[]; stamp: number },
): readonly string[] | undefined {
  const { versions, isDue } = core.coherence
  if (isDue) return tags
  const expected = view.tagAddresses(options.tags ?? []).filter((tag) => !versions.knows(tag))
  const missing =
    versions.judge(stamp, place.localKey, tags) === 'unknown'
      ? tags.filter((tag) => !versions.knows(tag))
      : tags.filter((tag) => expected.includes(tag))
  return expected.length + missing.length === 0 ? undefined : missing
}

const nothing = { hard: 0, soft: 0 }

/** The highest versions among those of these tags. */
async function tagVersions(
  core: Core,
  call: LoadCall,
  { redis, tags }: { redis: RedisTier; tags: readonly string[] },
): Promise<{ readonly hard: number; readonly soft: number }> {
  if (tags.length === 0) return nothing
  const keys = [...tags, ...tags.map(softAddress)].map((tag) => `${core.settings.keyPrefix}:${tag}`)
  const versions = versionsIn(await redis.ask(['MGET', ...keys], signalOf(call)))
  return {
    hard: Math.max(0, ...versions.slice(0, tags.length)),
    soft: Math.max(0, ...versions.slice(tags.length)),
  }
}

function versionsIn(reply: Reply): number[] {
  return Array.isArray(reply) ? reply.map((each) => (typeof each === 'object' ? 0 : Number(each) || 0)) : []
}

function signalOf({ options }: LoadCall): { signal?: AbortSignal } {
  return options.signal === undefined ? {} : { signal: options.signal }
}
