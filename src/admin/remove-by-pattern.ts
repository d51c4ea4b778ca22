import type { HybridCache } from '../cache.ts'
import { type RedisParts, redisPartsOf } from '../parts.ts'
import {
  chunksOf,
  errorKind,
  type Page,
  RedisReplyError,
  type RedisTier,
  scan,
  toReplyError,
} from '../redis/index.ts'
import { report } from '../report.ts'
import { wholeNumber, wholeNumberWithin } from '../validate.ts'
import { removeEverywhere } from '../write/index.ts'
import { KeyPattern } from './pattern.ts'

/** The progress of a {@link removeByPattern}. */
export interface RemoveProgress {
  /** Keys that matched so far, each counted once. */
  readonly matched: number
  /** Those of them that are removed; 0 in a dry run. */
  readonly removed: number
  /** Steps over the key space so far. */
  readonly pages: number
}

/** Options of {@link removeByPattern}. */
export interface RemoveByPatternOptions {
  /** How many keys Redis scans in one step, and how many are removed together: 1 to 10,000. Default 500. */
  readonly batchSize?: number | undefined
  /** The most keys to remove in this call. Default: all. */
  readonly maxKeys?: number | undefined
  /** Counts, and removes nothing. Default `false`. */
  readonly dryRun?: boolean | undefined
  /** Ends the call between two steps, with its reason; `AbortSignal.timeout(5000)` is a time budget. What is removed stays removed. */
  readonly signal?: AbortSignal | undefined
  /** Called after every step. What it throws ends the call. */
  readonly onProgress?: ((progress: RemoveProgress) => void) | undefined
}

/**
 * Removes all keys of this cache, or of this namespace, that match a pattern, from both tiers, as `remove` does; resolves to how
 * many matched. `*` stands for any text, `?` for one character, a backslash escapes these two and itself; all else is literal.
 * No other namespace is touched, nor the root from within one.
 *
 * **Scans the whole database**, a step at a time: for maintenance, not for requests. What was there all the time is found; what
 * is written meanwhile may stay. Keys that only L1 of this isolate holds are removed too; other isolates learn of those that Redis
 * held, as with `remove`, and keep what only they hold until its `localTtl` ends. A call that stopped halfway (`maxKeys`, `signal`)
 * needs no cursor to go on: what is removed is not found again. Remembers the keys that matched, to count each once; `maxKeys`
 * limits the memory for that, too.
 *
 * Rejects with a `CacheError` if L2 fails, `L2_AUTH` if the token may not scan or read; with a `TypeError` for a pattern that
 * is empty, above 1,088 bytes or ends in a single backslash, and for a memory-only cache.
 * Cost: 1/1 per `batchSize` keys of the database, one more request if some of them match (one per 1,000), of one
 * command for each, and what `remove` costs, `batchSize` keys at a time.
 *
 * @example
 * ```ts
 * import { createHybridCache, fromEnv } from 'hybrid-cache'
 * import { removeByPattern } from 'hybrid-cache/admin'
 *
 * const cache = createHybridCache({ redis: fromEnv() })
 * const removed = await removeByPattern(cache, 'user:*:draft', { signal: AbortSignal.timeout(30_000) })
 * console.log(removed)
 * ```
 */
export async function removeByPattern(
  cache: HybridCache<true>,
  pattern: string,
  options: RemoveByPatternOptions = {},
): Promise<number> {
  const parts = redisPartsOf(cache, 'removeByPattern')
  const keys = new KeyPattern(pattern)
  const { batchSize = 500, maxKeys = Infinity, dryRun = false, signal, onProgress } = options
  wholeNumberWithin(batchSize, 'batchSize', 1, 10_000)
  if (maxKeys !== Infinity) wholeNumber(maxKeys, 'maxKeys')

  const base = parts.view.physicalKey('e', '')
  const matched = new Set<string>()
  let batch: string[] = []
  let removed = 0
  let pages = 0
  let cursor = '0'
  const take = (found: readonly string[]): void => {
    for (const key of found) {
      if (matched.size >= maxKeys || matched.has(key) || !keys.matches(key)) continue
      matched.add(key)
      batch.push(key)
    }
  }
  const wanted = (physicalKey: string): boolean => {
    const key = physicalKey.slice(base.length)
    return physicalKey.startsWith(base) && !matched.has(key) && keys.matches(key)
  }
  const flush = async (): Promise<void> => {
    if (!dryRun) await removeEverywhere(parts.core, parts.view, batch)
    if (!dryRun) removed += batch.length
    batch = []
  }

  signal?.throwIfAborted()
  take(localKeys(parts))
  do {
    const step = { cursor, pattern: keys.forRedis(base), count: batchSize }
    const page: Page = await scanned(parts, step, signal)
    cursor = page.cursor
    pages++
    take(await present(parts, page.keys.filter(wanted), base))
    const last = cursor === '0' || matched.size >= maxKeys
    if (last || batch.length >= batchSize) await flush()
    onProgress?.({ matched: matched.size, removed, pages })
    if (last) break
    signal?.throwIfAborted()
  } while (cursor !== '0')
  return matched.size
}

// How many are read in one request: more would be sent after it, but within the same deadline.
const looksAtOnce = 1000

/** The keys that hold anything but a tombstone, which is what a removal leaves for a while. */
async function present(
  { core, redis }: RedisParts,
  keys: readonly string[],
  base: string,
): Promise<string[]> {
  const found: string[] = []
  try {
    for (const chunk of chunksOf(keys, looksAtOnce)) {
      const gone = await Promise.all(chunk.map((key) => isTombstone(redis, key)))
      found.push(...chunk.filter((_, i) => gone[i] === false))
    }
  } catch (error) {
    throw report(core, 'removeByPattern', error)
  }
  return found.map((key) => key.slice(base.length))
}

async function isTombstone(redis: RedisTier, key: string): Promise<boolean> {
  const reply = await redis.ask(['GETRANGE', key, 0, 4], { raw: true })
  // A key of another type is no entry. Any other error says nothing about the key.
  if (reply instanceof RedisReplyError && errorKind(reply.message) !== 'WRONGTYPE')
    throw toReplyError(reply.message)
  return reply === 'h1|t|'
}

async function scanned(
  { core, redis }: RedisParts,
  step: { cursor: string; pattern: string; count: number },
  signal: AbortSignal | undefined,
): Promise<Page> {
  try {
    return await scan(redis, step, signal)
  } catch (error) {
    throw report(core, 'removeByPattern', error)
  }
}

/** The keys of this namespace that L1 holds. */
function localKeys({ core, view }: RedisParts): string[] {
  const start = view.localKey('')
  return core.local
    .keys()
    .filter((localKey) => localKey.startsWith(start))
    .map((localKey) => localKey.slice(start.length))
    .filter((key) => key.isWellFormed()) // those of another namespace are not
}
