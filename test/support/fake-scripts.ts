import { parseEntry } from '../../src/entry/header.ts'
import { CommitEntry, CompareAndDelete, FillEntry, LeaseEntry, type LuaScript } from '../../src/lua/index.ts'
import type { Reply } from '../../src/index.ts'

/** What the scripts of a load do to a database. */
export interface Keyspace {
  get(key: string): string | null
  set(key: string, value: string, ms: number): void
  delete(key: string): void
  left(key: string): number
  now(): number
}

type Run = (db: Keyspace, keys: readonly string[], args: readonly string[]) => Reply

function fill(db: Keyspace, key: string, [seen, value, ms]: readonly [string, string, string]): boolean {
  const bytes = db.get(key)
  if (bytes && bytes !== value && (seen === '' || !bytes.startsWith(seen))) return false
  if (bytes !== value) db.set(key, value, Number(ms))
  return true
}

const runs: readonly (readonly [LuaScript, Run])[] = [
  [
    LeaseEntry,
    (db, [entry = '', lease = ''], [, codecs = '', token = '', ms = '', now = '', after = '']) => {
      const bytes = db.get(entry)
      const header = bytes === null ? undefined : parseEntry(bytes)?.header
      const fresh = header !== undefined && header.fresh > (now === '' ? db.now() : Number(now))
      if (fresh && codecs.includes(`,${header.codec},`) && header.created > Number(after))
        return [0, bytes, 0]
      const holder = db.get(lease)
      if (holder !== null && holder !== token) return [2, bytes, db.left(lease)]
      db.set(lease, token, Number(ms))
      return [1, bytes, Number(ms)]
    },
  ],
  [
    FillEntry,
    (db, [entry = ''], [seen = '', value = '', ms = '']) => (fill(db, entry, [seen, value, ms]) ? 1 : 0),
  ],
  [
    CommitEntry,
    (db, [entry = '', lease = ''], [token, seen = '', value = '', ms = '']) => {
      const holder = db.get(lease)
      const stored =
        db.get(entry) === value ||
        ((holder === null || holder === token) && fill(db, entry, [seen, value, ms]))
      if (holder === token) db.delete(lease)
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
]

/** The scripts that a fake knows, by SHA-1. What they really do is tested on a real Redis. */
export const fakeScripts: ReadonlyMap<string, Run> = new Map(
  runs.map(([script, run]) => [script.sha1.redis, run]),
)
