import { toHex } from '../encoding.ts'

const longestPlain = 128

/**
 * An identifier as a part of a key: itself if it is short, well-formed text, else its SHA-256 after a `#`, with which no
 * other begins. Two identifiers never collide, and none is longer than 128 characters.
 */
export function identify(id: string): string | Promise<string> {
  if (typeof id !== 'string' || id === '') throw new TypeError('an identifier must be a non-empty string')
  return id.length <= longestPlain && id.isWellFormed() && !id.startsWith('#') ? id : digest(id)
}

/** Of the UTF-16 code units: UTF-8 cannot encode a lone surrogate. */
async function digest(id: string): Promise<string> {
  const units = Uint16Array.from({ length: id.length }, (_, i) => id.charCodeAt(i))
  return `#${toHex(await crypto.subtle.digest('SHA-256', units))}`
}
