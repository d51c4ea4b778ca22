/** A Redis glob pattern as a function: `*`, `?`, `[a-z]`, `[^a]`, and a backslash that escapes. By bytes. */
export function glob(pattern: string): (text: string) => boolean {
  const expression = new RegExp(`^${toRegExp(bytesOf(pattern))}$`, 's')
  return (text) => expression.test(bytesOf(text))
}

/** One character per byte. */
function bytesOf(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('')
}

// As in Redis, an unclosed class ends with the pattern, a backslash in a class escapes only the next character, and the end of a range
// may be anything, even a bracket.
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
  // An empty class matches nothing, a negated empty class everything.
  return parts.length === 0 ? (not === '' ? '(?!)' : '.') : `[${not}${parts.join('')}]`
}
