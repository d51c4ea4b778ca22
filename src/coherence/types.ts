import type { Events } from '../events.ts'
import type { LocalTier } from '../memory/index.ts'
import type { RedisSource, RedisTier } from '../redis/index.ts'
import type { Clock } from '../runtime.ts'
import type { Marks } from './marks.ts'
import type { PushChannel } from './push.ts'

/** How an isolate keeps up with the others, in milliseconds. */
export interface CoherenceSettings {
  /** At most this often a read that goes out anyway begins with a look at the log. */
  readonly interval: number
  /** L1 is not believed for longer than this without such a look; `Infinity` for as long as its copies live. */
  readonly maxStaleness: number
  /** What makes others' news arrive sooner; needs a `source`. */
  readonly push?: PushChannel | undefined
}

/**
 * What came of asking for news. `again`: too much was missed, and what came with it does not count. `unseeded`: the database
 * has no versions, being new or flushed, and nothing in it is to be believed.
 */
export type News = 'ok' | 'again' | 'unseeded'

/** What the reads of one tick share: their news comes with their values, in one request. */
export interface Asking {
  readonly news: Promise<News>
  /** Whether more than the reads that it goes along with wait for it. */
  needed: boolean
}

/** The parts of a cache that news concern. */
export interface CoherenceParts {
  readonly redis: RedisTier | undefined
  /** What the connection to Redis was made from. */
  readonly source: RedisSource | undefined
  readonly local: LocalTier
  readonly marks: Marks
  readonly events: Events
  readonly clock: Clock
  readonly prefix: string
  /** Missing where the isolates do not keep up with each other. */
  readonly settings: CoherenceSettings | undefined
}
