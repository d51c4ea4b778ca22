import {
  CompareAndSwapEntry,
  GetAndExtendEntries,
  type LuaScript,
  SetEntryIfExists,
  SetEntryIfNotExists,
} from '../../lua/index.ts'
import { freshEntry, readable, stampOf, tombstone } from './bytes.ts'
import { announce, type Call, draw, instant, milliseconds, refuse, type Run, version } from './lua.ts'

type Words = readonly string[]
type Outcome = [state: number, version: number, head: string | null]

/** What all conditional writes are given: what to write, and how to judge what is there. */
interface Write {
  readonly counter: string
  readonly log: string | undefined
  readonly value: string
  readonly life: number
  readonly member: string
  readonly floor: number
  readonly dead: string
  readonly fence: number
  /** A channel and a message, or nothing. */
  readonly news: Words
}

type Told = readonly [
  value: string,
  ms: string | undefined,
  member: string,
  floor: string,
  dead: string,
  fence: string,
  ...rest: string[],
]

function checked(
  [, counter = '', log]: Words,
  [value, ms, member, floor, dead = '', fence, ...rest]: Told,
  least: number,
): Write {
  const life = milliseconds(ms, least) ?? refuse('expiration must be whole milliseconds')
  if (life > 0 && !value.startsWith('|')) refuse('value must begin with a bar')
  if (member === undefined || (member === '') === (log !== undefined))
    refuse('there must be a log and a member, or neither')
  return {
    counter,
    log,
    value,
    life,
    member,
    floor: version(floor) ?? refuse('floor must be a version'),
    dead,
    fence: milliseconds(fence, 1) ?? refuse('fence must be whole milliseconds, at least 1'),
    news: rest,
  }
}

/** For scripts whose next word is the header line that the caller vouches for. */
function vouchedFor(given: Write): readonly [Write, vouched: string] {
  const [vouched = refuse('vouched is missing'), ...news] = given.news
  return [{ ...given, news }, vouched]
}

/** The entry under the first key, if nothing is known against it. */
function aliveIn(call: Call, keys: Words, { floor, dead }: Write): string | undefined {
  const [key = '', , , ...stars] = keys
  const [bytes = null, ...cleared] = call<(string | null)[]>('MGET', key, ...stars)
  const stamp = stampOf(bytes)
  if (bytes === null || stamp === undefined || stamp < floor) return undefined
  if (cleared.some((star) => stamp < (Number(star) || 0))) return undefined
  return dead !== '' && bytes.startsWith(dead) ? undefined : bytes
}

/** Whether only the caller can judge the entry: it has tags. */
function isSuspect(head: string, vouched: string): boolean {
  return head !== vouched && !/\|\|[^|\n]*\|[^|\n]*\|[^|\n]*\n$/.test(head)
}

function write(call: Call, key: string, head: string | null, given: Write): Outcome {
  const { counter, log, member, value, life, fence, news } = given
  const drawn = draw(call, counter, log, [member])
  if (drawn === 0) return [-2, 0, head]
  const bytes = life > 0 ? `h1|e|${drawn}${value}` : tombstone(drawn)
  call('SET', key, bytes, 'PX', Math.max(life, fence))
  announce(call, drawn, news)
  return [1, drawn, head]
}

function setIfNotExists(call: Call, keys: Words, [prefix = '', codecs = '', ...told]: Words): Outcome {
  const [key = ''] = keys
  const given = checked(keys, told as unknown as Told, 1)
  const bytes = aliveIn(call, keys, given)
  if (bytes !== undefined) {
    const entry = freshEntry(bytes, { key, prefix, now: instant(call) })
    if (readable(entry, codecs)) return [0, 0, entry.head]
  }
  return write(call, key, null, given)
}

function setIfExists(call: Call, keys: Words, [prefix = '', codecs = '', ...told]: Words): Outcome {
  const [key = ''] = keys
  const [given, vouched] = vouchedFor(checked(keys, told as unknown as Told, 0))
  const bytes = aliveIn(call, keys, given)
  if (bytes === undefined) return [0, 0, null]
  const entry = freshEntry(bytes, { key, prefix, now: instant(call) })
  if (!readable(entry, codecs)) return [0, 0, null]
  return isSuspect(entry.head, vouched) ? [-3, 0, entry.head] : write(call, key, entry.head, given)
}

function compareAndSwap(call: Call, keys: Words, args: Words): Outcome {
  const [key = ''] = keys
  const [prefix = '', codec, text, sha, ...told] = args
  const [given, vouched] = vouchedFor(checked(keys, told as unknown as Told, 0))
  const bytes = aliveIn(call, keys, given)
  if (bytes === undefined) return [-1, 0, null]
  const entry = freshEntry(bytes, { key, prefix, now: instant(call) })
  if (entry === undefined) return [-1, 0, null]
  const isSame = entry.codec === codec && (entry.zip === '' ? entry.payload === text : entry.digest === sha)
  if (!isSame) return [0, 0, entry.head]
  return isSuspect(entry.head, vouched) ? [-3, 0, entry.head] : write(call, key, entry.head, given)
}

function getAndExtend(call: Call, keys: Words, args: Words): (string | null)[] | null {
  const [prefix = '', codecs = '', ms, floorText, fenceText, longestText] = args
  const ttl = milliseconds(ms, 1) ?? refuse('expiration must be whole milliseconds, at least 1')
  const floor = version(floorText)
  const fence = milliseconds(fenceText, 0)
  if (floor === undefined || fence === undefined)
    return refuse('floor must be a version, fence whole milliseconds or 0')
  const longest = milliseconds(longestText, 1) ?? refuse('longest must be whole milliseconds, at least 1')
  if (keys.length > 1000) return refuse('there must be at most 1000 keys')
  const values = call<(string | null)[]>('MGET', ...keys)
  if ((values[0] ?? null) === null) return null
  const now = instant(call)
  const result: (string | null)[] = keys.map(() => null)
  for (const [i, key] of keys.entries()) {
    const found = freshEntry(values[i], { key, prefix, now })
    const entry = (stampOf(values[i]) ?? -1) < floor ? undefined : found
    if (i === 0 && !readable(entry, codecs)) return null
    if (entry === undefined) continue
    const window = Math.max(0, Math.min(entry.stale - entry.fresh, longest - ttl))
    const life = entry.idle === '' ? ttl : Math.min(Number(entry.idle), ttl)
    const instants = [now + life, window > 0 ? now + ttl + window : '', entry.end === '' ? '' : now + ttl]
    const renewed = entry.before + instants.join('|') + entry.after
    call('SET', key, renewed, 'PX', Math.max(1, fence, life + window))
    result[i] = i === 0 ? renewed : renewed.slice(0, renewed.indexOf('\n') + 1)
  }
  return result
}

/** Those of `hybrid-cache/atomic`. */
export const conditional: readonly (readonly [LuaScript, Run])[] = [
  [SetEntryIfNotExists, setIfNotExists],
  [SetEntryIfExists, setIfExists],
  [CompareAndSwapEntry, compareAndSwap],
  [GetAndExtendEntries, getAndExtend],
]
