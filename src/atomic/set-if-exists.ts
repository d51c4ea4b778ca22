import type { HybridCache } from '../cache.ts'
import { SetEntryIfExists } from '../lua/index.ts'
import { redisPartsOf } from '../parts.ts'
import { type ConditionalOptions, storeIf } from './store-if.ts'

/**
 * Replaces the value of a key in both tiers only if Redis holds one, and resolves to whether it did: an update that never
 * brings back what was removed, by its key, a tag or `clear` in any isolate, or has expired. What this cache cannot decode, or another
 * program wrote, counts as no value and is left alone. L1 is not consulted; if the value was not stored, L1's copy is dropped.
 *
 * Options and errors are those of `set`; the new value has a life of its own. A memory-only cache and `l2: false` are a
 * `TypeError`. With an `expiresAt` in the past the value is just removed: `true` if there was one. Never retried: after
 * an `L2_TIMEOUT` or `L2_NETWORK` it may have been stored.
 * Cost: 1 request; 6 commands if it stores, 3 if what is there has expired, was ended by a tag or cannot be decoded, 2 if there is no
 * value otherwise. If the entry has tags, and not those of `options`, one more request, of 3 commands. One if Redis does not know the script
 * yet, and one, of one command, if this is the first thing that the isolate asks of Redis.
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
