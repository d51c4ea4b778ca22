// What getAndExtend has extended although one of its tags was invalidated.
import type { Verdict } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import { headOf, stampAndTags, tombstoneOf } from '../entry/index.ts'
import { FillEntry } from '../lua/index.ts'
import type { RedisParts } from '../parts.ts'
import { askMore, ended, type Patience } from '../read/index.ts'
import { toText } from '../redis/index.ts'
import { report } from '../report.ts'
import type { Place } from '../view.ts'

/** Tagged entries that were extended, and may now outlive what is known of their tags. */
export type Extended = readonly {
  readonly place: Place
  readonly line: string
  readonly stamp: number
  readonly tags: readonly string[]
}[]

/** The version of a tag is kept for as long as an entry lives that is not extended. */
export function toExtended({ settings }: Core, place: Place, bytes: string | null): Extended {
  const line = bytes === null ? '' : headOf(bytes)
  const found = stampAndTags(line)
  const outlives = found !== undefined && found.tags.length > 0 && found.life > settings.maxTtl
  return outlives ? [{ place, line, ...found }] : []
}

/**
 * An entry whose tags were invalidated has been extended as well, as no script can tell: it must not outlive the versions of its
 * tags, and is removed for good. So is one that they only expired, since its stale window is not known any more.
 * Runs in the background, as the call does not need it: a read of such an entry meanwhile asks for its tags. Never rejects;
 * `failed`: the call has already reported that it could not learn of tags.
 */
export async function buryDead(parts: RedisParts, extended: Extended, failed: boolean): Promise<void> {
  const { core, view } = parts
  const { versions } = core.coherence
  // By tags alone: of keys this isolate knows only its own changes, and those may concern another entry in L1.
  const verdictOf = ({ stamp, tags }: Extended[number]): Verdict =>
    versions.judgeByTags(stamp, view.tagAddresses(tags))
  const unknown = extended.filter((entry) => verdictOf(entry) === 'unknown')
  const tags = new Set(unknown.flatMap((entry) => view.tagAddresses(entry.tags)))
  const quietly = async (work: Promise<unknown>, isNews: boolean): Promise<void> => {
    try {
      await work
    } catch (error) {
      if (isNews) report(core, 'getAndExtend', error)
    }
  }
  if (tags.size > 0) await ended(core, quietly(core.coherence.fetchTags([...tags]), !failed))
  const dead = extended.filter((entry) => ['dead', 'soft'].includes(verdictOf(entry)))
  await ended(core, quietly(Promise.all(dead.map((entry) => bury(parts, entry))), true))
}

/** Waits for as much of it as there is time for. */
export async function inTime(core: Core, patience: Patience, work: Promise<void>): Promise<void> {
  try {
    await askMore(core, patience, () => work)
  } catch {
    // The call has its value all the same.
  }
}

/** The same for a call that got no reply, and may have extended entries. Never rejects. */
export async function buryUnheard(parts: RedisParts, places: readonly Place[]): Promise<void> {
  const { core, redis } = parts
  const found = async (): Promise<Extended> => {
    // Not as a read of the cache, which fails if the server's time is not available: it is not needed here.
    const reply = await redis.ask(['MGET', ...places.map(({ physicalKey }) => physicalKey)])
    const texts = Array.isArray(reply) ? reply.map(toText) : []
    return places.flatMap((each, i) => toExtended(core, each, texts[i] ?? null))
  }
  try {
    await buryDead(parts, await found(), true)
  } catch {
    // The call has reported that Redis fails.
  }
}

/** Replaces only the entry itself: what was stored meanwhile is alive. The tombstone fences off as much as the entry did. */
async function bury({ core, executor }: RedisParts, { place, line, stamp }: Extended[number]): Promise<void> {
  const args = [line, tombstoneOf(stamp), String(core.settings.fence), String(stamp)]
  await executor.run(FillEntry, { keys: [place.physicalKey], args, signal: undefined })
}
