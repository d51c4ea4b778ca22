import { parseEntry } from '../../src/entry/header.ts'
import {
  AcquireFencedLock,
  CommitEntry,
  CompareAndDelete,
  ExpireEntries,
  ExtendLock,
  FillEntry,
  InvalidateTags,
  LeaseEntry,
  type LuaScript,
  ReleaseFencedLock,
  RemoveEntries,
  SeedVersions,
  SetEntry,
  SlideEntry,
} from '../../src/lua/index.ts'
import type { Reply } from '../../src/index.ts'

/** What the scripts of a load do to a database. */
export interface Keyspace {
  get(key: string): string | null
  set(key: string, value: string, ms: number): void
  delete(key: string): void
  left(key: string): number
  now(): number
  increase(key: string): number
  score(key: string, members: readonly string[], score: number): void
  /** Forgets the members of a sorted set up to a score. */
  trim(key: string, max: number): void
}

type Run = (db: Keyspace, keys: readonly string[], args: readonly string[]) => Reply

/** The version of a tombstone, 0 for all else. */
function fencedAt(bytes: string | null): number {
  return Number(/^h1\|t\|(\d{1,16})\n$/.exec(bytes ?? '')?.[1] ?? 0)
}

function holderOf(lease: string | null): { stamp: number; token: string | undefined } {
  const [, stamp = '0', token] = /^(\d{1,16})\|([\s\S]*)$/.exec(lease ?? '') ?? []
  return { stamp: Number(stamp), token }
}

type Fill = readonly [seen: string, value: string, ms: string, stamp: string]

function fill(db: Keyspace, key: string, [seen, value, ms, stamp]: Fill): boolean {
  const bytes = db.get(key)
  if (bytes === value) return true
  const version = fencedAt(bytes)
  const past = version > 0 && version <= Number(stamp)
  if (bytes && !past && (seen === '' || !bytes.startsWith(seen))) return false
  db.set(key, value, Number(ms))
  return true
}

/** Draws a version, tells the log, and writes what `write` makes of it. */
function draw(
  db: Keyspace,
  [key, log]: readonly [string, string | undefined],
  members: readonly string[],
  write: (version: number) => void,
): number {
  const version = db.increase(key)
  if (version < 1e12) return 0
  if (log !== undefined) db.score(log, members, version)
  if (log !== undefined && version % 256 === 0) db.trim(log, version - 1024)
  write(version)
  return version
}

/** Draws a version for entries, behind which the log stands where there are members. */
function drawForAll(
  db: Keyspace,
  [key = '', ...rest]: readonly string[],
  members: readonly string[],
  write: (entry: string, version: number) => void,
): number {
  const log = members.length > 0 ? rest.pop() : undefined
  return draw(db, [key, log], members, (version) => {
    for (const entry of rest) write(entry, version)
  })
}

/** An entry with its `fresh` at 0, in one digit more where it was; `undefined` for all else. */
function expired(bytes: string | null): string | undefined {
  if (bytes === null || parseEntry(bytes) === undefined) return undefined
  const [line = '', start = '', fresh = ''] = /^(h1\|e\|\d*\|\d+\|)(\d+)/.exec(bytes) ?? []
  const zeros = /^0+$/.test(fresh) ? `${fresh}0` : '0'
  return zeros.length > 16 ? undefined : `${start}${zeros}${bytes.slice(line.length)}`
}

/** Who has a lock, and with which number; none where it was given back. */
function lockedBy(bytes: string | null): { fence: string; token: string | undefined; held: boolean } {
  const [, fence = '', token] = /^(\d*)\|([\s\S]+)$/.exec(bytes ?? '') ?? []
  return { fence, token, held: bytes !== null && !bytes.startsWith('|') }
}

const lockRuns: readonly (readonly [LuaScript, Run])[] = [
  [
    AcquireFencedLock,
    (db, [lock = '', number = ''], [token = '', ms = '']) => {
      const holder = lockedBy(db.get(lock))
      if (holder.token === token && !holder.held) return [0, 0]
      if (holder.held && holder.token !== token) return [0, Math.ceil(db.left(lock))]
      const next = Math.max(Number(db.get(number)) + 1, Math.floor(db.now() * 1000))
      const fence = holder.held ? Number(holder.fence) : next
      if (!holder.held) db.set(number, String(fence), Math.ceil(fence / 1000 - db.now()) + 3_600_000)
      db.set(lock, `${fence}|${token}`, Number(ms))
      return [fence, Number(ms)]
    },
  ],
  [
    ExtendLock,
    (db, [lock = ''], [token = '', ms = '']) => {
      if (db.get(lock) !== token) return 0
      db.set(lock, token, Number(ms))
      return 1
    },
  ],
  [
    ReleaseFencedLock,
    (db, [lock = '', number = ''], [token = '', fence = '']) => {
      const holder = lockedBy(db.get(lock))
      const mine = holder.token === token
      if (mine && !holder.held) return 1
      if (holder.held && !mine) return -1
      db.set(lock, `|${token}`, 60_000)
      if (mine) return 1
      return Number(db.get(number)) > Number(fence) ? -1 : 0
    },
  ],
]

const runs: readonly (readonly [LuaScript, Run])[] = [
  ...lockRuns,
  [
    LeaseEntry,
    (db, [entry = '', lease = ''], args) => {
      const [, codecs = '', token = '', ms = '', now = '', after = '', stamp = '', floor = ''] = args
      const bytes = db.get(entry)
      const header = bytes === null ? undefined : parseEntry(bytes)?.header
      const fresh = header !== undefined && header.fresh > (now === '' ? db.now() : Number(now))
      const alive = fresh && header.stamp >= Number(floor)
      if (alive && codecs.includes(`,${header.codec},`) && header.created > Number(after))
        return [0, bytes, 0]
      const holder = db.get(lease)
      const held = holderOf(holder)
      const isVoid = held.stamp < Math.max(Number(floor), fencedAt(bytes))
      if (holder !== null && held.token !== token && !isVoid) return [2, bytes, db.left(lease)]
      db.set(lease, `${stamp}|${token}`, Number(ms))
      return [1, bytes, Number(ms)]
    },
  ],
  [
    FillEntry,
    (db, [entry = ''], [seen = '', value = '', ms = '', stamp = '']) =>
      fill(db, entry, [seen, value, ms, stamp]) ? 1 : 0,
  ],
  [
    CommitEntry,
    (db, [entry = '', lease = ''], [token, seen = '', value = '', ms = '', stamp = '']) => {
      const holder = db.get(lease)
      const mine = holderOf(holder).token === token
      const stored =
        db.get(entry) === value || ((holder === null || mine) && fill(db, entry, [seen, value, ms, stamp]))
      if (mine) db.delete(lease)
      return stored ? 1 : 0
    },
  ],
  [
    CompareAndDelete,
    (db, [key = ''], [token]) => {
      if (db.get(key) !== token) return 0
      db.delete(key)
      return 1
    },
  ],
  [
    SeedVersions,
    (db, [key = '', root = '', log = ''], [member = '']) => {
      const there = Number(db.get(key))
      if (there >= 1e12) return there
      const version = Math.floor(db.now() * 1000)
      db.score(log, [member], version)
      for (const each of [root, key]) db.set(each, String(version), Number.POSITIVE_INFINITY)
      return version
    },
  ],
  [
    SetEntry,
    (db, [key = '', entry = '', log], [value = '', ms = '', member = '']) =>
      draw(db, [key, log], [member], (version) => db.set(entry, `h1|e|${version}${value}`, Number(ms))),
  ],
  [
    RemoveEntries,
    (db, keys, [ms = '', ...members]) =>
      drawForAll(db, keys, members, (entry, version) => db.set(entry, `h1|t|${version}\n`, Number(ms))),
  ],
  [
    InvalidateTags,
    (db, [key = '', log = '', ...tags], [ms, ...members]) =>
      draw(db, [key, log], members, (version) => {
        for (const tag of tags) db.set(tag, String(version), Number(ms) || Number.POSITIVE_INFINITY)
      }),
  ],
  [
    ExpireEntries,
    (db, keys, [ms = '', , ...members]) =>
      drawForAll(db, keys, members, (entry, version) => {
        const bytes = expired(db.get(entry))
        if (bytes === undefined) db.set(entry, `h1|t|${version}\n`, Number(ms))
        else db.set(entry, bytes, Math.max(db.left(entry), Number(ms)))
      }),
  ],
  [
    SlideEntry,
    (db, [key = ''], [, now = '', fence = '']) => {
      const bytes = db.get(key)
      const header = bytes === null ? undefined : parseEntry(bytes)?.header
      const at = now === '' ? db.now() : Number(now)
      if (bytes === null || header === undefined || header.fresh <= at || header.idle === 0) return 0
      const fresh = Math.min(at + header.idle, header.end)
      if (fresh <= header.fresh) return fresh - at
      const renewed = bytes.replace(/^(h1\|e\|\d*\|\d+\|)\d+/, `$1${fresh}`)
      db.set(key, renewed, Math.max(fresh - at, Number(fence)))
      return fresh - at
    },
  ],
]

/** The scripts that a fake knows, by SHA-1. What they really do is tested on a real Redis. */
export const fakeScripts: ReadonlyMap<string, Run> = new Map(
  runs.map(([script, run]) => [script.sha1.redis, run]),
)
