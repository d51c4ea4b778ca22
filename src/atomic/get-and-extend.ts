import { headOf, stampAndTags, tombstoneOf } from '../entry/index.ts'
import type { HybridCache } from '../cache.ts'
import { type Duration, toMilliseconds } from '../duration.ts'
import { deadlineOf } from '../load/deadline.ts'
import { admit } from '../load/lookup.ts'
import { withNews } from '../load/news.ts'
import { drop } from '../load/remove.ts'
import { report } from '../load/report.ts'
import { checkLifetime } from '../load/store.ts'
import { FillEntry, GetAndExtendEntries } from '../lua/index.ts'
import type { EntryOptions } from '../options.ts'
import { type RedisParts, redisPartsOf } from '../parts.ts'
import { assertKey, toText } from '../redis/index.ts'
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
 * keeps its stale window, which moves along. A stale value is none. `related` keys follow, but only if the first has a value;
 * those without one stay without.
 *
 * Redis is asked always, and L1 keeps the copy with its new life; copies of `related` keys go. Rejects with a `CacheError` where
 * L2 could not be reached, and with a `TypeError` for a `ttl` above `maxTtl` or a memory-only cache.
 * Cost: 1 request; 4 commands and one for every related key that has a value, 3 where what is there counts as none, 2 where
 * nothing is. One request more where Redis does not know the script yet.
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
  const { settings, coherence } = core
  const args = [
    settings.keyPrefix,
    codecsOf(parts),
    String(toMilliseconds(ttl, 'ttl')),
    String(coherence.versions.cleared),
    String(settings.fence),
  ]
  const places = keys.map((each) => view.place(each))
  const place = view.place(key)
  const before = core.marks.begin(place.localKey)
  const extendedAt = core.settings.clock.now()
  const deadline = deadlineOf(core)
  let stale = places
  let bytes: string | null
  try {
    const run = { keys: places.map(({ physicalKey }) => physicalKey), args, signal: options.signal }
    const { reply, trusted } = await withNews(
      core,
      [{ mark: before, view, options: reading, deadline, signal: options.signal }],
      () => executor.run(GetAndExtendEntries, run),
    )
    bytes = trusted ? toText(reply) : null
    if (bytes === null) stale = [place]
  } catch (error) {
    throw report(core, 'getAndExtend', error)
  } finally {
    core.marks.end(place.localKey, before)
    drop(core, stale) // whatever L1 holds, or is about to, has another life
  }
  const mark = core.marks.begin(place.localKey, before)
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
    if (value === undefined) {
      core.events.emit('miss', { operation: 'getAndExtend' })
      await bury(parts, key, bytes)
    }
    return value as T | undefined
  } catch (error) {
    void view.background(buryLater(parts, key, bytes))
    options.signal?.throwIfAborted()
    throw report(core, 'getAndExtend', error)
  } finally {
    core.marks.end(place.localKey, mark)
  }
}

/**
 * An entry whose tags were invalidated has been prolonged as well, for no script can tell: it must not outlive what is known of
 * its tags, and goes for good.
 */
async function bury({ core, view }: RedisParts, key: string, bytes: string | null): Promise<void> {
  const found = bytes === null ? undefined : stampAndTags(bytes)
  if (found === undefined) return
  const place = view.place(key)
  const verdict = core.coherence.versions.judge(found.stamp, place.localKey, view.tagAddresses(found.tags))
  if (verdict !== 'dead') return
  try {
    // Only in its own place: what was stored meanwhile is alive. As a fence it is worth what the entry was.
    await core.executor?.run(FillEntry, {
      keys: [place.physicalKey],
      args: [
        headOf(bytes as string),
        tombstoneOf(found.stamp),
        String(core.settings.fence),
        String(found.stamp),
      ],
      signal: undefined,
    })
  } catch (error) {
    report(core, 'getAndExtend', error)
  }
}

/** The same where its tags were not known in time: behind the call, which has failed. Never rejects. */
async function buryLater(parts: RedisParts, key: string, bytes: string | null): Promise<void> {
  const found = bytes === null ? undefined : stampAndTags(bytes)
  if (found === undefined) return
  try {
    await parts.core.coherence.fetchTags(parts.view.tagAddresses(found.tags))
  } catch {
    return // the call has told of as much
  }
  await bury(parts, key, bytes)
}

/** The first key and the others, each once. */
function keysOf(key: string, related: readonly string[]): readonly string[] {
  if (!Array.isArray(related)) throw new TypeError('related must be an array of keys')
  for (const each of [key, ...related]) assertKey(each)
  if (related.length > maxRelated) throw new TypeError(`related takes ${maxRelated} keys at most`)
  return [...new Set([key, ...related])]
}
