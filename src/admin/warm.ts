import type { HybridCache } from '../cache.ts'
import { type BatchFactory, toCall } from '../load/index.ts'
import type { EntryOptions } from '../options.ts'
import { partsOf } from '../parts.ts'
import { assertKey } from '../redis/index.ts'
import { wholeNumber } from '../validate.ts'

/** The progress of a {@link warm}. */
export interface WarmProgress {
  /** Keys that are done, those of `loaded` and `failed` included. */
  readonly done: number
  /** Keys that both tiers lacked, and whose value was made. */
  readonly loaded: number
  /** Keys whose batch failed, or whose value could not be made. */
  readonly failed: number
}

/** Options of {@link warm}, and of the entries that it stores. */
export interface WarmOptions extends Omit<EntryOptions, 'signal'> {
  /** How many keys one call of the factory gets at most. Default 100. */
  readonly batchSize?: number | undefined
  /** How many batches are in flight at once. Default 4. */
  readonly concurrency?: number | undefined
  /** Stops before the next batch; the call then rejects with its reason. */
  readonly signal?: AbortSignal | undefined
  /** Called after every batch. */
  readonly onProgress?: ((progress: WarmProgress) => void) | undefined
}

/**
 * Loads what the cache does not hold yet: after a deployment, or before a peak. What either tier has stays as it is, unless
 * `forceRefresh` says otherwise. A batch that fails does not stop the others, and its keys count as failed.
 *
 * Rejects with the reason of the signal, and with a `TypeError` for invalid numbers, a string instead of a collection of keys,
 * and a missing factory. Works without Redis, too.
 * Cost: that of `getOrCreateMany`, once per batch: 1/1 to read, and one request to store.
 *
 * @example
 * ```ts
 * import { createHybridCache } from 'hybrid-cache'
 * import { warm } from 'hybrid-cache/admin'
 *
 * const cache = createHybridCache()
 * const load = async (ids: readonly string[]) => new Map(ids.map((id) => [id, { id }]))
 * const { loaded } = await warm(cache, ['user:1', 'user:2'], load, { ttl: '1h', concurrency: 2 })
 * console.log(loaded)
 * ```
 */
export async function warm<T>(
  cache: HybridCache,
  keys: Iterable<string>,
  factory: BatchFactory<T>,
  options: WarmOptions = {},
): Promise<WarmProgress> {
  const { core, view } = partsOf(cache, 'warm')
  const { batchSize = 100, concurrency = 4, signal, onProgress } = options
  // The signal stops between batches. What else is given may be inherited, or a getter: a copy would lose it.
  const ofEntries = (
    signal === undefined ? options : { __proto__: options, signal: undefined }
  ) as EntryOptions
  wholeNumber(batchSize, 'batchSize')
  wholeNumber(concurrency, 'concurrency')
  // A string is iterable, too.
  if (typeof keys !== 'object' || keys === null)
    throw new TypeError('warm takes an array of keys, or another iterable of them, even for one key')
  if (typeof factory !== 'function')
    throw new TypeError('warm takes a factory: a function that makes the values')
  const unique = new Set(keys)
  for (const key of unique) assertKey(key)
  toCall(core, view, { key: 'any', factory: () => undefined, options: ofEntries }) // what is wrong with them is said at once
  const batches = inBatches(unique, batchSize)
  const progress = { done: 0, loaded: 0, failed: 0 }
  const work = async (): Promise<void> => {
    for (const batch of batches) {
      signal?.throwIfAborted()
      const { loaded, failed } = await warmBatch(cache, batch, factory, ofEntries)
      progress.done += batch.length
      progress.loaded += loaded
      progress.failed += failed
      onProgress?.({ ...progress })
    }
  }
  const length = Math.min(concurrency, Math.ceil(unique.size / batchSize))
  await Promise.all(Array.from({ length }, work))
  return progress
}

async function warmBatch<T>(
  cache: HybridCache,
  keys: readonly string[],
  factory: BatchFactory<T>,
  options: EntryOptions,
): Promise<{ loaded: number; failed: number }> {
  let loaded = 0
  const counted: BatchFactory<T> = async (missing, context) => {
    const values = await factory(missing, context)
    loaded += missing.filter((key) => values.get(key) !== undefined).length
    return values
  }
  try {
    await cache.getOrCreateMany(keys, counted, options)
    return { loaded, failed: 0 }
  } catch {
    return { loaded, failed: keys.length - loaded }
  }
}

/** One iterator that all workers share. */
function* inBatches(keys: Iterable<string>, size: number): Generator<string[]> {
  let batch: string[] = []
  for (const key of keys) {
    batch.push(key)
    if (batch.length === size) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}
