import type { Executed } from './monitor.ts'

/** One holder of one lock, by the server's clock, in milliseconds. */
export interface Holding {
  readonly name: string
  readonly fence: number
  readonly token: string
  /** When its lease ends, as things stand. */
  end: number
}

/** What a holder of a lock says of itself. */
export interface Told {
  readonly name: string
  readonly fence: number
  /** Since when, and until when, it was sure of it, in milliseconds by the clock of this machine. */
  readonly from: number
  readonly until: number
}

// A script sees the instant at which it began, and MONITOR tells a later one: a lease that was extended may end this much earlier
// than is computed from it.
const late = 20

/** The history of locks as Redis ran it: who held what, and whether anybody was let in too early. */
export class History {
  readonly grants: Holding[] = []
  readonly faults: string[] = []
  /** How many leases ended by themselves, or with the database. */
  expired = 0
  readonly #prefix: string
  readonly #now = new Map<string, Holding>()
  readonly #last = new Map<string, number>()

  constructor(prefix: string) {
    this.#prefix = `${prefix}:k:`
  }

  /** Everything was lost. */
  empty(): void {
    this.expired += this.#now.size
    this.#now.clear()
  }

  run({ at, words: [command = '', key = '', ...args] }: Executed): void {
    if (command.toUpperCase() === 'FLUSHALL') return this.empty()
    if (!key.startsWith(this.#prefix)) return
    const name = key.slice(this.#prefix.length)
    if (command.toUpperCase() === 'PEXPIRE') return this.#extend(name, at + Number(args[0]))
    const words = (args[0] ?? '').split('|')
    const [fence, token] = [words[0] ?? '', words.at(-1) ?? '']
    if (fence === '') return this.#release(name, token, at)
    this.#grant({ name, fence: Number(fence), token, end: Number(args[2]) })
  }

  #grant(next: Holding): void {
    // The number is the instant, in microseconds, on the clock by which leases end.
    const start = Math.floor(next.fence / 1000)
    const before = this.#now.get(next.name)
    if (before !== undefined) {
      this.expired++
      if (start < before.end) this.#fault(`${next.name} was granted ${before.end - start} ms too early`)
    }
    if (next.fence <= (this.#last.get(next.name) ?? 0)) this.#fault(`the fence of ${next.name} did not rise`)
    const holding = { ...next, end: start + next.end }
    this.#last.set(next.name, next.fence)
    this.#now.set(next.name, holding)
    this.grants.push(holding)
  }

  #extend(name: string, end: number): void {
    const holding = this.#now.get(name)
    if (holding === undefined) this.#fault(`${name} was extended, and nobody had it`)
    else holding.end = Math.max(holding.end, end - late)
  }

  /** A token stays where its lock was given back, or where nobody has it any more. */
  #release(name: string, token: string, at: number): void {
    const holding = this.#now.get(name)
    if (holding === undefined) return
    this.#now.delete(name)
    if (holding.token === token) return
    this.expired++
    if (at < holding.end) this.#fault(`${name} was given back by another`)
  }

  #fault(what: string): void {
    this.faults.push(what)
  }
}

/** Pairs of holders who were both sure of the same lock at the same time. `cuts`: instants at which all locks were lost. */
export function overlaps(told: readonly Told[], cuts: readonly number[]): string[] {
  const found: string[] = []
  for (const name of new Set(told.map((each) => each.name))) {
    const holders = told.filter((each) => each.name === name).toSorted((a, b) => a.from - b.from)
    let before: Told | undefined
    for (const holder of holders) {
      const { from, until } = holder
      if (cuts.some((cut) => from < cut + 1000 && until > cut - 1000)) continue
      if (before !== undefined && from < before.until)
        found.push(`${name}: ${before.fence} until ${before.until - from} ms after ${holder.fence} began`)
      if (before === undefined || until > before.until) before = holder
    }
  }
  return found
}
