import type { LuaDialect } from '../lua/index.ts'
import type { Clock } from '../runtime.ts'
import type { L2Stats } from '../stats.ts'
import type { Credentials } from './credentials.ts'
import { Link, type LinkSettings } from './link.ts'
import { RedisTier } from './tier.ts'
import type { Transport } from './transport.ts'
import { adaptUpstashClient, createUpstashTransport, isUpstashClient, type UpstashClient } from './upstash.ts'

export { type Credentials, fromEnv } from './credentials.ts'
export { assertKey, assertSegment, type KeyKind, keyAddress } from './keys.ts'
export type { Link, LinkSettings } from './link.ts'
export { toReplyError } from './reply-error.ts'
export { type Page, scan } from './scan.ts'
export { type RedisTier, unexpected } from './tier.ts'
export { type Command, RedisReplyError, type Reply, type SendOptions, type Transport } from './transport.ts'
export type { UpstashClient } from './upstash.ts'

/** The way to whatever `redis` was given as. */
export interface RedisAccess {
  readonly link: Link
  readonly tier: RedisTier
  /** What its scripts have to begin with, as far as that can be told in advance. */
  readonly dialect: LuaDialect
  /** Whether replies can be had as bytes. */
  readonly binary: boolean
}

export function connect(
  redis: Credentials | UpstashClient | Transport,
  settings: LinkSettings,
  { clock, stats }: { clock: Clock; stats: L2Stats },
): RedisAccess {
  const transport = toTransport(redis)
  const link = new Link(transport, settings, clock, stats)
  return {
    link,
    tier: new RedisTier(link, clock),
    dialect: transport.dialect ?? 'redis',
    binary: transport.binary ?? false,
  }
}

function toTransport(redis: Credentials | UpstashClient | Transport): Transport {
  if (typeof redis !== 'object' || redis === null) {
    throw new TypeError('redis must be { url, token }, fromEnv(), a client of @upstash/redis, or a transport')
  }
  if ('send' in redis && typeof redis.send === 'function') return redis
  if (isUpstashClient(redis)) return adaptUpstashClient(redis)
  return createUpstashTransport(redis as Credentials)
}
