import type { HybridCache } from '../cache.ts'
import type { Mark } from '../coherence/index.ts'
import { type Duration, toMilliseconds } from '../duration.ts'
import { GetAndExtendEntries } from '../lua/index.ts'
import type { EntryOptions, ReadOptions } from '../options.ts'
import { type RedisParts, redisPartsOf } from '../parts.ts'
import { admit, deadlineOf, withNews } from '../read/index.ts'
import { assertKey, toText, unexpected } from '../redis/index.ts'
import { report } from '../report.ts'
import { isRequestBound } from '../runtime.ts'
import type { Place } from '../view.ts'
import { checkLifetime, drop } from '../write/index.ts'
import { buryDead, buryUnheard, type Extended, inTime, toExtended } from './bury.ts'

/** Options of {@link getAndExtend}. */
export interface ExtendOptions extends Pick<EntryOptions, 'l1' | 'localTtl' | 'signal'> {
  /** Keys, 999 at most, whose values get the same `ttl`, if the first key has a value. Default none. */
  readonly related?: readonly string[] | undefined
}

const maxRelated = 999

/**
 * The value of a key, or `undefined`; if there is one, it lives for `ttl` from now on, **longer or shorter** than before, as
 * with Redis's `GETEX`. A sliding entry keeps its idle window, which starts again, and `ttl` is its new absolute end; any other
 * keeps its stale window, which moves along, though not beyond `maxTtl` from now on. A stale value counts as none. `related` keys
 * follow, but only if the first has a value; those without one stay without. What was removed or expired by a tag does not come
 * back: if it would live longer than `maxTtl` in all, it is removed for good.
 *
 * Redis is always asked, and L1 keeps the copy with its new life; copies of `related` keys are dropped. Rejects with a `CacheError`
 * if L2 could not be reached, and with a `TypeError` for a `ttl` above `maxTtl` or a memory-only cache.
 * Cost: 1 request; 4 commands and one for every related key that has a value, 3 if what is there counts as no value, 2 if nothing
 * is there. One more request if Redis does not know the script yet; one of one command if the versions of tags are not known (of
 * `related` keys, in the background); in the background one of three for what is removed, and one of one after a call that failed.
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
  const { core, view } = parts
  const { related = [], l1, localTtl, signal } = options
  const reading = { l1, localTtl, signal }
  const keys = keysOf(key, related)
  checkLifetime(core, { ttl, ...(localTtl === undefined ? {} : { localTtl }) })
  signal?.throwIfAborted()
  const { settings, coherence } = core
  const args = [
    settings.keyPrefix,
    core.codec.readable,
    String(toMilliseconds(ttl, 'ttl')),
    String(coherence.versions.cleared),
    String(settings.fence),
    String(settings.maxTtl),
  ]
  const place = view.place(key)
  const places = keys.map((each) => view.place(each))
  const extendedAt = core.settings.clock.now()
  const deadline = deadlineOf(core)
  const before = core.marks.begin(place.localKey)
  let given: Given = { bytes: null, changed: places, extended: [] }
  try {
    given = await extend(parts, { places, args, mark: before, options: reading, deadline })
  } finally {
    core.marks.end(place.localKey, before)
    drop(core, given.changed) // whatever L1 holds, or is about to, has another life
  }
  const mark = core.marks.begin(place.localKey, { since: before, reads: true })
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
      signal,
    } as const
    const value = await admit(core, read, given.bytes)
    if (value === undefined) core.events.emit('miss', { operation: 'getAndExtend' })
    return value as T | undefined
  } catch (error) {
    failed = true
    signal?.throwIfAborted()
    throw report(core, 'getAndExtend', error)
  } finally {
    core.marks.end(place.localKey, mark)
    const left = view.background(buryDead(parts, given.extended, failed))
    // Without a `waitUntil` it would end with the request: as much of it as there is time for.
    if (left !== undefined && isRequestBound() && !failed) await inTime(core, { deadline, view }, left)
  }
}

interface Extending {
  /** Of the key, and of the related ones. */
  readonly places: readonly Place[]
  readonly args: readonly string[]
  /** Of the key. */
  readonly mark: Mark
  readonly options: ReadOptions
  readonly deadline: number
}

/** What Redis made of it. */
interface Given {
  /** Those of the key; `null` if there are none, or none that can be trusted. */
  readonly bytes: string | null
  /** Those whose life is no longer what L1 knows. */
  readonly changed: readonly Place[]
  readonly extended: Extended
}

/** Extends what L2 has. */
async function extend(
  parts: RedisParts,
  { places, args, mark, options, deadline }: Extending,
): Promise<Given> {
  const { core, view, redis, executor } = parts
  const { signal } = options
  try {
    const run = { keys: places.map(({ physicalKey }) => physicalKey), args, signal }
    const send = (): Promise<unknown> => executor.run(GetAndExtendEntries, run)
    const reading = { mark, view, options, deadline, signal }
    const { reply, trusted } = await withNews(core, [reading], () => redis.turn?.then(send) ?? send())
    const texts = textsOf(reply)
    return {
      bytes: trusted ? (texts[0] ?? null) : null,
      changed: texts.length === 0 ? places.slice(0, 1) : places,
      extended: places.flatMap((each, i) => toExtended(core, each, texts[i] ?? null)),
    }
  } catch (error) {
    void view.background(buryUnheard(parts, places))
    throw report(core, 'getAndExtend', error)
  }
}

function textsOf(reply: unknown): readonly (string | null)[] {
  if (reply === null) return []
  if (!Array.isArray(reply)) throw unexpected()
  return reply.map(toText)
}

/** The first key and the others, each once. */
function keysOf(key: string, related: readonly string[]): readonly string[] {
  if (!Array.isArray(related)) throw new TypeError('related must be an array of keys')
  for (const each of [key, ...related]) assertKey(each)
  if (related.length > maxRelated) throw new TypeError(`related takes ${maxRelated} keys at most`)
  return [...new Set([key, ...related])]
}
