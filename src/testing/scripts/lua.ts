// What scripts share: the includes of src/lua, under the same names.
import { RedisReplyError, type Reply } from '../../redis/index.ts'

/** `redis.call`. */
export type Call = <T extends Reply>(name: string, ...words: readonly (string | number)[]) => T

/** A script rewritten in TypeScript. Throws a `RedisReplyError` where the script replies with an error. */
export type Run = (call: Call, keys: readonly string[], args: readonly string[]) => Reply

type Words = readonly string[]
type Text = string | undefined

export function refuse(why: string): never {
  throw new RedisReplyError(`ERR hybrid-cache: ${why}`)
}

export function whole(text: Text, min: number, max: number): number | undefined {
  if (text === undefined || text.length > 16 || !/^(?:0|[1-9]\d*)$/.test(text)) return undefined
  const number = Number(text)
  return number < min || number > max ? undefined : number
}

/** A version: an integer that Lua represents exactly. */
export function version(text: Text): number | undefined {
  return whole(text, 0, Number.MAX_SAFE_INTEGER)
}

export function milliseconds(text: Text, min: number): number | undefined {
  return whole(text, min, 3_155_760_000_000)
}

export function integer(text: Text): number | undefined {
  if (text === undefined || !text.startsWith('-')) return version(text)
  const number = whole(text.slice(1), 1, Number.MAX_SAFE_INTEGER)
  return number === undefined ? undefined : -number
}

/** The words that end a SET. */
export function lifetime(text: Text, mayKeep = false): Words | undefined {
  if (mayKeep && text === 'keep') return ['KEEPTTL']
  if (text === '0') return []
  return milliseconds(text, 1) === undefined ? undefined : ['PX', text ?? '']
}

/** The reply of TIME in milliseconds, or in microseconds. */
export function instant(call: Call): number {
  return Math.floor(microseconds(call) / 1000)
}

export function microseconds(call: Call): number {
  const [seconds = '', micros = ''] = call<string[]>('TIME')
  return Number(seconds) * 1e6 + Number(micros)
}

/** What scripts are given to publish: a channel and a message, or neither. */
export function announce(call: Call, drawn: number, [channel, message = '']: Words): void {
  if (channel !== undefined) call('PUBLISH', channel, `${drawn}${message}`)
}

/** Draws a version, 0 if the counter is not seeded, and adds these members to the log, if there is one. */
export function draw(call: Call, counter: string, log: Text, members: Words): number {
  const drawn = call<number>('INCR', counter)
  if (drawn < 1e12 || drawn > Number.MAX_SAFE_INTEGER) return 0
  if (log === undefined) return drawn
  call('ZADD', log, ...members.flatMap((member) => [String(drawn), member]))
  if (drawn % 256 === 0) call('ZREMRANGEBYSCORE', log, '-inf', drawn - 1024)
  return drawn
}
