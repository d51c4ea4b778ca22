import type { LuaScript } from '../../../src/lua/index.ts'
import { type EntryHeader, formatEntry } from '../../../src/entry/header.ts'
import { headerOf } from '../../support/entries.ts'
import type { Word } from '../lua.ts'

/** What a script is called with: the key `k` and no arguments, where nothing else is said. */
interface Call {
  readonly keys?: readonly string[]
  readonly args?: readonly Word[]
}

/** What was done to the database before, and what is called otherwise. */
interface State extends Call {
  readonly given?: readonly (readonly Word[])[]
  /** What is put for `deleted` and the like. */
  readonly numbers?: Readonly<Record<string, number>>
}

/** A call in a situation that the documentation of a script gives a cost for. */
export interface Case extends State {
  readonly script: LuaScript
  /** The words of the documentation; '' where it costs the same always. */
  readonly when: string
}

/** The cases of a script: under the words of its documentation, the states for which they hold. */
export function costsOf(
  script: LuaScript,
  call: Call,
  situations: Readonly<Record<string, readonly State[]>>,
): Case[] {
  return Object.entries(situations).flatMap(([when, states]) =>
    states.map((state) => ({ script, when, ...call, ...state })),
  )
}

/** An empty database. */
export const NOTHING: State = {}

export const after = (...given: readonly (readonly Word[])[]): State => ({ given })

export const called = (...args: readonly Word[]): State => ({ args })

export const set = (key: string, value: Word): Word[] => ['SET', key, value]

/** With a lifetime, as a lock has. */
export const lend = (key: string, value: string): Word[] => [...set(key, value), 'PX', 9_000]

/** An entry at the key `p:<address>`, with the payload 1. */
export const put = (address: string, given: Partial<EntryHeader> = {}): Word[] => {
  const header = headerOf({ address, fresh: 9_000_000_000_000, ...given })
  return set(`p:${address}`, formatEntry({ header, payload: '1' }))
}

export const LIVE: readonly Word[] = put('e:k')
export const TAGGED: readonly Word[] = put('e:k', { tags: ['t'] })
export const ENDED: readonly Word[] = put('e:k', { fresh: 1 })
export const SEEDED: readonly Word[] = set('v', '1700000000000001')
/** One below a version at which the log is trimmed. */
export const TRIMS: readonly Word[] = set('v', '1699999999999999')
