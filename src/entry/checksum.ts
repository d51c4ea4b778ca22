/**
 * A 32-bit FNV-1a over the UTF-16 units of `text` from `start` on, as eight hexadecimal digits. It finds damage, not
 * malice. FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function checksum(text: string, start = 0): string {
  let hash = 0x811c9dc5
  for (let i = start; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
