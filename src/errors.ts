/**
 * What went wrong, as a stable word to switch on.
 *
 * - `L2_TIMEOUT`: Redis did not answer within the deadline (`l2.timeout`).
 * - `L2_NETWORK`: the request failed in transit, with a server error, or with an answer that is not JSON.
 * - `L2_AUTH`: the token was refused, or lacks the right for this command.
 * - `L2_RATE_LIMITED`: a request or bandwidth quota of the database is used up.
 * - `BREAKER_OPEN`: nothing was sent, as recent requests to Redis failed; the message says with which code. Requests go out
 *   again once a probe has succeeded (`breaker`).
 * - `L2_REPLY`: Redis answered this command with an error, or with a reply of the wrong shape; or the server did not return one reply
 *   per command, or more than 64 MiB.
 * - `FACTORY_TIMEOUT`: the factory took longer than the call's `timeout`, or was not called within `timeout` + `l2.timeout`, and there
 *   was no usable stale value.
 * - `SCRIPT`: a Lua script failed; the message says which, at which line, and why.
 * - `SERIALIZE`: the value cannot be turned into text, or not be compressed, or a serializer threw.
 * - `TOO_LARGE`: the encoded value is larger than `maxValueBytes`.
 * - `LOCK_TIMEOUT`: others held the lock for as long as the call waited (`wait`).
 * - `LOCK_LOST`: the reason of a lock's signal: its lease has expired or is about to, or the lock is gone.
 */
export type CacheErrorCode =
  | 'L2_TIMEOUT'
  | 'L2_NETWORK'
  | 'L2_AUTH'
  | 'L2_RATE_LIMITED'
  | 'L2_REPLY'
  | 'FACTORY_TIMEOUT'
  | 'BREAKER_OPEN'
  | 'SCRIPT'
  | 'SERIALIZE'
  | 'TOO_LARGE'
  | 'LOCK_TIMEOUT'
  | 'LOCK_LOST'

const brand = Symbol.for('hybrid-cache.error')

/**
 * Every failure that is not misuse (misuse is a `TypeError`). Its message never holds a key, a value, a URL or a token.
 *
 * @example
 * ```ts
 * import { createHybridCache, fromEnv, isCacheError } from 'hybrid-cache'
 *
 * const cache = createHybridCache({ redis: fromEnv() })
 * try {
 *   await cache.set('greeting', 'hello')
 * } catch (error) {
 *   if (isCacheError(error) && error.retryable) console.warn('try again later:', error.code)
 *   else throw error
 * }
 * ```
 */
export class CacheError extends Error {
  override readonly name = 'CacheError'
  /** What went wrong. */
  readonly code: CacheErrorCode
  /** Whether the same call may succeed later without a change to code or configuration. */
  readonly retryable: boolean

  constructor(code: CacheErrorCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
    Object.defineProperty(this, brand, { value: true })
  }
}

/** The error for a request without an answer, or without a meaningful one. */
export function networkError(message: string): CacheError {
  return new CacheError('L2_NETWORK', message, { retryable: true })
}

/** Whether an error is a `CacheError`, even one from another copy of this package. */
export function isCacheError(error: unknown): error is CacheError {
  return typeof error === 'object' && error !== null && brand in error
}
