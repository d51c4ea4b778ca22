// Patterns over keys: `*` is any text, even none, `?` is one character, a backslash escapes both and itself; everything else is
// literal. Redis's own patterns have more syntax, and count in bytes: so it is asked for a little too much, and its results are
// matched again here.

const anyText = Symbol('*')
const anyCharacter = Symbol('?')
type Token = string | typeof anyText | typeof anyCharacter

const maxPatternBytes = 1088
// Engines differ in how long they take for many stars; after so many the pattern for Redis just ends in one.
const maxStars = 8

/** A pattern over the keys of one namespace. */
export class KeyPattern {
  readonly #tokens: readonly Token[]

  /** Throws a `TypeError` for what cannot be a pattern. */
  constructor(pattern: string) {
    if (typeof pattern !== 'string' || pattern === '' || !pattern.isWellFormed()) {
      throw new TypeError('a pattern must be a well-formed string that is not empty')
    }
    if (new TextEncoder().encode(pattern).length > maxPatternBytes) {
      throw new TypeError(`a pattern must not be longer than ${maxPatternBytes} bytes`)
    }
    this.#tokens = tokensOf(pattern)
  }

  /** A Redis pattern for all physical keys that begin with `base` and match from there on; it may match others, too. */
  forRedis(base: string): string {
    let glob = escapeGlob(base)
    let stars = 0
    for (const [i, token] of this.#tokens.entries()) {
      if (typeof token === 'string') glob += escapeGlob(token)
      else if (token === anyCharacter) glob += '?'
      const next = this.#tokens[i + 1]
      // A character is one byte or more: a star after a run of `?` takes the rest.
      if (typeof token === 'string' || (next !== undefined && typeof next !== 'string')) continue
      glob += '*'
      if (++stars === maxStars) break
    }
    return glob
  }

  /** Whether the whole of a key matches. Takes time in proportion to both lengths at most. */
  matches(key: string): boolean {
    const tokens = this.#tokens
    const text = Array.from(key)
    let at = 0
    let i = 0
    let star = -1 // the last star met, in `tokens`
    let from = 0 // where what follows it is tried, in `text`
    while (i < text.length) {
      const token = tokens[at]
      if (token === anyText) {
        star = at++
        from = i
      } else if (token === anyCharacter || (token !== undefined && token === text[i])) {
        at++
        i++
      } else if (star >= 0) {
        // The last star takes one more character.
        at = star + 1
        i = ++from
      } else return false
    }
    return tokens.slice(at).every((token) => token === anyText)
  }
}

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = []
  const characters = Array.from(pattern)
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] as string
    if (character === '*') tokens.push(anyText)
    else if (character === '?') tokens.push(anyCharacter)
    else if (character !== '\\') tokens.push(character)
    else if (++i < characters.length) tokens.push(characters[i] as string)
    else throw new TypeError('a pattern must not end in a single backslash: write two for one')
  }
  return tokens
}

/** Escapes the characters that are special to Redis. */
function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\^-]/g, '\\$&')
}
