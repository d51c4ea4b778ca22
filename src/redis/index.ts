import type { Clock } from '../runtime.ts'
import type { L2Stats } from '../stats.ts'
import type { Credentials } from './credentials.ts'
import { Link, type LinkSettings } from './link.ts'
import { RedisTier } from './tier.ts'
import type { Transport } from './transport.ts'
import { adaptUpstashClient, createUpstashTransport, isUpstashClient, type UpstashClient } from './upstash.ts'

export { type Credentials, fromEnv } from './credentials.ts'
export { assertKey, assertSegment, entryAddress } from './keys.ts'
export type { LinkSettings } from './link.ts'
export type { RedisTier } from './tier.ts'
export { type Command, RedisReplyError, type Reply, type SendOptions, type Transport } from './transport.ts'
export type { UpstashClient } from './upstash.ts'

/** The tier in front of whatever `redis` was given as. */
export function createRedisTier(
  redis: Credentials | UpstashClient | Transport,
  settings: LinkSettings,
  { clock, stats }: { clock: Clock; stats: L2Stats },
): RedisTier {
  return new RedisTier(new Link(toTransport(redis), settings, clock, stats), clock)
}

function toTransport(redis: Credentials | UpstashClient | Transport): Transport {
  if (typeof redis !== 'object' || redis === null) {
    throw new TypeError('redis must be { url, token }, fromEnv(), a client of @upstash/redis, or a transport')
  }
  if ('send' in redis && typeof redis.send === 'function') return redis
  if (isUpstashClient(redis)) return adaptUpstashClient(redis)
  return createUpstashTransport(redis as Credentials)
}
