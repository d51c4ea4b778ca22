import type { Credentials } from './credentials.ts'
import type { Transport } from './transport.ts'
import type { UpstashClient } from './upstash.ts'

/** What a cache can be given as its database. */
export type RedisSource = Credentials | UpstashClient | Transport
