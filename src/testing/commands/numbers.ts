import { RedisReplyError } from '../../redis/index.ts'

const most = 2n ** 63n - 1n

export const syntaxError = 'ERR syntax error'
const notWhole = 'ERR value is not an integer or out of range'

/** A word that must be a 64-bit integer. */
export function bigWhole(word: string | undefined): bigint {
  if (!/^(?:0|-?[1-9]\d{0,18})$/.test(word ?? '')) throw new RedisReplyError(notWhole)
  const number = BigInt(word ?? '')
  if (number > most || number < -most - 1n) throw new RedisReplyError(notWhole)
  return number
}

/** The same, for indexes and milliseconds. */
export function whole(word: string | undefined): number {
  return Number(bigWhole(word))
}

/** A 64-bit sum. */
export function add(one: bigint, other: bigint): bigint {
  const sum = one + other
  if (sum <= most && sum >= -most - 1n) return sum
  throw new RedisReplyError('ERR increment or decrement would overflow')
}

/** The time that a key is to live. */
export function lifetime(word: string | undefined, command: string): number {
  const ms = whole(word)
  if (ms > 0) return ms
  throw new RedisReplyError(`ERR invalid expire time in '${command}' command`)
}

/** A range of a list or text, both ends included; negative indexes count from the end. */
export function between(length: number, first: number, last: number): [from: number, to: number] {
  const from = first < 0 ? Math.max(0, length + first) : first
  const to = last < 0 ? length + last : last
  return [from, Math.max(from, to + 1)]
}
