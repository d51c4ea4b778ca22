import type { HybridCache } from '../cache.ts'
import { sha1 } from '../encoding.ts'
import { assertFits } from '../entry/index.ts'
import { CompareAndSwapEntry } from '../lua/index.ts'
import { redisPartsOf } from '../parts.ts'
import { assertKey } from '../redis/index.ts'
import { checkLifetime } from '../write/index.ts'
import { type ConditionalOptions, storeIf } from './store-if.ts'

/**
 * Replaces the value of a key in both tiers only if Redis holds `expected` there, and resolves to whether it did: what was
 * read, changed and is written back never overwrites what somebody else wrote in between. A key without a value, or with one
 * that has expired, is `false`; for it there is `setIfNotExists`.
 *
 * Values are compared as the text that they are encoded to, before compression: **the order of the keys of an object counts**,
 * and so does the serializer. `expected` is best the very value that was read. L1 is not asked (read with `l1: false` before
 * you try again); where the value was not stored, its copy goes.
 *
 * Options and errors are those of `set`; the life of the new value is counted anew. `undefined`, a memory-only cache and
 * `l2: false` are a `TypeError`. With an `expiresAt` in the past the value just goes. Never sent twice by itself: after an
 * `L2_TIMEOUT` or `L2_NETWORK` it may have been stored.
 * Cost: 1 request, which carries both values; 6 commands where it stores, 3 where the value is another, 2 where there is none.
 * One request more, of 3 commands, where the entry has tags; one more where Redis does not know the script yet, and one (of two
 * commands) where it is the first thing that the isolate asks of Redis.
 *
 * @example
 * ```ts
 * import { createHybridCache, fromEnv } from 'hybrid-cache'
 * import { compareAndSwap } from 'hybrid-cache/atomic'
 *
 * const cache = createHybridCache({ redis: fromEnv() })
 * const cart = await cache.get<{ items: string[] }>('cart:42', { l1: false })
 * if (cart !== undefined) {
 *   const swapped = await compareAndSwap(cache, 'cart:42', cart, { items: [...cart.items, 'tea'] }, { ttl: '1h' })
 *   console.log(swapped ? 'done' : 'somebody else was faster: read it again')
 * }
 * ```
 */
export async function compareAndSwap(
  cache: HybridCache<true>,
  key: string,
  expected: unknown,
  next: unknown,
  options: ConditionalOptions = {},
): Promise<boolean> {
  const parts = redisPartsOf(cache, 'compareAndSwap')
  const { core } = parts
  assertKey(key)
  if (expected === undefined)
    throw new TypeError('undefined is never stored: where nothing is expected, use setIfNotExists')
  checkLifetime(core, options)
  const { codec, text } = core.codec.encode(expected)
  assertFits({ codec, text }, core.settings)
  return storeIf(parts, {
    key,
    value: next,
    options,
    operation: 'compareAndSwap',
    script: CompareAndSwapEntry,
    replaces: true,
    args: [codec, text, await sha1(text)],
  })
}
