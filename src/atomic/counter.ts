import type { HybridCache } from '../cache.ts'
import { type Duration, spanOf } from '../duration.ts'
import { CacheError } from '../errors.ts'
import { IncrementWithExpiration } from '../lua/index.ts'
import { redisPartsOf } from '../parts.ts'
import { assertKey } from '../redis/index.ts'
import { told } from './told.ts'

/** Options of {@link counter}. */
export interface CounterOptions {
  /** How long it lives from its first increment on; later ones do not extend it. A hundred years at most. Default: until it is reset. */
  readonly ttl?: Duration | undefined
  /** Returns every number as a `bigint`, exact in all 64 bits. Default `false`: numbers, exact below 2^53. */
  readonly bigint?: boolean | undefined
}

/** A number in Redis that many add to. Made by {@link counter}. */
export interface Counter<N extends number | bigint = number> {
  /**
   * Adds `by`, an integer, which may be negative; resolves to the sum. Default 1. Never retried: after an
   * `L2_TIMEOUT` or `L2_NETWORK` it may have been counted.
   * Cost: 1/2; one more command if it starts a `ttl`, and one from 2^53 on (`bigint: true`).
   */
  increment(by?: number | bigint): Promise<N>
  /** Its value; 0 if nothing was counted, or its `ttl` has passed. Cost: 1/1. */
  get(): Promise<N>
  /** Resets it to 0; its `ttl` starts again with the next increment. Cost: 1/1. */
  reset(): Promise<void>
}

const maxInteger = 2n ** 63n - 1n

/**
 * A counter in Redis, `<prefix>:c:<name>`: exact under concurrent increments. L1 is not used. Creating it sends nothing.
 *
 * From 2^53 on, where numbers are no longer exact, calls reject with `L2_REPLY`, although the increment has been applied: pass
 * `bigint: true` for such. What is not a counter, or would exceed 64 bits, rejects with `SCRIPT` or `L2_REPLY` and is not
 * changed. A memory-only cache, a bad `ttl` and a `by` that is not an integer are a `TypeError`.
 *
 * @example
 * ```ts
 * import { createHybridCache, fromEnv } from 'hybrid-cache'
 * import { counter } from 'hybrid-cache/atomic'
 *
 * const cache = createHybridCache({ redis: fromEnv() })
 * const visits = counter(cache, 'visits:2026-01-31', { ttl: '2d' })
 * console.log(await visits.increment())
 * ```
 */
export function counter(
  cache: HybridCache<true>,
  name: string,
  options: CounterOptions & { readonly bigint: true },
): Counter<bigint>
export function counter(
  cache: HybridCache<true>,
  name: string,
  options?: CounterOptions & { readonly bigint?: false | undefined },
): Counter
export function counter(
  cache: HybridCache<true>,
  name: string,
  options: CounterOptions,
): Counter<number | bigint>
export function counter(
  cache: HybridCache<true>,
  name: string,
  options: CounterOptions = {},
): Counter<number | bigint> {
  const { core, view, redis, executor } = redisPartsOf(cache, 'counter')
  assertKey(name)
  const key = view.physicalKey('c', name)
  const ttl = options.ttl === undefined ? 0 : spanOf(options.ttl, 'ttl')
  const exact = (digits: string): number | bigint =>
    options.bigint === true ? BigInt(digits) : safeNumber(digits)
  return {
    increment: async (by = 1) => {
      const run = { keys: [key], args: [amountOf(by), String(ttl)], signal: undefined }
      return told(core, 'counter', async () => {
        const sum: unknown = await executor.run(IncrementWithExpiration, run)
        return exact(digitsOf(typeof sum === 'number' ? String(sum) : (sum ?? '')))
      })
    },
    get: () => told(core, 'counter', async () => exact(digitsOf(await redis.ask(['GET', key])))),
    reset: () => told(core, 'counter', () => redis.remove([key])),
  }
}

function amountOf(by: number | bigint): string {
  const whole = typeof by === 'bigint' ? by : Number.isSafeInteger(by) ? BigInt(by) : undefined
  if (whole !== undefined && whole <= maxInteger && whole >= -maxInteger) return String(whole)
  throw new TypeError('increment takes a whole number: a safe integer, or a bigint of 64 bits')
}

function digitsOf(reply: unknown): string {
  if (reply === null) return '0'
  if (typeof reply === 'string' && /^-?\d{1,19}$/.test(reply)) return reply
  throw new CacheError('L2_REPLY', 'the key holds a value that is not a counter')
}

function safeNumber(digits: string): number {
  const number = Number(digits)
  if (Number.isSafeInteger(number)) return number
  throw new CacheError('L2_REPLY', 'the counter is beyond 2^53: create it with `bigint: true`')
}
