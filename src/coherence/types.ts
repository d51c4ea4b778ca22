import type { Events } from '../events.ts'
import type { LocalTier } from '../memory/index.ts'
import type { RedisSource, RedisTier } from '../redis/index.ts'
import type { Clock } from '../runtime.ts'
import type { Marks } from './marks.ts'
import type { PushChannel } from './push.ts'

/** How an isolate learns of others' invalidations; times in milliseconds. */
export interface CoherenceSettings {
  /** How often, at most, a read that goes to Redis anyway begins with a poll of the log. */
  readonly interval: number
  /** L1 is not used for longer than this without such a poll; `Infinity` for as long as its copies live. */
  readonly maxStaleness: number
  /** Makes others' invalidations arrive sooner; needs a `source`. */
  readonly push?: PushChannel | undefined
}

/**
 * The outcome of a poll. `again`: too much was missed, and the values that came with it do not count. `unseeded`: the database
 * has no versions, as it is new or was flushed, and nothing in it is to be trusted.
 */
export type News = 'ok' | 'again' | 'unseeded'

/** What the reads of one tick share: one poll, in the same request as their values. */
export interface Asking {
  readonly news: Promise<News>
}

/** The parts of a cache that invalidations by others concern. */
export interface CoherenceParts {
  readonly redis: RedisTier | undefined
  /** What the connection to Redis was made from. */
  readonly source: RedisSource | undefined
  readonly local: LocalTier
  readonly marks: Marks
  readonly events: Events
  readonly clock: Clock
  readonly prefix: string
  /** Missing with `coherence: 'off'`. */
  readonly settings: CoherenceSettings | undefined
}
