import type { Coherence, Marks } from './coherence/index.ts'
import type { Codec } from './entry/index.ts'
import type { Events } from './events.ts'
import type { Flights } from './load/index.ts'
import type { LocalTier } from './memory/index.ts'
import type { Settings } from './options.ts'
import type { RedisTier } from './redis/index.ts'
import type { Executor } from './scripts/index.ts'
import type { Counters } from './stats.ts'
import type { Trace } from './trace.ts'

/** What a cache is made of. Its namespaces and bound views share it. */
export interface Core {
  readonly settings: Settings
  readonly local: LocalTier
  /** Missing in memory-only mode, as is `executor`. */
  readonly redis: RedisTier | undefined
  readonly executor: Executor | undefined
  readonly codec: Codec
  readonly marks: Marks
  readonly coherence: Coherence
  readonly flights: Flights
  readonly events: Events
  readonly counters: Counters
  /** The tracing hook, if one was given. */
  readonly trace: Trace | undefined
}

/** The time that entries are judged by: the server's, or the isolate's where there is no server. */
export function nowIn({ redis, settings }: Core): number {
  return redis?.clock.now() ?? settings.clock.now()
}
