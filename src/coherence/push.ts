import type { Change } from './log.ts'
import type { CoherenceParts } from './types.ts'
import type { Versions } from './versions.ts'

/** Whether news come by push, and how much did. */
export interface PushStats {
  /** Whether the connection stands now. */
  readonly connected: boolean
  /** How often it was made. */
  readonly connections: number
  /** Messages that came by it, this cache's own included. */
  readonly messages: number
}

/** What push works with: the parts of a cache that news concern. */
export interface PushHost extends CoherenceParts {
  readonly versions: Versions
}

/** Push at work for one cache. What it says is a rumour: it never counts as known, and only the log does. */
export interface Pushing {
  /** A look at the log is due, whatever the interval says. */
  readonly isDue: boolean
  /** Opens the connection, unless it is there or cannot be. */
  open(): void
  /** What the script of a write that changes these names takes behind its own arguments. */
  wordsFor(members: readonly string[]): readonly string[]
  /** A look at the log is sent; what comes back says how it went. */
  looking(): (ok: boolean) => void
  /** The log tells of a change: whether push has told of it before. */
  toldOf(change: Change): boolean
  /** What rumours make of a copy in L1. */
  judge(stamp: number, tags: readonly string[]): 'ok' | 'soft' | 'dead'
  readonly stats: PushStats
  close(): void
}

/** What `push()` of `hybrid-cache/push` makes, for `coherence.push`. */
export interface PushChannel {
  /** For the cache that is given it. */
  readonly attach: (host: PushHost) => Pushing
}
