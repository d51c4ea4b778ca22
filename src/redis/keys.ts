// What the keys in Redis look like. Injective: no two of prefix, namespace, kind and key give the same physical key.

const segment = /^[A-Za-z0-9_.{}-]{1,64}$/
const maxKeyBytes = 1024

/** Throws a `TypeError` unless `key` can be a key: a well-formed string of 1 to 1024 bytes in UTF-8. */
export function assertKey(key: string): void {
  if (typeof key !== 'string')
    throw new TypeError(`a key must be a string, not ${key === null ? 'null' : typeof key}`)
  if (key === '') throw new TypeError('a key must not be empty')
  if (!key.isWellFormed()) throw new TypeError('a key must be well-formed: it holds a lone surrogate')
  // No character takes more than three bytes, so that short keys need no counting.
  if (key.length * 3 > maxKeyBytes && new TextEncoder().encode(key).length > maxKeyBytes) {
    throw new TypeError(`a key must not be longer than ${maxKeyBytes} bytes: hash the long part of it`)
  }
}

/** Throws a `TypeError` unless `name` can be a key prefix or a namespace; `what` is what the error calls it. */
export function assertSegment(name: string, what: string): void {
  if (typeof name === 'string' && segment.test(name)) return
  throw new TypeError(`${what} must be 1 to 64 characters out of letters, digits and _ . { } -`)
}

/** What is kept under a key: `e` an entry, `l` the lease of its load, `c` a counter, `q` a list, `s` what scripts keep there. */
export type KeyKind = 'e' | 'l' | 'c' | 'q' | 's'

/** Where a key is, under the prefix: also what an entry says of itself. */
export function keyAddress(namespace: string | undefined, kind: KeyKind, key: string): string {
  return namespace === undefined ? `${kind}:${key}` : `n:${namespace}:${kind}:${key}`
}

/** One key or many, checked. */
export function listOf(keys: string | readonly string[]): readonly string[] {
  const list = typeof keys === 'string' ? [keys] : keys
  if (!Array.isArray(list)) throw new TypeError('keys must be a string or an array of strings')
  for (const key of list) assertKey(key)
  return list
}
