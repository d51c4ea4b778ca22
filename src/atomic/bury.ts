// What getAndExtend has prolonged although one of its tags was invalidated.
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

/** What becomes of a tag is known for as long as an entry lives that nobody extends. */
export function toExtended({ settings }: Core, place: Place, bytes: string | null): Extended {
  const line = bytes === null ? '' : headOf(bytes)
  const found = stampAndTags(line)
  const outlives = found !== undefined && found.tags.length > 0 && found.life > settings.maxTtl
  return outlives ? [{ place, line, ...found }] : []
}

/**
 * An entry whose tags were invalidated has been extended as well, for no script can tell: it must not outlive what is known of
 * its tags, and goes for good. So does one that they only expired, since its stale window is not known any more.
 * Behind the call, which does not need it: whoever reads such an entry meanwhile asks for its tags. Never rejects; `failed`: the
 * call has told already that it could not learn of tags.
 */
export async function buryDead(parts: RedisParts, extended: Extended, failed: boolean): Promise<void> {
  const { core, view } = parts
  const { versions } = core.coherence
  // By tags alone: of the keys this isolate knows what it did itself, and that may be another thing in L1.
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
    // The value is there all the same.
  }
}

/** What a call prolonged that did not hear of it. Never rejects. */
export async function buryUnheard(parts: RedisParts, places: readonly Place[]): Promise<void> {
  const { core, redis } = parts
  const found = async (): Promise<Extended> => {
    // Not as a read of the cache, which fails where the time of the server cannot be had: none is needed here.
    const reply = await redis.ask(['MGET', ...places.map(({ physicalKey }) => physicalKey)])
    const texts = Array.isArray(reply) ? reply.map(toText) : []
    return places.flatMap((each, i) => toExtended(core, each, texts[i] ?? null))
  }
  try {
    await buryDead(parts, await found(), true)
  } catch {
    // The call has told that Redis fails.
  }
}

/** Only in its own place: what was stored meanwhile is alive. As a fence the tombstone is worth what the entry was. */
async function bury({ core, executor }: RedisParts, { place, line, stamp }: Extended[number]): Promise<void> {
  const args = [line, tombstoneOf(stamp), String(core.settings.fence), String(stamp)]
  await executor.run(FillEntry, { keys: [place.physicalKey], args, signal: undefined })
}
