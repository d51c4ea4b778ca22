import type { Verdict } from '../coherence/index.ts'
import { headOf, stampAndTags, tombstoneOf } from '../entry/index.ts'
import type { HybridCache } from '../cache.ts'
import type { Core } from '../core.ts'
import { type Duration, toMilliseconds } from '../duration.ts'
import { askMore, deadlineOf, ended, type Patience } from '../load/deadline.ts'
import { admit } from '../load/lookup.ts'
import { withNews } from '../load/news.ts'
import { drop } from '../load/remove.ts'
import { report } from '../load/report.ts'
import { checkLifetime } from '../load/store.ts'
import { FillEntry, GetAndExtendEntries } from '../lua/index.ts'
import type { EntryOptions } from '../options.ts'
import { type RedisParts, redisPartsOf } from '../parts.ts'
import { assertKey, toText, unexpected } from '../redis/index.ts'
import { isRequestBound } from '../runtime.ts'
import type { Place } from '../view.ts'
import { codecsOf } from './store-if.ts'

/** Options of {@link getAndExtend}. */
export interface ExtendOptions extends Pick<EntryOptions, 'l1' | 'localTtl' | 'signal'> {
  /** Keys, 999 at most, whose values are to live as long, if there is a value under the first. Default none. */
  readonly related?: readonly string[]
}

const maxRelated = 999

/**
 * The value of a key, or `undefined`; where there is one it lives for `ttl` from now on, **longer or shorter** than before, as
 * with Redis's `GETEX`. A sliding entry keeps its idle window, which begins anew, and `ttl` is its new absolute end; any other
 * keeps its stale window, which moves along, though not beyond `maxTtl` from now on. A stale value is none. `related` keys follow, but only if the first has a value;
 * those without one stay without. What a tag has removed or expired does not come back: it goes for good where it would live on for
 * longer than `maxTtl`.
 *
 * Redis is asked always, and L1 keeps the copy with its new life; copies of `related` keys go. Rejects with a `CacheError` where
 * L2 could not be reached, and with a `TypeError` for a `ttl` above `maxTtl` or a memory-only cache.
 * Cost: 1 request; 4 commands and one for every related key that has a value, 3 where what is there counts as none, 2 where
 * nothing is. One request more where Redis does not know the script yet, one of one command where the versions of tags are not
 * known, and one of three for what goes: of `related` keys, and what goes, behind the call. One of one command behind a call that failed.
 *
 * @example
 * ```ts
 * import { createHybridCache, fromEnv } from 'hybrid-cache'
 * import { getAndExtend } from 'hybrid-cache/atomic'
 *
 * const cache = createHybridCache({ redis: fromEnv() })
 * const session = await getAndExtend<{ user: string }>(cache, 'session:42', '30m', { related: ['cart:42'] })
 * console.log(session?.user)
 * ```
 */
export async function getAndExtend<T = unknown>(
  cache: HybridCache<true>,
  key: string,
  ttl: Duration,
  options: ExtendOptions = {},
): Promise<T | undefined> {
  const parts = redisPartsOf(cache, 'getAndExtend')
  const { core, view, executor } = parts
  const { related = [], ...reading } = options
  const keys = keysOf(key, related)
  checkLifetime(core, { ttl, ...(options.localTtl === undefined ? {} : { localTtl: options.localTtl }) })
  options.signal?.throwIfAborted()
  const { settings, coherence } = core
  const args = [
    settings.keyPrefix,
    codecsOf(parts),
    String(toMilliseconds(ttl, 'ttl')),
    String(coherence.versions.cleared),
    String(settings.fence),
    String(settings.maxTtl),
  ]
  const places = keys.map((each) => view.place(each))
  const place = view.place(key)
  const before = core.marks.begin(place.localKey)
  const extendedAt = core.settings.clock.now()
  const deadline = deadlineOf(core)
  let changed: readonly Place[] = places
  let extended: Extended = []
  let bytes: string | null
  try {
    const run = { keys: places.map(({ physicalKey }) => physicalKey), args, signal: options.signal }
    const { reply, trusted } = await withNews(
      core,
      [{ mark: before, view, options: reading, deadline, signal: options.signal }],
      () => executor.run(GetAndExtendEntries, run),
    )
    const texts = textsOf(reply)
    extended = places.flatMap((each, i) => toExtended(core, each, texts[i] ?? null))
    bytes = trusted ? (texts[0] ?? null) : null
    if (texts.length === 0) changed = [place]
  } catch (error) {
    void view.background(buryUnheard(parts, places))
    throw report(core, 'getAndExtend', error)
  } finally {
    core.marks.end(place.localKey, before)
    drop(core, changed) // whatever L1 holds, or is about to, has another life
  }
  const mark = core.marks.begin(place.localKey, before)
  let failed = false
  try {
    const read = {
      place,
      view,
      operation: 'getAndExtend',
      options: reading,
      mark,
      extendedAt,
      deadline,
      signal: options.signal,
    } as const
    const value = await admit(core, read, bytes)
    if (value === undefined) core.events.emit('miss', { operation: 'getAndExtend' })
    return value as T | undefined
  } catch (error) {
    failed = true
    options.signal?.throwIfAborted()
    throw report(core, 'getAndExtend', error)
  } finally {
    core.marks.end(place.localKey, mark)
    const left = view.background(buryDead(parts, extended, failed))
    // Without anybody to keep it alive it would end with the request: as much of it as there is time for.
    if (left !== undefined && isRequestBound() && !failed) await inTime(core, { deadline, view }, left)
  }
}

/** Entries that depend on tags, and have been extended to where these may be known no more. */
type Extended = readonly {
  readonly place: Place
  readonly line: string
  readonly stamp: number
  readonly tags: readonly string[]
}[]

/** What becomes of a tag is known for as long as an entry lives that nobody extends. */
function toExtended({ settings }: Core, place: Place, bytes: string | null): Extended {
  const line = bytes === null ? '' : headOf(bytes)
  const found = stampAndTags(line)
  const outlives = found !== undefined && found.tags.length > 0 && found.life > settings.maxTtl
  return outlives ? [{ place, line, ...found }] : []
}

function textsOf(reply: unknown): readonly (string | null)[] {
  if (reply === null) return []
  if (!Array.isArray(reply)) throw unexpected()
  return reply.map(toText)
}

/**
 * An entry whose tags were invalidated has been extended as well, for no script can tell: it must not outlive what is known of
 * its tags, and goes for good. So does one that they have but expired, since how long it would have been of use is known no more.
 * Behind the call, which does not need it: whoever reads such an entry meanwhile asks for its tags. Never rejects; `failed`: the
 * call has told already that it could not learn of tags.
 */
async function buryDead(parts: RedisParts, extended: Extended, failed: boolean): Promise<void> {
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

async function inTime(core: Core, patience: Patience, work: Promise<void>): Promise<void> {
  try {
    await askMore(core, patience, () => work)
  } catch {
    // The value is there all the same.
  }
}

/** What a call prolonged that did not hear of it. Never rejects. */
async function buryUnheard(parts: RedisParts, places: readonly Place[]): Promise<void> {
  const { core } = parts
  const found = async (): Promise<Extended> => {
    const texts = await core.redis?.readMany(places.map(({ physicalKey }) => physicalKey))
    return places.flatMap((each, i) => toExtended(core, each, texts?.[i] ?? null))
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

/** The first key and the others, each once. */
function keysOf(key: string, related: readonly string[]): readonly string[] {
  if (!Array.isArray(related)) throw new TypeError('related must be an array of keys')
  for (const each of [key, ...related]) assertKey(each)
  if (related.length > maxRelated) throw new TypeError(`related takes ${maxRelated} keys at most`)
  return [...new Set([key, ...related])]
}
