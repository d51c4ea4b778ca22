import {
  ExpireEntries,
  InvalidateTags,
  type LuaScript,
  RemoveEntries,
  SeedVersions,
  SetEntry,
} from '../../lua/index.ts'
import { freshEntry, tombstone } from './bytes.ts'
import {
  announce,
  type Call,
  draw,
  lifetime,
  microseconds,
  milliseconds,
  refuse,
  type Run,
  whole,
} from './lua.ts'

type Words = readonly string[]

const fromOne = 'expiration must be whole milliseconds, at least 1'

function seed(call: Call, [counter = '', root = '', log = '']: Words, [member]: Words): number {
  if (!member) return refuse('member must not be empty')
  const [found] = call<(string | null)[]>('MGET', counter)
  const there = whole(found ?? undefined, 1e12, 9e15)
  if (there !== undefined) return there
  const version = microseconds(call)
  call('ZADD', log, version, member)
  call('SET', root, version)
  call('SET', counter, version)
  return version
}

function setEntry(
  call: Call,
  [counter = '', key = '', log]: Words,
  [value, ms, member, ...told]: Words,
): number {
  if (value?.startsWith('|') !== true) return refuse('value must begin with a bar')
  const life = milliseconds(ms, 1) ?? refuse(fromOne)
  if (member === undefined || (member === '') === (log !== undefined))
    return refuse('there must be both a log and a member, or neither')
  const version = draw(call, counter, log, [member])
  if (version === 0) return 0
  call('SET', key, `h1|e|${version}${value}`, 'PX', life)
  announce(call, version, told)
  return version
}

interface Change {
  readonly entries: Words
  readonly log: string | undefined
  readonly members: Words
  /** A channel and a message, or nothing. */
  readonly told: Words
}

/** The words of a change to many entries: with members the log is the last key, and a message may be published. */
function changeOf(keys: Words, words: Words): Change {
  const logged = words.length > 0
  const entries = keys.slice(1, logged ? -1 : undefined)
  if (entries.length < 1 || entries.length > 500) refuse('there must be 1 to 500 entries')
  const told = words.slice(entries.length)
  if (logged && ![0, 2].includes(words.length - entries.length))
    refuse('there must be a member for each entry, or none')
  return { entries, log: logged ? keys.at(-1) : undefined, members: words.slice(0, entries.length), told }
}

function removeEntries(call: Call, keys: Words, [ms, ...words]: Words): number {
  const life = milliseconds(ms, 1) ?? refuse(fromOne)
  const { entries, log, members, told } = changeOf(keys, words)
  const version = draw(call, keys[0] ?? '', log, members)
  if (version === 0) return 0
  for (const key of entries) call('SET', key, tombstone(version), 'PX', life)
  announce(call, version, told)
  return version
}

function expireEntries(call: Call, keys: Words, [ms, prefix, ...words]: Words): number {
  const life = milliseconds(ms, 1) ?? refuse(fromOne)
  if (prefix === undefined) return refuse('prefix is missing')
  const { entries, log, members, told } = changeOf(keys, words)
  const version = draw(call, keys[0] ?? '', log, members)
  if (version === 0) return 0
  const values = call<(string | null)[]>('MGET', ...entries)
  for (const [i, key] of entries.entries()) {
    const expired = expiredBytes(values[i], key, prefix)
    if (expired === undefined) call('SET', key, tombstone(version), 'PX', life)
    else {
      call('SET', key, expired, 'KEEPTTL')
      call('PEXPIRE', key, life, 'GT')
    }
  }
  announce(call, version, told)
  return version
}

/**
 * An entry whose `fresh` is 0, with one more digit where it was, and its end in `end`; `undefined` if there is no room for that.
 */
function expiredBytes(bytes: string | null | undefined, key: string, prefix: string): string | undefined {
  const entry = freshEntry(bytes, { key, prefix, now: -1 })
  if (entry === undefined || !bytes) return undefined
  const { before, freshText, fresh, end, idle, after } = entry
  const zeros = /^0+$/.test(freshText) ? `${freshText}0` : '0'
  if (zeros.length > 16) return undefined
  const ends = end === '' && idle === '' && fresh > 0 ? freshText : end
  const stale = bytes.slice(before.length + freshText.length, bytes.length - after.length - end.length)
  return before + zeros + stale + ends + after
}

function invalidateTags(call: Call, keys: Words, [ms, ...rest]: Words): number {
  const words = lifetime(ms) ?? refuse('expiration must be whole milliseconds, or 0 for none')
  const [counter = '', log, ...tags] = keys
  if (tags.length < 1 || tags.length > 500) return refuse('there must be 1 to 500 tags')
  if (![0, 2].includes(rest.length - tags.length)) return refuse('there must be a member for each tag')
  const version = draw(call, counter, log, rest.slice(0, tags.length))
  if (version === 0) return 0
  for (const tag of tags) call('SET', tag, version, ...words)
  announce(call, version, rest.slice(tags.length))
  return version
}

/** Those that write, remove and expire unconditionally, each with a version of its own. */
export const writes: readonly (readonly [LuaScript, Run])[] = [
  [SeedVersions, seed],
  [SetEntry, setEntry],
  [RemoveEntries, removeEntries],
  [ExpireEntries, expireEntries],
  [InvalidateTags, invalidateTags],
]
