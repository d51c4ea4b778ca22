// What calls may reject with, by docs/loading.md and the doc comments.
import { isCacheError } from '../../src/index.ts'
import type { Isolate } from './isolate.ts'
import type { Place } from './reference.ts'

/** What a call may reject with. */
export interface Rejections {
  /** That Redis is out of reach: it writes, or has to ask. */
  readonly redis?: boolean
  /** What its factory throws, or that of the load which it joined; and that this took longer than `timeout`, unless it is 0. */
  readonly load?: { readonly timeout: number }
  /** What it is of, if that is one: it gives a stale value instead where it has one. */
  readonly place?: Place
  /** The reason of this, once it has aborted. */
  readonly signal?: AbortSignal
}

/** What is known of a call that has rejected. */
export interface Rejected {
  readonly isolate: Isolate
  /** When the call began, in the order of all that happens. */
  readonly begun: number
  readonly turn: number
  /** How long it has lasted, in milliseconds. */
  readonly lasted: number
  /** Who threw its error, where that was a factory. */
  readonly thrown: Thrown | undefined
  /** A stale value that it could have given. */
  readonly usable: number | undefined
}

/** An error of a factory. */
export interface Thrown {
  readonly isolate: Isolate
  /** When, in the order of all that happens, and in which turn: whoever comes in the same one may join its load still. */
  readonly at: number
  readonly turn: number
}

export function mayReject(
  error: unknown,
  { redis = false, load, signal }: Rejections,
  { isolate, begun, turn, lasted, thrown, usable }: Rejected,
): boolean {
  if (signal?.aborted === true && error === signal.reason) return true
  if (usable !== undefined) return false
  if (thrown !== undefined)
    return load !== undefined && thrown.isolate === isolate && (thrown.at > begun || thrown.turn === turn)
  if (!isCacheError(error)) return false
  const { code } = error
  if (code === 'FACTORY_TIMEOUT') return load !== undefined && load.timeout > 0 && lasted >= load.timeout
  return redis && ['L2_TIMEOUT', 'L2_NETWORK', 'BREAKER_OPEN'].includes(code)
}
