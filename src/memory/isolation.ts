import { type Codec, type Encoded, json } from '../entry/index.ts'

/**
 * Whether a caller that modifies a value can change what the next caller gets.
 *
 * - `clone`: every call gets its own copy, decoded from text. Costs one `JSON.parse` per hit.
 * - `freeze`: plain objects and arrays are decoded once, frozen and shared; values that contain anything else (a Date, a Map)
 *   are cloned, as freezing does not make those immutable.
 * - `share`: every call gets the same object. The fastest; a change to it is seen by all callers.
 */
export type Isolation = 'clone' | 'freeze' | 'share'

/** A value as L1 holds it: itself, or the text that it is decoded from. */
export interface Held {
  value: unknown
  encoded: Encoded | undefined
}

/** `encoded` may be missing only with `share`. */
export function hold(value: unknown, encoded: Encoded | undefined, isolation: Isolation): Held {
  const asItself = isolation === 'share' || isPrimitive(value)
  return asItself ? { value, encoded: undefined } : { value: undefined, encoded }
}

/** The value for one caller; `undefined` if it could not be decoded. */
export function release(held: Held, codec: Codec, isolation: Isolation): unknown {
  const { encoded } = held
  return encoded === undefined ? held.value : decode(held, encoded, { codec, isolation })
}

function decode(
  held: Held,
  encoded: Encoded,
  { codec, isolation }: { codec: Codec; isolation: Isolation },
): unknown {
  const value = codec.decode(encoded)
  if (isolation === 'freeze' && encoded.codec === json && isFrozen(value)) {
    held.value = value
    held.encoded = undefined
  }
  return value
}

/** Functions count as primitive here; none arrives, as no codec makes one. */
function isPrimitive(value: unknown): boolean {
  return value === null || typeof value !== 'object'
}

/** Freezes the result of `JSON.parse`, a tree of plain objects and arrays. One that is too deep for the stack stays as it is. */
function isFrozen(value: unknown): boolean {
  try {
    deepFreeze(value)
    return true
  } catch {
    return false
  }
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const part of Object.values(value)) deepFreeze(part)
  Object.freeze(value)
}
