import { CacheError, type CacheOptions, type HybridCache } from '../../../src/index.ts'
import type { World } from '../../support/world.ts'

/** Leaves Redis alone after two requests that failed, none of which is sent again. */
export const quick: CacheOptions = { l2: { retries: 0 }, breaker: { failures: 2, open: '5s' } }

/** How a call ended: its value, or the code of its error. */
export function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: unknown) => (error instanceof CacheError ? error.code : error))
}

/** A read that asks Redis, whatever is in L1. */
export function read(cache: HybridCache): Promise<unknown> {
  return cache.get('k', { l1: false })
}

/** Keeps requests unanswered; each heeds its signal, as `fetch` does. */
export function stall(world: World): void {
  world.redis.before = (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    })
}
