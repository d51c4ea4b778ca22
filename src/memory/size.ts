// Rough estimates of memory: what an engine really uses cannot be queried.
import type { CopyFacts } from './store.ts'

/** An entry record and its place in the list, besides the texts of key and value. */
export const entryOverhead = 200
const slot = 16

/** Engines store a string in one byte per character, or in two as soon as one character does not fit. */
export function textBytes(text: string): number {
  return /[\u0100-\uffff]/.test(text) ? text.length * 2 : text.length
}

/** The size of an entry without its value. */
export function bytesBeside(key: string, { etag, modified, tags }: CopyFacts): number {
  let bytes = entryOverhead + textBytes(key) + textBytes(etag) + textBytes(modified)
  for (const tag of tags) bytes += slot + textBytes(tag)
  return bytes
}

/**
 * The size of a value that has no text to measure; `Infinity` if it cannot be told: too deep for the stack, or a getter or
 * a proxy that throws. Every object counts once, so cycles end.
 */
export function estimateBytes(value: unknown): number {
  try {
    return walk(value, new Set())
  } catch {
    return Infinity
  }
}

function walk(value: unknown, seen: Set<object>): number {
  if (typeof value === 'string') return textBytes(value) + slot
  if (typeof value !== 'object' || value === null) return slot
  if (seen.has(value)) return slot
  seen.add(value)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength + slot * 4
  let bytes = slot * 2
  for (const part of itemsOf(value)) bytes += slot + walk(part, seen)
  return bytes
}

function* itemsOf(value: object): Iterable<unknown> {
  if (value instanceof Map) for (const [key, item] of value) yield* [key, item]
  else if (value instanceof Set || Array.isArray(value)) yield* value
  else for (const key of Object.keys(value)) yield* [key, (value as Record<string, unknown>)[key]]
}
