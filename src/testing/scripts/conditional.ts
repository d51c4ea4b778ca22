import {
  CompareAndSwapEntry,
  GetAndExtendEntries,
  type LuaScript,
  SetEntryIfExists,
  SetEntryIfNotExists,
} from '../../lua/index.ts'
import { freshEntry, type FreshEntry, readable, stampOf, tombstone } from './bytes.ts'
import { announce, type Call, draw, instant, milliseconds, refuse, type Run, version } from './lua.ts'

type Words = readonly string[]
type Outcome = [state: number, version: number, tags: string | null]

/** What all conditional writes are given: what to write, and how to judge what is there. */
interface Write {
  readonly counter: string
  readonly log: string | undefined
  readonly value: string
  readonly life: number
  readonly member: string
  readonly floor: number
  readonly stars: number
  readonly tags: string
  readonly tagFloor: number
  readonly fence: number
  /** A channel and a message, or nothing. */
  readonly news: Words
}

type Told = readonly [
  value: string,
  ms: string | undefined,
  member: string,
  floor: string,
  stars: string,
  tags: string | undefined,
  tagFloor: string,
  fence: string,
  ...rest: string[],
]

function checked(
  [, counter = '', log]: Words,
  [value, ms, member, floor, stars, tags = '', tagFloor, fence, ...news]: Told,
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
    stars: version(stars) ?? refuse('stars must be a number of keys'),
    tags,
    tagFloor: version(tagFloor) ?? refuse('tagFloor must be a version'),
    fence: milliseconds(fence, 1) ?? refuse('fence must be whole milliseconds, at least 1'),
    news,
  }
}

interface Found {
  /** Missing if a `clear` has ended it. */
  readonly entry?: FreshEntry
  /** It has tags, and the versions are those of others. */
  readonly otherTags?: boolean
  /** The version that has ended it, 0 if the caller told it. */
  readonly endedBy?: number | undefined
}

/** The entry under the first key, if it is one, and fresh. */
function find(call: Call, keys: Words, prefix: string, given: Write): Found | undefined {
  const { floor, stars, tags, tagFloor } = given
  const [key = '', , , ...versions] = keys
  const [bytes = null, ...found] = call<(string | null)[]>('MGET', key, ...versions)
  const stamp = stampOf(bytes)
  if (stamp === undefined) return undefined
  const cleared = endOf(stamp, found.slice(0, stars), floor)
  if (cleared !== undefined) return { endedBy: cleared }
  const entry = freshEntry(bytes, { key, prefix, now: instant(call) })
  if (entry === undefined || entry.tags === '') return entry && { entry }
  if (entry.tags !== tags) return { entry, otherTags: true }
  return { entry, endedBy: endOf(stamp, found.slice(stars), tagFloor) }
}

function endOf(stamp: number, versions: readonly (string | null)[], floor: number): number | undefined {
  return stamp < floor ? 0 : versions.map((each) => Number(each) || 0).find((each) => stamp < each)
}

function write(call: Call, key: string, given: Write): Outcome {
  const { counter, log, member, value, life, fence, news } = given
  const drawn = draw(call, counter, log, [member])
  if (drawn === 0) return [-2, 0, null]
  const bytes = life > 0 ? `h1|e|${drawn}${value}` : tombstone(drawn)
  call('SET', key, bytes, 'PX', Math.max(life, fence))
  announce(call, drawn, news)
  return [1, drawn, null]
}

function replace(call: Call, key: string, { entry, otherTags, endedBy }: Found, given: Write): Outcome {
  if (otherTags === true) return [-3, 0, entry?.tags ?? null]
  return endedBy === undefined ? write(call, key, given) : [-4, endedBy, null]
}

function setIfNotExists(call: Call, keys: Words, [prefix = '', codecs = '', ...told]: Words): Outcome {
  const [key = ''] = keys
  const given = checked(keys, told as unknown as Told, 1)
  const { entry, otherTags, endedBy } = find(call, keys, prefix, given) ?? {}
  if (readable(entry, codecs)) {
    if (otherTags === true) return [-3, 0, entry.tags]
    if (endedBy === undefined) return [0, 0, null]
  }
  return write(call, key, given)
}

function setIfExists(call: Call, keys: Words, [prefix = '', codecs = '', ...told]: Words): Outcome {
  const [key = ''] = keys
  const given = checked(keys, told as unknown as Told, 0)
  const found = find(call, keys, prefix, given)
  if (found === undefined || (found.entry && !readable(found.entry, codecs))) return [0, 0, null]
  return replace(call, key, found, given)
}

function compareAndSwap(call: Call, keys: Words, args: Words): Outcome {
  const [key = ''] = keys
  const [prefix = '', codec, text, sha, ...told] = args
  const given = checked(keys, told as unknown as Told, 0)
  const found = find(call, keys, prefix, given)
  if (found === undefined) return [-1, 0, null]
  const isSame = ({ codec: own, zip, payload, digest }: FreshEntry): boolean =>
    own === codec && (zip === '' ? payload === text : digest === sha)
  if (found.entry && !isSame(found.entry)) return [0, 0, null]
  return replace(call, key, found, given)
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
