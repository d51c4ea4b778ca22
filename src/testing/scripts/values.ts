import {
  AppendToLimitedList,
  CompareAndDelete,
  CompareAndSwap,
  DeleteByPattern,
  GetAndExtendExpiration,
  GetAndRefreshRelated,
  GetMultiple,
  type LuaScript,
  SetIfExists,
  SetIfNotExists,
  SetMultiple,
} from '../../lua/index.ts'
import { type Call, lifetime, milliseconds, refuse, type Run, whole } from './lua.ts'

const fromOne = 'expiration must be whole milliseconds, at least 1'
const orNone = 'expiration must be whole milliseconds, or 0 for none'
const orKeep = 'expiration must be whole milliseconds, 0 for none, or keep'

function compareAndSwap(
  call: Call,
  [key = '']: readonly string[],
  [expected, value = '', ms]: readonly string[],
): number {
  const words = lifetime(ms, true) ?? refuse(orKeep)
  const found = call<string | null>('GET', key)
  if (found === null) return -1
  if (found !== expected) return 0
  call('SET', key, value, ...words)
  return 1
}

function compareAndDelete(call: Call, [key = '']: readonly string[], [expected]: readonly string[]): number {
  if (expected === undefined) refuse('expected is missing')
  const found = call<string | null>('GET', key)
  if (found === null) return -1
  return found === expected ? call<number>('DEL', key) : 0
}

function setMultiple(call: Call, keys: readonly string[], args: readonly string[]): number {
  if (keys.length === 0 || args.length !== keys.length + 1)
    refuse('there must be one value for each key, and then the expiration')
  const ms = args.at(-1) ?? ''
  const pairs = keys.map((key, i) => [key, args[i] ?? ''] as const)
  if ((milliseconds(ms, 0) ?? refuse(orNone)) > 0)
    for (const [key, value] of pairs) call('SET', key, value, 'PX', ms)
  else for (let i = 0; i < pairs.length; i += 500) call('MSET', ...pairs.slice(i, i + 500).flat())
  return keys.length
}

function getMultiple(call: Call, keys: readonly string[]): (string | null)[] {
  const values: (string | null)[] = []
  for (let i = 0; i < keys.length; i += 1000)
    values.push(...call<(string | null)[]>('MGET', ...keys.slice(i, i + 1000)))
  return values
}

function getAndRefresh(
  call: Call,
  [first = '', ...related]: readonly string[],
  [ms]: readonly string[],
): string | null {
  const life = milliseconds(ms, 1) ?? refuse(fromOne)
  const value = call<string | null>('GETEX', first, 'PX', life)
  if (value !== null) for (const key of related) call('PEXPIRE', key, life)
  return value
}

function append(
  call: Call,
  [key = '']: readonly string[],
  [value = '', size, ms]: readonly string[],
): number {
  const most = whole(size, 1, 4_294_967_295)
  const life = milliseconds(ms, 0)
  if (most === undefined) return refuse('max size must be a whole number, at least 1')
  if (life === undefined) return refuse(orNone)
  const length = call<number>('RPUSH', key, value)
  if (length === 1 && life > 0) call('PEXPIRE', key, life)
  if (length <= most) return length
  call('LTRIM', key, -most, -1)
  return most
}

function deleteByPattern(
  call: Call,
  [pattern = '']: readonly string[],
  [batchSize, cursor = '0']: readonly string[],
): [string, number] {
  const count = whole(batchSize, 1, 10_000) ?? refuse('batch size must be a whole number, 1 to 10000')
  if (!/^\d{1,20}$/.test(cursor)) refuse('cursor must be one that this script gave')
  const { length } = new TextEncoder().encode(pattern)
  if (length === 0 || length > 1088) refuse('pattern must have 1 to 1088 bytes')
  const [next, found] = call<[string, string[]]>('SCAN', cursor, 'MATCH', pattern, 'COUNT', count)
  let deleted = 0
  for (let i = 0; i < found.length; i += 1000) deleted += call<number>('UNLINK', ...found.slice(i, i + 1000))
  return [next, deleted]
}

/** Those on plain values. */
export const values: readonly (readonly [LuaScript, Run])[] = [
  [
    SetIfNotExists,
    (call, [key = ''], [value = '', ms]) =>
      call('SET', key, value, 'NX', ...(lifetime(ms) ?? refuse(orNone))) === null ? 0 : 1,
  ],
  [
    SetIfExists,
    (call, [key = ''], [value = '', ms]) =>
      call('SET', key, value, 'XX', ...(lifetime(ms, true) ?? refuse(orKeep))) === null ? 0 : 1,
  ],
  [CompareAndSwap, compareAndSwap],
  [CompareAndDelete, compareAndDelete],
  [SetMultiple, setMultiple],
  [GetMultiple, getMultiple],
  [
    GetAndExtendExpiration,
    (call, [key = ''], [ms]) => call('GETEX', key, 'PX', milliseconds(ms, 1) ?? refuse(fromOne)),
  ],
  [GetAndRefreshRelated, getAndRefresh],
  [AppendToLimitedList, append],
  [DeleteByPattern, deleteByPattern],
]
