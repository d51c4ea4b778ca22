// The form of the keys in Redis. Injective: different prefixes, namespaces, kinds or keys never give the same physical key.

const segment = /^[A-Za-z0-9_.{}-]{1,64}$/
const maxKeyBytes = 1024

/** Throws a `TypeError` unless `key` can be a key: a well-formed string of 1 to 1024 bytes in UTF-8. */
export function assertKey(key: string): void {
  if (typeof key !== 'string')
    throw new TypeError(`a key must be a string, not ${key === null ? 'null' : typeof key}`)
  if (key === '') throw new TypeError('a key must not be empty')
  if (!key.isWellFormed()) throw new TypeError('a key must be well-formed: it holds a lone surrogate')
  // No character takes more than three bytes, so short keys need not be encoded.
  if (key.length * 3 > maxKeyBytes && new TextEncoder().encode(key).length > maxKeyBytes) {
    throw new TypeError(`a key must not be longer than ${maxKeyBytes} bytes: hash the long part of it`)
  }
}

/** Keys given as one or as many. Throws a `TypeError` unless each can be a key. */
export function listOf(keys: string | readonly string[]): readonly string[] {
  const list = typeof keys === 'string' ? [keys] : keys
  if (!Array.isArray(list)) throw new TypeError('keys must be a string or an array of strings')
  for (const key of list) assertKey(key)
  return list
}

/** Throws a `TypeError` unless `name` can be a key prefix or a namespace; `what` is what the error calls it. */
export function assertSegment(name: string, what: string): void {
  if (typeof name === 'string' && segment.test(name)) return
  throw new TypeError(`${what} must be 1 to 64 characters out of letters, digits and _ . { } -`)
}

/** The address of a tag's version. A tag that could be mistaken for the star, the version of everything, is escaped. */
export function tagAddress(namespace: string | undefined, tag: string): string {
  return keyAddress(namespace, 't', /^[*\\]/.test(tag) ? `\\${tag}` : tag)
}

/** The tag whose version is at an address; `undefined` for the star. */
export function tagIn(namespace: string | undefined, address: string): string | undefined {
  if (address === starAddress(namespace)) return undefined
  const tag = address.slice(keyAddress(namespace, 't', '').length)
  return tag.startsWith('\\') ? tag.slice(1) : tag
}

/** The address of the star, the version of everything in a namespace or at the root. */
export function starAddress(namespace: string | undefined): string {
  return keyAddress(namespace, 't', '*')
}

/** The address of a tag's soft version, from that of the hard one. No namespace contains a colon. */
export function softAddress(tag: string): string {
  const start = tag.startsWith('n:') ? tag.indexOf(':', 2) + 1 : 0
  return `${tag.slice(0, start)}x${tag.slice(start + 1)}`
}

/** How many tags an entry may have. */
export const maxTags = 32
const maxTagBytes = 128

/** Throws a `TypeError` unless these can be the tags of an entry, or of one call that invalidates them. */
export function assertTags(tags: readonly string[]): void {
  if (!Array.isArray(tags)) throw new TypeError('tags must be an array of strings')
  if (tags.length > maxTags) throw new TypeError(`an entry or a call takes ${maxTags} tags at most`)
  for (const tag of tags) {
    if (typeof tag !== 'string' || tag === '' || !tag.isWellFormed())
      throw new TypeError('a tag must be a well-formed string that is not empty')
    if (new TextEncoder().encode(tag).length > maxTagBytes)
      throw new TypeError(`a tag must not be longer than ${maxTagBytes} bytes`)
  }
}

/**
 * What is kept under a key: `t` and `x` the versions of a tag, `e` an entry, `l` the lease of its load, `c` a counter, `q` a list,
 * `r` a rate limit, `k` a lock, `f` the number of its last holder, `s` the keys of scripts.
 */
export type KeyKind = 'e' | 't' | 'x' | 'l' | 'c' | 'q' | 'r' | 'k' | 'f' | 's'

/** The address of a key: the physical key without the prefix. The header of an entry repeats it. */
export function keyAddress(namespace: string | undefined, kind: KeyKind, key: string): string {
  return namespace === undefined ? `${kind}:${key}` : `n:${namespace}:${kind}:${key}`
}
