import {
  AcquireFencedLock,
  AcquireLock,
  ExtendLock,
  type LuaScript,
  ReleaseFencedLock,
  ReleaseLock,
} from '../../lua/index.ts'
import { type Call, microseconds, milliseconds, refuse, type Run, version, whole } from './lua.ts'

type Words = readonly string[]

/** The token and time that a lock is asked for with. */
function asked([token, ms]: Words): readonly [token: string, ms: number] {
  if (!token) return refuse('token must not be empty')
  return [token, milliseconds(ms, 1) ?? refuse('timeout must be whole milliseconds, at least 1')]
}

function acquire(call: Call, [key = '']: Words, args: Words): number {
  const [token, ms] = asked(args)
  if (call('SET', key, token, 'NX', 'PX', ms) !== null) return 1
  return call('GET', key) === token ? call<number>('PEXPIRE', key, ms) : 0
}

function extend(call: Call, [key = '']: Words, args: Words): number {
  const [token, ms] = asked(args)
  return call('GET', key) === token ? call<number>('PEXPIRE', key, ms) : 0
}

function release(call: Call, [key = '']: Words, [token]: Words): number {
  if (!token) return refuse('token must not be empty')
  return call('GET', key) === token ? call<number>('DEL', key) : 0
}

/** The holder of a lock, with its number; after a release the state that it was in. */
function heldBy(bytes: string | null): { token?: string | undefined; number?: string; verdict: number } {
  const [, verdict, giver] = /^\|(-?[01])\|([\s\S]+)$/.exec(bytes ?? '') ?? []
  if (giver !== undefined) return { token: giver, number: '', verdict: Number(verdict) }
  const [, number = '', token] = /^(\d*)\|([\s\S]+)$/.exec(bytes ?? '') ?? []
  return { token, number, verdict: 1 }
}

function isHeld(bytes: string | null): boolean {
  return bytes !== null && !bytes.startsWith('|')
}

function acquireFenced(
  call: Call,
  [lock = '', fence = '']: Words,
  args: Words,
): [fence: number, left: number] {
  const [token, ms] = asked(args)
  const [bytes = null, last = null] = call<(string | null)[]>('MGET', lock, fence)
  const holder = heldBy(bytes)
  if (holder.token === token) {
    if (!holder.number) return [0, 0]
    call('PEXPIRE', lock, ms)
    return [Number(holder.number), ms]
  }
  if (isHeld(bytes)) {
    const left = call<number>('PTTL', lock)
    if (left >= 0) return [0, Math.max(1, left)]
  }
  const now = microseconds(call)
  const next = Math.max((whole(last ?? '0', 0, Number.MAX_SAFE_INTEGER - 1) ?? 0) + 1, now)
  call('SET', fence, next, 'PX', Math.ceil((next - now) / 1000) + 3_600_000)
  call('SET', lock, `${next}|${token}`, 'PX', ms)
  return [next, ms]
}

function releaseFenced(call: Call, [lock = '', fence = '']: Words, [token, own]: Words): number {
  const number = version(own)
  if (!token) return refuse('token must not be empty')
  if (number === undefined) return refuse('fence must be a whole number')
  const [bytes = null, last = null] = call<(string | null)[]>('MGET', lock, fence)
  const holder = heldBy(bytes)
  const isMine = holder.token === token
  if (isMine && holder.number === '') return holder.verdict
  if (isHeld(bytes) && !isMine) return -1
  const verdict = isMine ? 1 : (version(last ?? '') ?? 0) > number ? -1 : 0
  call('SET', lock, `|${verdict}|${token}`, 'PX', 60_000)
  return verdict
}

/** Those of locks: the plain ones, and those of `hybrid-cache/lock`. */
export const locks: readonly (readonly [LuaScript, Run])[] = [
  [AcquireLock, acquire],
  [ExtendLock, extend],
  [ReleaseLock, release],
  [AcquireFencedLock, acquireFenced],
  [ReleaseFencedLock, releaseFenced],
]
