import type { HybridCache } from '../../src/index.ts'
import type { Isolate } from './isolate.ts'
import type { Ledger } from './ledger.ts'
import type { Tally } from './tally.ts'

/** What an operation works with. */
export interface Given {
  readonly isolate: Isolate
  readonly cache: HybridCache<true>
  readonly ledger: Ledger
  readonly tally: Tally
  /** '' for the root, else a name and a slash. */
  readonly scope: string
  readonly random: () => number
}

export type Operation = (given: Given) => Promise<void>
