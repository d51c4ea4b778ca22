import { CacheError, networkError } from '../../errors.ts'
import { type Command, RedisReplyError, type Reply } from '../../redis/index.ts'

const pairing = new Set<unknown>(['WITHSCORES', 'WITHVALUES'])

/** A client's reply to a command, in the form of RESP2 and REST: members with their scores are one flat list. */
export function replyTo(command: Command, value: unknown): Reply | RedisReplyError {
  const paired = /^[HZ]/i.test(String(command[0])) && command.some((argument) => pairing.has(argument))
  return toReply(paired && Array.isArray(value) && value.every(Array.isArray) ? value.flat() : value)
}

/**
 * A client's reply in the form of RESP2 and REST: booleans are 1 and 0, doubles and big numbers text, maps flat lists. Throws
 * if it is no reply of Redis, which makes the whole batch fail.
 */
function toReply(value: unknown): Reply | RedisReplyError {
  if (typeof value === 'string' || value === null) return value
  if (typeof value === 'number') return toNumber(value)
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Error) return toError(value)
  if (Array.isArray(value) || value instanceof Set) return toList([...value])
  if (value instanceof Map) return toList([...value].flat())
  if (value instanceof Uint8Array) return new TextDecoder('utf-8', { ignoreBOM: true }).decode(value)
  throw new CacheError('L2_REPLY', 'the Redis client gave a reply of an unknown kind')
}

// Clients read an integer digit by digit into a number, and one of them passes the number by up to 57 on the way: near 2^53
// already, what it gives may be off by one.
const exactBelow = 2 ** 53 - 64

function toNumber(value: number): Reply | RedisReplyError {
  if (!Number.isInteger(value)) return String(value)
  if (Math.abs(value) < exactBelow) return value
  // Which integer it was is lost: a wrong one is worse than none.
  return new RedisReplyError('ERR the reply is an integer beyond 2^53')
}

/** An error inside a list (of `EXEC`) has no place there: it stands for the reply as a whole. */
function toList(items: readonly unknown[]): Reply | RedisReplyError {
  const replies = items.map(toReply)
  return replies.find((reply) => reply instanceof RedisReplyError) ?? (replies as Reply[])
}

const errorClasses = new Set(['ReplyError', 'ErrorReply'])
// Bundlers rename classes. The errors of sockets and clients begin otherwise, or have a code.
const kindPattern = /^[A-Z][A-Z0-9_]+(?: |$)/

function toError(error: Error): RedisReplyError {
  if (!isFromRedis(error) && (hasCode(error) || !kindPattern.test(error.message))) throw failed()
  return new RedisReplyError(error.message)
}

function isFromRedis(error: Error): boolean {
  for (let at: unknown = error; at instanceof Error; at = Object.getPrototypeOf(at)) {
    if (errorClasses.has(at.constructor.name)) return true
  }
  return false
}

function hasCode(error: Error): boolean {
  return 'code' in error && error.code !== undefined
}

/** No answer to the batch, or to a part of it: which commands have run is unknown. Clients' own errors hold commands and hosts. */
export function failed(): CacheError {
  return networkError('the connection to Redis failed')
}
