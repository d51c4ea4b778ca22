import { type Codec, type Encoded, json } from '../entry/index.ts'

/**
 * What a caller may do to a value that it got, without changing what the next caller gets.
 *
 * - `clone`: every call gets its own copy, decoded from text. Costs one `JSON.parse` a hit.
 * - `freeze`: plain objects and arrays are decoded once, frozen and shared; values that hold anything else (a Date, a Map)
 *   are cloned, for freezing does not keep those from changing.
 * - `share`: every call gets the same object. The fastest; whoever changes it changes it for everybody.
 */
export type Isolation = 'clone' | 'freeze' | 'share'

/** A value as L1 holds it: itself, or the text that it is decoded from. */
export interface Held {
  value: unknown
  encoded: Encoded | undefined
}

/** `encoded` may be missing under `share` only. */
export function hold(value: unknown, encoded: Encoded | undefined, isolation: Isolation): Held {
  const asItself = isolation === 'share' || isPrimitive(value)
  return asItself ? { value, encoded: undefined } : { value: undefined, encoded }
}

/** The value for one caller; `undefined` where it could not be decoded. */
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

/** Functions count as primitive here; no codec makes one, so that none arrives. */
function isPrimitive(value: unknown): boolean {
  return value === null || typeof value !== 'object'
}

/** Freezes what `JSON.parse` made, a tree of plain objects and arrays. One that is deeper than the stack stays as it is. */
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
