import type { PushStats } from './coherence/index.ts'

/** `closed`: requests go out. `open`: none does. `half-open`: one probe is out, to see whether Redis is back. */
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
  /** The state of this isolate's circuit breaker; `off` without one. */
  breaker: BreakerState | 'off'
}

/** What L1 did, and what it holds now. */
export interface L1Stats {
  /** Reads that found a value in L1. */
  readonly hits: number
  /** Reads that found none there. */
  readonly misses: number
  /** How many entries it holds. */
  readonly entries: number
  /** Their estimated size. */
  readonly bytes: number
  /** Entries dropped to stay within the budget. */
  readonly evictions: number
}

/** The fraction of the reads that found a value; 0 if there were none. */
interface HitRate {
  readonly hitRate: number
}

/** A snapshot of what a cache did since it was created. Namespaces and bound views count together. */
export interface CacheStats {
  /** The memory of this isolate. */
  readonly l1: L1Stats & HitRate
  /** Redis, as this isolate sees it. */
  readonly l2: Readonly<L2Stats> & HitRate
  /**
   * Factory calls, how many of them failed, and how many calls joined another's load. `duration`: factory time in all, in
   * milliseconds. `saved`: factory milliseconds avoided: for each value served from a tier, stale ones included, the duration
   * stored with it.
   */
  readonly loads: Readonly<{ count: number; failed: number; joined: number; duration: number; saved: number }>
  /** How many calls were given a stale value. */
  readonly stale: number
  /** Lua scripts run, the cache's own included, and how many of them failed. */
  readonly scripts: Readonly<{ count: number; failed: number }>
  /** With `coherence.push` only. */
  readonly push?: PushStats
}

/** The counters behind `cache.stats()`. */
export class Counters {
  l1Hits = 0
  l1Misses = 0
  loads = 0
  failedLoads = 0
  joined = 0
  loading = 0
  saved = 0
  stale = 0
  readonly l2: L2Stats = { hits: 0, misses: 0, requests: 0, commands: 0, errors: 0, breaker: 'off' }
  readonly scripts: { count: number; failed: number } = { count: 0, failed: 0 }

  /** All of them as they are now, with what L1 holds and push did. */
  with(
    usage: { readonly entries: number; readonly bytes: number; readonly evictions: number },
    push: PushStats | undefined,
  ): CacheStats {
    const { l1Hits: hits, l1Misses: misses, l2 } = this
    return {
      l1: { hits, misses, hitRate: rate(hits, misses), ...usage },
      l2: { ...l2, hitRate: rate(l2.hits, l2.misses) },
      loads: {
        count: this.loads,
        failed: this.failedLoads,
        joined: this.joined,
        duration: Math.round(this.loading),
        saved: this.saved,
      },
      stale: this.stale,
      scripts: { ...this.scripts },
      ...(push !== undefined && { push }),
    }
  }
}

function rate(hits: number, misses: number): number {
  return hits === 0 ? 0 : hits / (hits + misses)
}
