/** `closed`: requests go out. `open`: none does. `half-open`: one is out, to see whether Redis is back. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** What the L2 side of a cache did. */
export interface L2Stats {
  /** Reads that found a value in Redis. */
  hits: number
  /** Reads that found none. */
  misses: number
  /** HTTP requests sent, retries included. */
  requests: number
  /** Commands in them. A database bills those that a script runs as well. */
  commands: number
  /** Requests that failed. */
  errors: number
  /** What the circuit breaker of this isolate is; `off` where there is none. */
  breaker: BreakerState | 'off'
}

/** A snapshot of what a cache did since it was created. Namespaces and bound views count together. */
export interface CacheStats {
  readonly l1: Readonly<{ hits: number; misses: number; entries: number; bytes: number; evictions: number }>
  readonly l2: Readonly<L2Stats>
  /** Factory calls, how many of them failed, and how many calls took what the load of another came to. */
  readonly loads: Readonly<{ count: number; failed: number; joined: number }>
  /** How many calls were given a stale value. */
  readonly stale: number
}

/** The counters behind `cache.stats()`. */
export class Counters {
  l1Hits = 0
  l1Misses = 0
  loads = 0
  failedLoads = 0
  joined = 0
  stale = 0
  readonly l2: L2Stats = { hits: 0, misses: 0, requests: 0, commands: 0, errors: 0, breaker: 'off' }

  /** All of them as they are now, with what L1 holds. */
  with(usage: { readonly entries: number; readonly bytes: number; readonly evictions: number }): CacheStats {
    return {
      l1: { hits: this.l1Hits, misses: this.l1Misses, ...usage },
      l2: { ...this.l2 },
      loads: { count: this.loads, failed: this.failedLoads, joined: this.joined },
      stale: this.stale,
    }
  }
}
