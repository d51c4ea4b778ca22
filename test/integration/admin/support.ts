import { removeByPattern } from '../../../src/admin/index.ts'
import type { HybridCache } from '../../../src/index.ts'

/** Until nothing is found: the cursor of the embedded engine is a position, and skips where something was removed. */
export async function removeAll(
  cache: HybridCache<true>,
  pattern: string,
  options: { batchSize?: number } = {},
): Promise<number> {
  let [sum, found] = [0, 0]
  do sum += found = await removeByPattern(cache, pattern, options)
  while (found > 0)
  return sum
}

/** Those of the keys that Redis still holds. */
export async function remaining(cache: HybridCache, keys: readonly string[]): Promise<string[]> {
  return [...(await cache.getMany(keys, { l1: false })).keys()]
}

/** Stores the keys in Redis alone: what L1 holds is found without asking it. */
export function fill(cache: HybridCache, keys: readonly string[]): Promise<void> {
  return cache.setMany(
    keys.map((key) => [key, key]),
    { l1: false },
  )
}
