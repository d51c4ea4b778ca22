import type { CacheOptions, HybridCache } from '../../../src/index.ts'

/** Leaves Redis alone after two requests that failed, none of which is sent again. */
export const quick: CacheOptions = { l2: { retries: 0 }, breaker: { failures: 2, open: '5s' } }

/** A read that asks Redis, whatever is in L1. */
export function read(cache: HybridCache): Promise<unknown> {
  return cache.get('k', { l1: false })
}
