/** A glob pattern of Redis, as a function: `*`, `?`, `[a-z]`, `[^a]`, and a backslash that takes their meaning off. By bytes. */
export function glob(pattern: string): (text: string) => boolean {
  const expression = new RegExp(`^${toRegExp(bytesOf(pattern))}$`, 's')
  return (text) => expression.test(bytesOf(text))
}

/** One character a byte. */
function bytesOf(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('')
}

// As in Redis, a class that nothing closes ends with the pattern, a backslash in one stands for the next character only, and the end of
// a range may be anything, a bracket too.
const part = /\\([^])|\*+|\?|\[(\^?)((?:\\[^]|[^\]]-[^]|[^\]])*)(?:\]|$)|[^]/g
const member = /\\([^])|([^])-([^])|[^]/g

function toRegExp(pattern: string): string {
  return pattern.replace(part, (text, escaped?: string, not?: string, members?: string) => {
    if (escaped !== undefined) return literal(escaped)
    if (text.startsWith('*')) return '.*'
    if (text === '?') return '.'
    return members === undefined ? literal(text) : oneOf(not ?? '', members)
  })
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
}

function oneOf(not: string, members: string): string {
  const parts = [...members.matchAll(member)].map(([text, escaped, from, to]) => {
    if (from === undefined || to === undefined) return literal(escaped ?? text)
    return [from, to].toSorted().map(literal).join('-')
  })
  // Nothing is one of none, and everything is none of none.
  return parts.length === 0 ? (not === '' ? '(?!)' : '.') : `[${not}${parts.join('')}]`
}
