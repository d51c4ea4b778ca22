import type { LuaDialect } from '../lua/index.ts'
import type { Clock } from '../runtime.ts'
import type { L2Stats } from '../stats.ts'
import type { Trace } from '../trace.ts'
import { oneOf } from '../validate.ts'
import { Breaker, type BreakerChange, type BreakerSettings } from './breaker.ts'
import type { Credentials } from './credentials.ts'
import { Link, type LinkSettings } from './link.ts'
import type { RedisSource } from './source.ts'
import { RedisTier } from './tier.ts'
import type { Transport } from './transport.ts'
import type { RequestReport } from './watch.ts'
import { adaptUpstashClient, createUpstashTransport, isUpstashClient } from './upstash.ts'

export type { BreakerChange, BreakerSettings } from './breaker.ts'
export { chunksOf } from './chunks.ts'
export { type Credentials, fromEnv } from './credentials.ts'
export { sleep, unlessAborted, withDeadline } from './deadline.ts'
export {
  assertKey,
  assertSegment,
  assertTags,
  type KeyKind,
  keyAddress,
  listOf,
  maxTags,
  softAddress,
  starAddress,
  tagAddress,
  tagIn,
} from './keys.ts'
export { type Link, type LinkSettings, requestTimedOut } from './link.ts'
export { errorKind, toReplyError } from './reply-error.ts'
export { type Page, scan } from './scan.ts'
export { ServerClock } from './server-clock.ts'
export type { RedisSource } from './source.ts'
export { type Subscribe, subscriberOf } from './subscriber.ts'
export { type RedisTier, toText, unexpected } from './tier.ts'
export {
  type Command,
  RedisReplyError,
  type Reply,
  type SendOptions,
  type SubscribeOptions,
  type Transport,
} from './transport.ts'
export type { UpstashClient } from './upstash.ts'

/** The access to what `redis` was given as. */
export interface RedisAccess {
  readonly link: Link
  readonly tier: RedisTier
  /** Its script dialect, as far as that can be told in advance. */
  readonly dialect: LuaDialect
  /** Whether replies can come as bytes. */
  readonly binary: boolean
}

/** What the access to Redis needs, and whom it notifies. */
export interface Surroundings {
  readonly clock: Clock
  readonly stats: L2Stats
  readonly trace?: Trace | undefined
  readonly onBreaker?: (change: BreakerChange) => void
  readonly onRequest?: (report: RequestReport) => void
}

export function connect(
  redis: RedisSource,
  settings: LinkSettings & { readonly breaker?: BreakerSettings | undefined },
  { clock, stats, trace, onBreaker, onRequest }: Surroundings,
): RedisAccess {
  const transport = toTransport(redis)
  const tell = (change: BreakerChange): void => {
    stats.breaker = change.state
    onBreaker?.(change)
  }
  const breaker =
    settings.breaker && new Breaker(settings.breaker, { clock, probe: settings.timeout + probeMargin, tell })
  if (breaker !== undefined) stats.breaker = 'closed'
  const link = new Link(transport, settings, { clock, stats, breaker, trace, onRequest })
  return {
    link,
    tier: new RedisTier(link, clock),
    dialect: oneOf(transport.dialect ?? 'redis', ['redis', 'upstash'], 'dialect'),
    binary: transport.binary ?? false,
  }
}

// A request is over at its deadline, unless it was cancelled and no code runs any more that could report that.
const probeMargin = 1000

function toTransport(redis: RedisSource): Transport {
  if (typeof redis !== 'object' || redis === null) {
    throw new TypeError('redis must be { url, token }, fromEnv(), a client of @upstash/redis, or a transport')
  }
  if ('send' in redis && typeof redis.send === 'function') return redis
  if (isUpstashClient(redis)) return adaptUpstashClient(redis)
  return createUpstashTransport(redis as Credentials)
}
