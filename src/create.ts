import { HybridCache } from './cache.ts'
import { Coherence, Marks } from './coherence/index.ts'
import type { Core } from './core.ts'
import { Codec } from './entry/index.ts'
import { Events } from './events.ts'
import { Flights } from './load/index.ts'
import { LocalTier, MemoryStore } from './memory/index.ts'
import { type CacheOptions, resolveSettings } from './options.ts'
import { connect, type RedisSource } from './redis/index.ts'
import { DialectSwitch, Executor } from './scripts/index.ts'
import { Counters } from './stats.ts'
import { View } from './view.ts'

/**
 * Creates a cache. Sends nothing and starts no timer, so that it may be called at module scope. Throws a `TypeError` for
 * invalid options: an unsafe URL, a missing token, a bad duration.
 *
 * @example
 * ```ts
 * import { createHybridCache, fromEnv } from 'hybrid-cache'
 *
 * const cache = createHybridCache({ redis: fromEnv(), keyPrefix: 'shop', ttl: '10m', localTtl: '30s' })
 * ```
 */
export function createHybridCache(options: CacheOptions & { readonly redis: RedisSource }): HybridCache<true>
export function createHybridCache(options?: CacheOptions & { readonly redis?: undefined }): HybridCache<false>
export function createHybridCache(options: CacheOptions): HybridCache
export function createHybridCache(options: CacheOptions = {}): HybridCache {
  const settings = resolveSettings(options)
  const { clock, memory, link } = settings
  const events = new Events(options.on)
  const counters = new Counters()
  const codec = new Codec(options.serializer)
  const store = new MemoryStore(memory.maxEntries, memory.maxBytes, (bytes) =>
    events.emit('evict', { bytes }),
  )
  const redis =
    options.redis === undefined
      ? undefined
      : connect(options.redis, link, {
          clock,
          stats: counters.l2,
          trace: options.trace,
          onBreaker: (change) => events.emit('breaker', change),
          onRequest: (request) => events.emit('request', request),
        })
  const marks = new Marks(clock, redis === undefined ? Infinity : settings.fence)
  const local = new LocalTier(store, codec, { isolation: memory.isolation, clock })
  const core: Core = {
    settings,
    events,
    counters,
    trace: options.trace,
    codec,
    local,
    redis: redis?.tier,
    executor:
      redis === undefined
        ? undefined
        : new Executor(redis.link, new DialectSwitch(redis.dialect), {
            givesBytes: redis.binary,
            clock,
            stats: counters.scripts,
            onRun: (run) => events.emit('script', run),
          }),
    marks,
    coherence: new Coherence({
      redis: redis?.tier,
      source: options.redis,
      local,
      marks,
      events,
      clock,
      prefix: settings.keyPrefix,
      settings: settings.coherence,
    }),
    flights: new Flights(clock),
  }
  return new HybridCache(core, new View(settings.keyPrefix, settings.waitUntil))
}
