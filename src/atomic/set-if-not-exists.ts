import type { HybridCache } from '../cache.ts'
import { SetEntryIfNotExists } from '../lua/index.ts'
import { redisPartsOf } from '../parts.ts'
import { type ConditionalOptions, storeIf } from './store-if.ts'

/**
 * Stores a value in both tiers only if Redis holds none under the key, and resolves to whether it did: of many concurrent
 * callers one wins. What has expired, what was ended by a tag or `clear` in any isolate, what this cache cannot decode, and what another
 * program wrote count as no value, and are replaced. L1 is not consulted; if the value was not stored, L1's copy is dropped, so that the
 * next read gets what is there.
 *
 * Options and errors are those of `set`; a memory-only cache and `l2: false` are a `TypeError`. An `expiresAt` in the past
 * stores nothing: `false`. Never retried: after an `L2_TIMEOUT` or `L2_NETWORK` it may have been stored.
 * Cost: 1 request; 5 commands, 6 over an entry that has expired, was ended by a tag or cannot be decoded, 3 if there is a value. If the
 * entry has tags, and not those of `options`, one more request, of 3 commands. One if Redis does not know the script yet, and one, of one
 * command, if this is the first thing that the isolate asks of Redis.
 *
 * @example
 * ```ts
 * import { createHybridCache, fromEnv } from 'hybrid-cache'
 * import { setIfNotExists } from 'hybrid-cache/atomic'
 *
 * const cache = createHybridCache({ redis: fromEnv() })
 * if (await setIfNotExists(cache, 'welcome-mail:42', true, { ttl: '1d' })) console.log('send it')
 * ```
 */
export async function setIfNotExists(
  cache: HybridCache<true>,
  key: string,
  value: unknown,
  options: ConditionalOptions = {},
): Promise<boolean> {
  const parts = redisPartsOf(cache, 'setIfNotExists')
  const args = [parts.core.codec.readable]
  return storeIf(parts, {
    key,
    value,
    options,
    operation: 'setIfNotExists',
    script: SetEntryIfNotExists,
    replaces: false,
    args,
  })
}
