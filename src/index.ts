/**
 * A two-tier cache for edge and serverless code: L1 in the isolate's memory, L2 in Upstash Redis over REST.
 *
 * @module
 */
export type { HybridCache } from './cache.ts'
export type { PushChannel, PushStats } from './coherence/index.ts'
export { createHybridCache } from './create.ts'
export type { Duration } from './duration.ts'
export type { Serializer } from './entry/index.ts'
export { CacheError, type CacheErrorCode, isCacheError } from './errors.ts'
export type {
  CacheEvents,
  DiscardReason,
  EventName,
  InvalidationKind,
  Listener,
  Listeners,
  Operation,
  StaleReason,
  Tier,
} from './events.ts'
export type {
  AdaptiveOptions,
  BatchContext,
  BatchFactory,
  Described,
  Factory,
  LoadContext,
  StaleValue,
} from './load/index.ts'
export type { Isolation } from './memory/index.ts'
export type {
  BreakerOptions,
  CacheOptions,
  CoherenceOptions,
  EntryOptions,
  L2Options,
  MemoryOptions,
  ReadOptions,
  WriteOptions,
} from './options.ts'
export {
  type Command,
  type Credentials,
  fromEnv,
  RedisReplyError,
  type RedisSource,
  type Reply,
  type SendOptions,
  type SubscribeOptions,
  type Transport,
  type UpstashClient,
} from './redis/index.ts'
export type { Clock, WaitUntil } from './runtime.ts'
export type { SchemaOutput, SchemaResult, StandardSchema } from './schema.ts'
export type { PreparedScript, ScriptArgument, ScriptCall, ScriptOptions, Scripts } from './scripts/index.ts'
export type { BreakerState, CacheStats, L1Stats, L2Stats } from './stats.ts'
export type { LoadOptions, Stampede, StaleOptions } from './tolerance.ts'
export type { Note, Trace, TraceAttributes, TraceSpan } from './trace.ts'
export type { RequestContext } from './view.ts'
