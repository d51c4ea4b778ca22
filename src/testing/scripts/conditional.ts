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
  fence: string,
  ...rest: string[],
]

function checked(
  [, counter = '', log]: Words,
  [value, ms, member, floor, stars, tags = '', fence, ...news]: Told,
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
    fence: milliseconds(fence, 1) ?? refuse('fence must be whole milliseconds, at least 1'),
    news,
  }
}

interface Found {
  readonly entry: FreshEntry
  /** It has tags, and the versions are those of others. */
  readonly otherTags: boolean
  readonly endedByTag: boolean
}

/** The entry under the first key, if it is fresh and no `clear` has ended it. */
function find(call: Call, keys: Words, prefix: string, { floor, stars, tags }: Write): Found | undefined {
  const [key = '', , , ...versions] = keys
  const [bytes = null, ...found] = call<(string | null)[]>('MGET', key, ...versions)
  const stamp = stampOf(bytes) ?? -1
  const isBelow = (other: string | null): boolean => stamp < (Number(other) || 0)
  if (stamp < floor || found.slice(0, stars).some(isBelow)) return undefined
  const entry = freshEntry(bytes, { key, prefix, now: instant(call) })
  if (entry === undefined) return undefined
  const hasTags = entry.tags !== ''
  return {
    entry,
    otherTags: hasTags && entry.tags !== tags,
    endedByTag: hasTags && found.slice(stars).some(isBelow),
  }
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

/** `none`: what is answered for an entry that has ended. */
function replace(
  call: Call,
  key: string,
  { found, given, none }: { found: Found; given: Write; none: number },
): Outcome {
  if (found.otherTags) return [-3, 0, found.entry.tags]
  return found.endedByTag ? [none, 0, null] : write(call, key, given)
}

function setIfNotExists(call: Call, keys: Words, [prefix = '', codecs = '', ...told]: Words): Outcome {
  const [key = ''] = keys
  const given = checked(keys, told as unknown as Told, 1)
  const found = find(call, keys, prefix, given)
  if (found !== undefined && readable(found.entry, codecs)) {
    if (found.otherTags) return [-3, 0, found.entry.tags]
    if (!found.endedByTag) return [0, 0, null]
  }
  return write(call, key, given)
}

function setIfExists(call: Call, keys: Words, [prefix = '', codecs = '', ...told]: Words): Outcome {
  const [key = ''] = keys
  const given = checked(keys, told as unknown as Told, 0)
  const found = find(call, keys, prefix, given)
  if (found === undefined || !readable(found.entry, codecs)) return [0, 0, null]
  return replace(call, key, { found, given, none: 0 })
}

function compareAndSwap(call: Call, keys: Words, args: Words): Outcome {
  const [key = ''] = keys
  const [prefix = '', codec, text, sha, ...told] = args
  const given = checked(keys, told as unknown as Told, 0)
  const found = find(call, keys, prefix, given)
  if (found === undefined) return [-1, 0, null]
  const { entry } = found
  const isSame = entry.codec === codec && (entry.zip === '' ? entry.payload === text : entry.digest === sha)
  return isSame ? replace(call, key, { found, given, none: -1 }) : [0, 0, null]
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
