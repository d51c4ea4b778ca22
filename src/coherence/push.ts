import type { Change } from './log.ts'
import type { CoherenceParts } from './types.ts'
import type { Versions } from './versions.ts'

/** The state of the push connection, and how much it brought. */
export interface PushStats {
  /** Whether there is a connection now. */
  readonly connected: boolean
  /** How often one was made. */
  readonly connections: number
  /** Messages received, this cache's own included. */
  readonly messages: number
}

/** What push works with. */
export interface PushHost extends CoherenceParts {
  readonly versions: Versions
}

/** Push for one cache. Its messages are rumours: they never count as known, as only the log does. */
export interface Pushing {
  /** A poll of the log is due, whatever the interval says. */
  readonly isDue: boolean
  /** Opens the connection, unless there is one or cannot be one. */
  open(): void
  /** The last arguments of the script of a write that changes these members. */
  wordsFor(members: readonly string[]): readonly string[]
  /** A poll of the log is sent; call the returned function with its success. */
  looking(): (ok: boolean) => void
  /** For a change in the log: whether push has brought it before. */
  toldOf(change: Change): boolean
  /** The verdict of rumours on a copy in L1. */
  judge(stamp: number, tags: readonly string[]): 'ok' | 'soft' | 'dead'
  readonly stats: PushStats
  close(): void
}

/** What `push()` of `hybrid-cache/push` returns, for `coherence.push`. */
export interface PushChannel {
  /** Called by the cache that is given it. */
  readonly attach: (host: PushHost) => Pushing
}
