import { CommitEntry, FillEntry, LeaseEntry, type LuaScript, SlideEntry } from '../../lua/index.ts'
import { fencedAt, fillable, freshEntry, holderOf, readable, stampOf } from './bytes.ts'
import { type Call, instant, milliseconds, refuse, type Run, version } from './lua.ts'

type Words = readonly string[]

/** `undefined` if TIME is to be asked. */
function nowIn(text: string | undefined, why: string): number | undefined {
  return text === '' ? undefined : (version(text) ?? refuse(why))
}

type Lease = [state: number, bytes: string | null, wait: number]

function leaseEntry(call: Call, [entryKey = '', leaseKey = '']: Words, args: Words): Lease {
  const [prefix = '', codecs = '', token, ms, now, newer, known, least] = args
  const life = milliseconds(ms, 1)
  const after = version(newer)
  const stamp = version(known)
  const floor = version(least)
  if (!token) return refuse('token must not be empty')
  if (life === undefined) return refuse('expiration must be whole milliseconds, at least 1')
  const at = nowIn(now, 'now and after must be instants in whole milliseconds')
  if (after === undefined) return refuse('now and after must be instants in whole milliseconds')
  if (stamp === undefined || floor === undefined) return refuse('stamp and floor must be versions')
  const [bytes = null, holder = null] = call<(string | null)[]>('MGET', entryKey, leaseKey)
  if (bytes !== null && (stampOf(bytes) ?? -1) >= floor) {
    const entry = freshEntry(bytes, { key: entryKey, prefix, now: at ?? instant(call) })
    if (readable(entry, codecs) && entry.created > after) return [0, bytes, 0]
  }
  const held = holderOf(holder)
  const isNew = held.token !== undefined && held.heldAt === 0
  const removed = fencedAt(bytes) ?? 0
  const isVoid = !isNew && held.heldAt < Math.max(floor, removed)
  if (holder !== null && held.token !== token && !isVoid) {
    const wait = call<number>('PTTL', leaseKey)
    if (wait >= 0) return [2, bytes, Math.max(1, wait)]
  }
  const seen = stamp === 0 ? 0 : Math.max(stamp, removed)
  call('SET', leaseKey, `${seen}|${token}`, 'PX', life)
  return [1, bytes, life]
}

function fillEntry(call: Call, [key = '']: Words, [seen = '', value = '', ms, known]: Words): number {
  const stamp = version(known)
  const life = milliseconds(ms, 1)
  if (stamp === undefined || life === undefined)
    return refuse('expiration must be whole milliseconds, at least 1, and stamp a version')
  const [bytes = null] = call<(string | null)[]>('MGET', key)
  if (bytes === value) return 1
  if (!fillable(bytes, seen, stamp)) return 0
  call('SET', key, value, 'PX', life)
  return 1
}

function commitEntry(call: Call, [key = '', lease = '']: Words, args: Words): number {
  const [token, seen = '', value = '', ms, known] = args
  if (!token) return refuse('token must not be empty')
  const life = milliseconds(ms, 1) ?? refuse('expiration must be whole milliseconds, at least 1')
  const stamp = version(known) ?? refuse('stamp must be a version')
  const [bytes = null, holder = null] = call<(string | null)[]>('MGET', key, lease)
  const isMine = holderOf(holder).token === token
  let stored = bytes === value
  if (!stored && (isMine || holder === null) && fillable(bytes, seen, stamp)) {
    call('SET', key, value, 'PX', life)
    stored = true
  }
  if (isMine) call('DEL', lease)
  return stored ? 1 : 0
}

function slideEntry(call: Call, [key = '']: Words, [prefix = '', now, ms]: Words): number {
  const fence = milliseconds(ms, 1) ?? refuse('fence must be whole milliseconds, at least 1')
  const given = nowIn(now, 'now must be an instant in whole milliseconds')
  const [bytes = null] = call<(string | null)[]>('MGET', key)
  if (bytes === null) return 0
  const at = given ?? instant(call)
  const entry = freshEntry(bytes, { key, prefix, now: at })
  if (entry === undefined || entry.idle === '' || entry.end === '') return 0
  const fresh = Math.min(at + Number(entry.idle), Number(entry.end))
  if (fresh <= entry.fresh) return entry.fresh - at
  call('SET', key, `${entry.before}${fresh}||${entry.end}${entry.after}`, 'PX', Math.max(fresh - at, fence))
  return fresh - at
}

/** Those of loads, and of the use of a sliding entry. */
export const loads: readonly (readonly [LuaScript, Run])[] = [
  [LeaseEntry, leaseEntry],
  [FillEntry, fillEntry],
  [CommitEntry, commitEntry],
  [SlideEntry, slideEntry],
]
