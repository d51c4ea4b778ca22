// What Redis holds under each key, by what it has executed, and which conditional writes that allows.
import type { Execution } from './ledger.ts'
import { tolerance } from './reference.ts'
import type { Stored } from './stores.ts'

/** A value in Redis. */
export interface Held {
  readonly id: number
  /** When it was stored, in the order of all that happens. */
  readonly at: number
  /** A load may have known less than others did when it made its value: to them it counts as nothing. */
  readonly written: boolean
}

/** A conditional write may ask more than once, and what it stores lives from the first time on. */
const mostAttempts = 5000

export class Shelf {
  readonly #held = new Map<string, Held>()

  /** What was stored last under a key, dead or alive; `undefined` where it was removed. */
  get(physicalKey: string): Held | undefined {
    return this.#held.get(physicalKey)
  }

  store({ id, physicalKey, written }: Stored, at: number): void {
    this.#held.set(physicalKey, { id, at, written })
  }

  /** What a command that stores nothing takes away for good. */
  lose({ name, words }: Execution): void {
    if (name === 'RemoveEntries') for (const word of words) this.#held.delete(word)
  }

  flush(): void {
    this.#held.clear()
  }

  /** Whether a value may have been ended: what a load stores may be older than what was executed before. */
  mayHaveEnded({ at, written }: Held, physicalKey: string, executions: readonly Execution[]): boolean {
    const older = new Set(['InvalidateTags', 'RemoveEntries', 'ExpireEntries'])
    return executions.some((each) =>
      each.at >= at ? mayEnd(each, physicalKey) : !written && older.has(each.name),
    )
  }

  /**
   * What is wrong with a conditional write that Redis has carried out; `undefined` where nothing is. `ends`: when the value that it
   * found there may end; `versions`: where those are that may end it sooner; `since`: what was executed after that was stored.
   */
  judge(
    { physicalKey }: Stored,
    { name, words }: Execution,
    {
      now,
      ends,
      versions,
      since,
    }: {
      now: number
      ends: (id: number) => readonly number[]
      versions: (id: number) => ReadonlySet<string>
      since: readonly Execution[]
    },
  ): string | undefined {
    const held = this.#held.get(physicalKey)
    const left = held === undefined ? [-Infinity] : ends(held.id).map((end) => end - now)
    if (name === 'SetEntryIfNotExists') {
      const ended =
        held?.written !== true ||
        Math.min(...left) <= mostAttempts ||
        since.some((each) =>
          each.name === 'InvalidateTags' ? isOf(each, versions(held.id)) : mayEnd(each, physicalKey),
        )
      return ended ? undefined : `value ${held?.id} is there`
    }
    if (name !== 'SetEntryIfExists' && name !== 'CompareAndSwapEntry') return undefined
    if (Math.max(...left) < -tolerance) return 'nothing is there'
    if (held?.written === true && since.some((each) => each.at > held.at && isOf(each, versions(held.id))))
      return `value ${held.id} was ended by a tag`
    const swaps = name === 'CompareAndSwapEntry'
    return swaps && !words.some((word) => word.includes(`{"id":${held?.id},`))
      ? `value ${held?.id} is there`
      : undefined
  }
}

function isOf({ name, words }: Execution, versions: ReadonlySet<string>): boolean {
  return name === 'InvalidateTags' && words.some((word) => versions.has(word))
}

/** Whether what was executed may have ended what was stored under a key before. */
function mayEnd({ name, words }: Execution, physicalKey: string): boolean {
  if (name === 'ExpireEntries' || name === 'FillEntry') return words.includes(physicalKey)
  return name === 'InvalidateTags' || name === 'SeedVersions'
}
