import type { HybridCache } from '../cache.ts'
import { sha1 } from '../encoding.ts'
import { assertFits } from '../entry/index.ts'
import { CompareAndSwapEntry } from '../lua/index.ts'
import { redisPartsOf } from '../parts.ts'
import { assertKey } from '../redis/index.ts'
import { checkLifetime } from '../write/index.ts'
import { type ConditionalOptions, storeIf } from './store-if.ts'

/**
 * Replaces the value of a key in both tiers only if Redis holds `expected` there, and resolves to whether it did: a
 * read-modify-write never overwrites what another caller wrote in between. `false` for a key without a value, or with an expired
 * one: use `setIfNotExists` there.
 *
 * Values are compared as the text that they are encoded to, before compression: **the order of the keys of an object counts**,
 * and so does the serializer. `expected` is best the very value that was read. L1 is not consulted (read with `l1: false` before
 * you try again); if the value was not stored, L1's copy is dropped.
 *
 * Options and errors are those of `set`; the new value has a life of its own. `undefined`, a memory-only cache and
 * `l2: false` are a `TypeError`. With an `expiresAt` in the past the value is just removed. Never retried: after an
 * `L2_TIMEOUT` or `L2_NETWORK` it may have been stored.
 * Cost: 1 request, which carries both values; 6 commands if it stores, 3 if the value is another, has expired or was ended by a tag, 2 if
 * there is none. If the entry has the expected value, and tags that are not those of `options`, one more request, of 3 commands. One if Redis does
 * not know the script yet, and one, of one command, if this is the first thing that the isolate asks of Redis.
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
    throw new TypeError('undefined is never stored: to write only if there is no value, use setIfNotExists')
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
