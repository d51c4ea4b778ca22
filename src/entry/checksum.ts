/** Texts of up to this many characters share one buffer; each takes up to three bytes of it. */
const shared = 16_384
let buffer: Uint8Array<ArrayBuffer> | undefined

/**
 * MurmurHash3 (x86, 32 bits, seed 0) over the UTF-8 of `text` from `start` on, as eight hexadecimal digits. It detects damage, not
 * malice. It takes four bytes at a time, and so a fifth of the time of any sum over characters, which every read from Redis pays.
 * https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp
 */
export function checksum(text: string, start = 0): string {
  const covered = text.slice(start)
  const bytes = bufferFor(covered)
  const { written: length } = new TextEncoder().encodeInto(covered, bytes)
  return murmur3(bytes, length).toString(16).padStart(8, '0')
}

function bufferFor({ length }: string): Uint8Array<ArrayBuffer> {
  if (length <= shared) return (buffer ??= new Uint8Array(3 * shared))
  return new Uint8Array(4 * Math.ceil((3 * length) / 4))
}

/** Over the first `length` bytes. Words are read in the platform's order: little-endian wherever JavaScript runs. */
function murmur3(bytes: Uint8Array<ArrayBuffer>, length: number): number {
  const words = new Uint32Array(bytes.buffer)
  const whole = length >> 2
  let hash = 0
  for (let i = 0; i < whole; i++) {
    hash ^= scramble(words[i] as number)
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  let rest = 0
  for (let i = length - 1; i >= whole * 4; i--) rest = (rest << 8) | (bytes[i] as number)
  hash ^= scramble(rest) ^ length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
}
