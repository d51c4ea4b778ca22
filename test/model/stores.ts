import type { Command, Reply } from '../../src/index.ts'
import { nameOf } from './network.ts'

/** A value that Redis has taken, and under which of its keys. */
export interface Stored {
  readonly id: number
  readonly physicalKey: string
  /** It was written, and not made by a load. */
  readonly written: boolean
}

const physicalKey = /^m:(n:e:)?e:/

/** What a command has stored, if its reply says that it has. */
export function storedBy(command: Command, reply: Reply): Stored | undefined {
  const name = nameOf(command)
  const words = command.map(String)
  const fills = ['SET', 'FillEntry', 'CommitEntry'].includes(name)
  const writes = name === 'SetEntry' || /^(SetEntryIf|CompareAndSwapEntry)/.test(name)
  const state: unknown = Array.isArray(reply) ? reply[0] : reply
  const isDone = name === 'SET' ? reply === 'OK' : name === 'SetEntry' ? Number(reply) > 0 : state === 1
  const key = words.find((word) => physicalKey.test(word))
  // What a swap expects stands before what it writes. A tombstone holds no value.
  const id = idsIn(words.join(' ')).at(-1)
  if (!(fills || writes) || !isDone || key === undefined || id === undefined) return undefined
  return { id, physicalKey: key, written: writes }
}

/** The values that a text holds. */
export function idsIn(text: string): number[] {
  return [...text.matchAll(/"id":(\d+)/g)].map(([, id]) => Number(id))
}
