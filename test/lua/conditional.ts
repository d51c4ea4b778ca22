import { beforeEach } from 'vitest'
import {
  CompareAndSwapEntry,
  GetAndExtendEntries,
  SetEntryIfExists,
  SetEntryIfNotExists,
} from '../../src/lua/index.ts'
import type { Lua } from './lua.ts'
import { counter, log, seed } from './versioned.ts'

/** The key of an entry. */
export const key = 'p:e:k'

/** The serializers whose entries are read. */
export const codecs = ',j,s,'

/** An entry, and what a write to it takes. */
export const places: readonly string[] = [key, counter, log]

/** What a write came to. */
export async function stateOf(reply: Promise<unknown>): Promise<number> {
  return ((await reply) as [number])[0]
}

/** What is done to an entry if there is one, or if there is none, and what is there then. */
export interface Conditional {
  setIfNotExists(): Promise<number>
  setIfExists(ttl?: number): Promise<number>
  swap(text: string, given?: { codec?: string; digest?: string; ttl?: number }): Promise<number>
  extend(ttl: number, keys?: readonly string[]): Promise<unknown>
  stored(): Promise<unknown>
}

/** The same for each test of a suite, on a database that has versions. */
export function conditional(lua: () => Lua): Conditional {
  const versioned = ['e:k', 0, 0, '', 0, 30_000]
  beforeEach(() => lua().redis('SET', counter, seed))
  return {
    setIfNotExists: () =>
      stateOf(lua().call(SetEntryIfNotExists, places, ['p', codecs, '|new', 60_000, ...versioned])),
    setIfExists: (ttl = 60_000) =>
      stateOf(lua().call(SetEntryIfExists, places, ['p', codecs, '|new', ttl, ...versioned])),
    swap: (text, { codec = 'j', digest = 'd', ttl = 60_000 } = {}) =>
      stateOf(lua().call(CompareAndSwapEntry, places, ['p', codec, text, digest, '|new', ttl, ...versioned])),
    async extend(ttl, keys = [key]) {
      const reply = await lua().call(GetAndExtendEntries, keys, ['p', codecs, ttl, 0, 0, 90_000])
      return Array.isArray(reply) ? reply[0] : reply
    },
    stored: () => lua().redis('GET', key),
  }
}
