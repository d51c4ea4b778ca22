import { type Duration, longestSpan, longestTimer, toMilliseconds } from './duration.ts'
import type { CoherenceSettings, PushChannel } from './coherence/index.ts'
import type { SealSettings, Serializer } from './entry/index.ts'
import type { Listeners } from './events.ts'
import type { Isolation } from './memory/index.ts'
import { assertSegment, type BreakerSettings, type LinkSettings, type RedisSource } from './redis/index.ts'
import { type Clock, systemClock, type WaitUntil } from './runtime.ts'
import type { StandardSchema } from './schema.ts'
import type { Trace } from './trace.ts'
import {
  assertWithin,
  type LoadOptions,
  type LoadSettings,
  noStale,
  resolveLoad,
  resolveStale,
  type StaleOptions,
  type StaleSettings,
  staleWindow,
} from './tolerance.ts'
import { assertOptions, oneOf, wholeNumber } from './validate.ts'

/** Size limits of L1, and whether callers share its values. */
export interface MemoryOptions {
  /** The most entries that L1 holds. Default 1,000. */
  readonly maxEntries?: number | undefined
  /** The most bytes, estimated, that L1 holds, over all namespaces. A larger single value is not kept. Default 8 MiB. */
  readonly maxBytes?: number | undefined
  /** What callers may do to the values they get. Default `'clone'`. */
  readonly isolation?: Isolation | undefined
}

/** Deadlines and retries of requests to Redis. */
export interface L2Options {
  /** The deadline of a request with its retries, and of a read that takes two requests, in all. Default 1 s. */
  readonly timeout?: Duration | undefined
  /** How long a load waits for L2 if it has a stale value to return. Default 300 ms, or `timeout` if that is less. */
  readonly softTimeout?: Duration | undefined
  /** How often a request that failed in transit is sent again, if all its commands may safely run twice. Default 1. */
  readonly retries?: number | undefined
}

/** The circuit breaker, one per isolate. */
export interface BreakerOptions {
  /** Opens after this many consecutive failed requests. Default 5. */
  readonly failures?: number | undefined
  /** Also opens when at least this fraction of the requests in `window` failed; 0 < ratio <= 1. Default 0.5. */
  readonly ratio?: number | undefined
  /** How many requests `window` must hold for `ratio` to count. Default 20. */
  readonly minimum?: number | undefined
  /** The period that `ratio` looks back on. Default 10 s. */
  readonly window?: Duration | undefined
  /** For how long no request is sent, before one probe may try. Default 5 s. */
  readonly open?: Duration | undefined
}

/** How an isolate learns what others have invalidated. */
export interface CoherenceOptions {
  /** How often, at most, a read that goes to Redis anyway also polls the change log. Default 5 s. */
  readonly interval?: Duration | undefined
  /** L1 is not used for longer than this without such a poll. Default: no bound but `localTtl`. */
  readonly maxStaleness?: Duration | undefined
  /** `push()` of `hybrid-cache/push`: invalidations arrive at once where a connection can be held. Default: none. */
  readonly push?: PushChannel | undefined
}

/** Options of {@link createHybridCache}. `swr`, `staleIfError` and the like are for entries that do not say otherwise. */
export interface CacheOptions extends LoadOptions, StaleOptions {
  /** The database: `{ url, token }`, `fromEnv()`, a client of `@upstash/redis`, or a `Transport`. Default: none, memory only. */
  readonly redis?: RedisSource | undefined
  /** What every key in Redis begins with: 1 to 64 letters, digits or `_ . { } -`. Default `'hc'`. */
  readonly keyPrefix?: string | undefined
  /** How long a value lives. Default 5 minutes. */
  readonly ttl?: Duration | undefined
  /**
   * How long L1 may keep its copy, never longer than the value lives, its stale window included. Default 30 s, but no longer than
   * the `ttl` of what this isolate stored itself; where L1 is the only tier, the whole life, its stale window included.
   */
  readonly localTtl?: Duration | undefined
  /** The longest `ttl`, stale windows included; a longer one throws. With a `redis` almost a hundred years at most. Default 30 days. */
  readonly maxTtl?: Duration | undefined
  /** Size limits of L1, and whether callers share its values. */
  readonly memory?: MemoryOptions | undefined
  /** Deadlines and retries of requests to Redis. */
  readonly l2?: L2Options | undefined
  /** When to stop sending requests to a failing Redis: they then fail at once with `BREAKER_OPEN`. `'off'`: never. */
  readonly breaker?: BreakerOptions | 'off' | undefined
  /**
   * How an isolate learns what others have invalidated: at most once per `interval`, a read that goes to Redis anyway also polls the
   * change log (one more command); nothing else does. After a `setIfExists` or `compareAndSwap` that found the entry ended by another
   * isolate, the next such read polls at once.
   * `maxStaleness` bounds L1 hits too: an isolate that reads only from L1 then sends one read (1/2) per `maxStaleness`. `push` (see
   * `hybrid-cache/push`) brings invalidations at once, for one more command per write.
   * `'off'`: not at all; there are no tags and no `clear` then. Default `{ interval: '5s' }`.
   */
  readonly coherence?: 'off' | CoherenceOptions | undefined
  /** The largest encoded value, in bytes, that is written or read. Default 1 MiB. */
  readonly maxValueBytes?: number | undefined
  /**
   * Compresses values of `threshold` characters or more for Redis (gzip), where the runtime can. Costs CPU time, and a write its place:
   * what is called behind it in the same tick is sent before it. Default `'off'`.
   */
  readonly compression?: 'off' | { readonly threshold: number } | undefined
  /** Replaces JSON and superjson. */
  readonly serializer?: Serializer | undefined
  /** Where the time comes from; for tests. */
  readonly clock?: Clock | undefined
  /** Keeps background work alive after the response. Default: the platform's own (Vercel, Next.js), or none; see also `bind`. */
  readonly waitUntil?: WaitUntil | undefined
  /** Listeners, by event name. */
  readonly on?: Listeners | undefined
  /** Traces operations other than plain L1 hits, factories, and requests to Redis. For OpenTelemetry: `hybrid-cache/opentelemetry`. */
  readonly trace?: Trace | undefined
}

/** Options of a call that reads. */
export interface ReadOptions {
  /** The tags that the entry is expected to have: their versions then come in the same request. */
  readonly tags?: readonly string[] | undefined
  /** Whether to use L1 for this call. Default `true`. */
  readonly l1?: boolean | undefined
  /** Whether to use L2 for this call. Default `true`. */
  readonly l2?: boolean | undefined
  /** Ends the call: it then rejects with the signal's reason. Calls that share its request are not affected. */
  readonly signal?: AbortSignal | undefined
  /** Checks stored values; one that it rejects is a miss. */
  readonly schema?: StandardSchema | undefined
}

/** Options of a call that stores. */
export interface WriteOptions extends StaleOptions {
  /** How long the value lives. Not together with `expiresAt`. Default: the cache's `ttl`; `maxTtl` for a sliding entry. */
  readonly ttl?: Duration | undefined
  /** When the value expires: a `Date`, or milliseconds since 1970. One in the past stores nothing, and a `set` removes the old value. */
  readonly expiresAt?: Date | number | undefined
  /** The entry expires when unused for this long; a use extends it once half of the window has passed, never past `ttl` or `expiresAt`. */
  readonly sliding?: Duration | undefined
  /** How long L1 may keep its copy, never longer than the value lives, its stale window included. Default: the cache's `localTtl`. */
  readonly localTtl?: Duration | undefined
  /** What the value depends on, for `removeByTag` and `expireByTag`: 32 at most, each a string of 128 bytes at most. */
  readonly tags?: readonly string[] | undefined
  /** Whether to use L1 for this entry. Default `true`. */
  readonly l1?: boolean | undefined
  /**
   * Whether to use L2 for this entry. Default `true`. A value that only L1 holds is of this isolate alone, and may be dropped early: with
   * the isolate's first request to Redis, or when an earlier write of its key is answered.
   */
  readonly l2?: boolean | undefined
  /** Ends the call: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Options of a call that reads, or else loads and stores. */
export interface EntryOptions extends ReadOptions, WriteOptions, LoadOptions {
  /** Calls the factory even if a tier has a fresh value, and joins no load that is already in flight. Default `false`. */
  readonly forceRefresh?: boolean | undefined
}

/** The options of a cache, complete and checked. */
export interface Settings extends SealSettings {
  readonly keyPrefix: string
  readonly ttl: number
  readonly localTtl: number | undefined
  readonly maxTtl: number
  readonly stale: StaleSettings
  readonly load: LoadSettings
  readonly coherence: CoherenceSettings | undefined
  /** How long at least Redis keeps what fences off late loads, in milliseconds. */
  readonly fence: number
  /** Milliseconds that a load waits for L2 if it has a stale value to return. */
  readonly softTimeout: number
  readonly memory: { readonly maxEntries: number; readonly maxBytes: number; readonly isolation: Isolation }
  readonly link: LinkSettings & { readonly breaker?: BreakerSettings | undefined }
  readonly clock: Clock
  readonly waitUntil: WaitUntil | undefined
}

const orOff = ", or 'off'"
const defaultTtl = 300_000
// Twice the longest that Workers let background work go on.
const shortestFence = 60_000

/** Throws a `TypeError` that names the invalid option. */
export function resolveSettings(options: CacheOptions): Settings {
  const {
    keyPrefix = 'hc',
    memory = {},
    l2 = {},
    compression = 'off',
    clock = systemClock,
    waitUntil,
  } = options
  assertSegment(keyPrefix, 'keyPrefix')
  assertOptions(memory, 'memory')
  assertOptions(l2, 'l2')
  if (compression !== 'off') assertOptions(compression, 'compression', orOff)
  if (options.trace !== undefined && typeof options.trace !== 'function')
    throw new TypeError('trace must be a function, such as openTelemetry(tracer)')
  if (waitUntil !== undefined && typeof waitUntil !== 'function')
    throw new TypeError('waitUntil must be a function; pass an object that has it as a method to bind()')
  if (typeof clock?.monotonic !== 'function') throw new TypeError('clock must have the methods of a Clock')
  const maxTtl = toMilliseconds(options.maxTtl ?? '30d', 'maxTtl')
  const timeout = Math.min(toMilliseconds(l2.timeout ?? '1s', 'l2.timeout'), longestTimer)
  const load = resolveLoad(options, { softTimeout: 0, timeout: 0, beta: 0, stampede: 'isolate' })
  const stale = resolveStale(options, noStale)
  const settings: Settings = {
    keyPrefix,
    maxTtl,
    ttl:
      options.ttl === undefined
        ? Math.max(1, Math.min(defaultTtl, maxTtl - staleWindow(stale)))
        : toMilliseconds(options.ttl, 'ttl'),
    stale,
    load,
    localTtl: options.localTtl === undefined ? undefined : toMilliseconds(options.localTtl, 'localTtl'),
    memory: {
      maxEntries: wholeNumber(memory.maxEntries ?? 1000, 'memory.maxEntries'),
      maxBytes: wholeNumber(memory.maxBytes ?? 8 * 2 ** 20, 'memory.maxBytes'),
      isolation: oneOf(memory.isolation ?? 'clone', ['clone', 'freeze', 'share'], 'memory.isolation'),
    },
    link: {
      timeout,
      retries: wholeNumber(l2.retries ?? 1, 'l2.retries', 0),
      breaker: resolveBreaker(options.breaker),
    },
    maxValueBytes: wholeNumber(options.maxValueBytes ?? 2 ** 20, 'maxValueBytes'),
    compressFrom:
      compression === 'off' ? Infinity : wholeNumber(compression.threshold, 'compression.threshold', 0),
    softTimeout: Math.min(toMilliseconds(l2.softTimeout ?? '300ms', 'l2.softTimeout'), timeout),
    coherence: resolveCoherence(options),
    fence: Math.max(shortestFence, load.timeout + 2 * timeout),
    clock,
    waitUntil,
  }
  assertWithin(maxTtl, settings.ttl, staleWindow(settings.stale), 'ttl')
  if (options.redis !== undefined) assertKept(settings)
  return settings
}

/** The version of an invalidated tag is kept for longer than any entry may live. */
function assertKept({ maxTtl, fence }: Settings): void {
  const most = longestSpan - fence
  if (maxTtl > most) throw new TypeError(`maxTtl must be ${most} ms (a hundred years) at most with a redis`)
}

function resolveCoherence({ coherence = {}, redis }: CacheOptions): CoherenceSettings | undefined {
  if (coherence === 'off') return undefined
  assertOptions(coherence, 'coherence', orOff)
  const { interval = '5s', maxStaleness, push } = coherence
  if (push !== undefined && typeof push?.attach !== 'function')
    throw new TypeError('coherence.push must be push() from hybrid-cache/push')
  if (push !== undefined && redis === undefined) throw new TypeError('coherence.push needs a `redis`')
  const bound = maxStaleness === undefined ? Infinity : toMilliseconds(maxStaleness, 'coherence.maxStaleness')
  return {
    interval: Math.min(toMilliseconds(interval, 'coherence.interval'), bound),
    maxStaleness: bound,
    push,
  }
}

function resolveBreaker(breaker: BreakerOptions | 'off' = {}): BreakerSettings | undefined {
  if (breaker === 'off') return undefined
  assertOptions(breaker, 'breaker', orOff)
  const { failures = 5, ratio = 0.5, minimum = 20, window = '10s', open = '5s' } = breaker
  if (typeof ratio !== 'number' || !(ratio > 0 && ratio <= 1))
    throw new TypeError('breaker.ratio must be a number above 0, and 1 at most')
  return {
    failures: wholeNumber(failures, 'breaker.failures'),
    ratio,
    minimum: wholeNumber(minimum, 'breaker.minimum'),
    window: toMilliseconds(window, 'breaker.window'),
    open: toMilliseconds(open, 'breaker.open'),
  }
}
