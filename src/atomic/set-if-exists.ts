import type { HybridCache } from '../cache.ts'
import { SetEntryIfExists } from '../lua/index.ts'
import { redisPartsOf } from '../parts.ts'
import { type ConditionalOptions, storeIf } from './store-if.ts'

/**
 * Replaces the value of a key in both tiers only if Redis holds one, and resolves to whether it did: an update that never
 * brings back what was removed or has expired. What this cache could not decode, and what another program wrote, counts as
 * none and stays. L1 is not asked; where the value was not stored, its copy goes.
 *
 * Options and errors are those of `set`; the life of the new value is counted anew. A memory-only cache and `l2: false` are a
 * `TypeError`. With an `expiresAt` in the past the value just goes: `true` if there was one. Never sent twice by itself: after
 * an `L2_TIMEOUT` or `L2_NETWORK` it may have been stored.
 * Cost: 1 request; 6 commands where it stores, 3 where what is there counts as none, 2 where nothing is. One request more, of 3
 * commands, where the entry has tags; one more where Redis does not know the script yet, and one (of two commands) where it is the
 * first thing that the isolate asks of Redis.
 *
 * @example
 * ```ts
 * import { createHybridCache, fromEnv } from 'hybrid-cache'
 * import { setIfExists } from 'hybrid-cache/atomic'
 *
 * const cache = createHybridCache({ redis: fromEnv() })
 * const loggedIn = await setIfExists(cache, 'session:42', { user: 'ada', seen: 2 }, { ttl: '1h' })
 * console.log(loggedIn)
 * ```
 */
export async function setIfExists(
  cache: HybridCache<true>,
  key: string,
  value: unknown,
  options: ConditionalOptions = {},
): Promise<boolean> {
  const parts = redisPartsOf(cache, 'setIfExists')
  const args = [parts.core.codec.readable]
  return storeIf(parts, {
    key,
    value,
    options,
    operation: 'setIfExists',
    script: SetEntryIfExists,
    replaces: true,
    args,
  })
}
