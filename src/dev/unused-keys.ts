import type { Reply } from './resp.ts'

const RUNS_TO_BELIEVE = 3
const MAX_SCRIPTS = 1_000

/** What became of the KEYS of one run of a script that locks them. */
export interface KeyUse {
  /** The SHA-1 of the script's text, as its client knows it. */
  readonly sha: string
  /** How many KEYS it listed. */
  readonly keys: number
  /** The positions in KEYS, from 1, that it left alone. */
  readonly unused: readonly number[]
  /** What it answered. */
  readonly reply: Reply['type']
}

/** The KEYS that a script locks and has never touched. */
export interface UnusedScriptKeys {
  /** Positions in KEYS, from 1, as in `KEYS[2]`. */
  readonly positions: readonly number[]
  /** In how many successful runs the first of them has been locked for nothing. */
  readonly runs: number
}

interface Suspicion {
  /** Every position up to this one has been seen; one of these that is no longer in `idle` has been touched. */
  seen: number
  /** Runs that left a position alone, by position, in ascending order. */
  readonly idle: Map<number, number>
}

/** Finds the scripts that list a key which they never touch. A position that was touched once is never reported. */
export class UnusedKeys {
  readonly #scripts = new Map<string, Suspicion>()

  note(use: KeyUse): void {
    const script = this.#scriptOf(use.sha)
    const counts = stoppedEarly(use) ? 0 : 1
    const unused = new Set(use.unused)
    for (const [position, runs] of script.idle) {
      if (position > use.keys) continue
      if (unused.has(position)) script.idle.set(position, runs + counts)
      else script.idle.delete(position)
    }
    for (const position of use.unused) if (position > script.seen) script.idle.set(position, counts)
    script.seen = Math.max(script.seen, use.keys)
  }

  /** By the script's SHA-1. */
  report(): Map<string, UnusedScriptKeys> {
    const found = new Map<string, UnusedScriptKeys>()
    for (const [sha, { idle }] of this.#scripts) {
      const believed = [...idle].filter(([, runs]) => runs >= RUNS_TO_BELIEVE)
      const [first] = believed
      if (first !== undefined)
        found.set(sha, { positions: believed.map(([position]) => position), runs: first[1] })
    }
    return found
  }

  reset(): void {
    this.#scripts.clear()
  }

  #scriptOf(sha: string): Suspicion {
    const script = this.#scripts.get(sha) ?? { seen: 0, idle: new Map<number, number>() }
    // Last in the order of the map: the scripts that are in use are not the ones forgotten.
    this.#scripts.delete(sha)
    this.#scripts.set(sha, script)
    const [oldest] = this.#scripts.keys()
    if (this.#scripts.size > MAX_SCRIPTS && oldest !== undefined) this.#scripts.delete(oldest)
    return script
  }
}

/** A script may look at one key, or at none, and find that there is nothing to do: that says nothing of the others. */
function stoppedEarly({ keys, unused, reply }: KeyUse): boolean {
  if (reply === 'error' || unused.length === keys) return true
  return reply === 'null' && unused.length === keys - 1
}
