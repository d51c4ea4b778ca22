import { expect } from 'vitest'
import { ExpireEntries, InvalidateTags, RemoveEntries, SetEntry } from '../../src/lua/index.ts'
import type { Lua, Word } from './lua.ts'

/** A version to begin with. */
export const seed = 1_700_000_000_000_000

/** A version at which the log is trimmed. */
export const trims: number = seed + 256 - (seed % 256)

/** The key of the last version. */
export const counter = 'p:m:v'

/** The key of the log. */
export const log = 'p:m:log'

/** The key of the version of everything. */
export const root = 'p:t:*'

/** The key of an entry. */
export const a = 'p:e:k'

/** The key of another. */
export const b = 'p:e:l'

/** A life within these bounds. */
export function lives(from: number, to: number): unknown {
  return expect.toSatisfy((ms: number) => ms > from && ms <= to)
}

/** What draws a version each, and a look at what came of it. */
export interface Versioned {
  /** The result of a plain command. */
  redis(...words: Word[]): Promise<unknown>
  /** Says what the last version was. */
  seeded(version?: Word): Promise<unknown>
  /** The log: members, each with its version. */
  logged(): Promise<unknown>
  setEntry(value?: string): Promise<unknown>
  remove(): Promise<unknown>
  invalidate(ttl?: number): Promise<unknown>
  expire(): Promise<unknown>
}

export function versioned(lua: () => Lua): Versioned {
  const redis: Versioned['redis'] = (...words) => lua().redis(...words)
  return {
    redis,
    seeded: (version = seed) => redis('SET', counter, version),
    logged: () => redis('ZRANGE', log, 0, -1, 'WITHSCORES'),
    setEntry: (value = '|x') => lua().call(SetEntry, [counter, a, log], [value, 60_000, 'm']),
    remove: () => lua().call(RemoveEntries, [counter, a, b, log], [60_000, 'm', 'n']),
    invalidate: (ttl = 0) => lua().call(InvalidateTags, [counter, log, 'p:t:a', 'p:t:b'], [ttl, 'm', 'n']),
    expire: () => lua().call(ExpireEntries, [counter, a, b, log], [60_000, 'p', 'm', 'n']),
  }
}
