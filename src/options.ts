import { type Duration, toMilliseconds } from './duration.ts'
import type { Lifetime, SealSettings, Serializer } from './entry/index.ts'
import type { Listeners } from './events.ts'
import type { Isolation } from './memory/index.ts'
import { assertSegment } from './redis/index.ts'
import type { Credentials, LinkSettings, Transport, UpstashClient } from './redis/index.ts'
import { type Clock, systemClock, type WaitUntil } from './runtime.ts'
import type { StandardSchema } from './schema.ts'

/** The budget and the manners of L1. */
export interface MemoryOptions {
  /** The most entries that L1 holds. Default 1,000. */
  readonly maxEntries?: number
  /** The most bytes, estimated, that L1 holds, over all namespaces. A larger single value is not kept. Default 8 MiB. */
  readonly maxBytes?: number
  /** What callers may do to the values they get. Default `'clone'`. */
  readonly isolation?: Isolation
}

/** How patient to be with Redis. */
export interface L2Options {
  /** The longest that one request may take, its retries included. Default 1 s. */
  readonly timeout?: Duration
  /** How often a request that failed on its way is sent again, if all in it may safely run twice. Default 1. */
  readonly retries?: number
}

/** What a cache can be given as its database. */
export type RedisSource = Credentials | UpstashClient | Transport

/** Options of {@link createHybridCache}. */
export interface CacheOptions {
  /** The database; without it the cache lives in memory only. `{ url, token }`, `fromEnv()`, a client of `@upstash/redis`, or a `Transport`. */
  readonly redis?: RedisSource | undefined
  /** What every key in Redis begins with: 1 to 64 characters out of letters, digits and `_ . { } -`. Default `'hc'`. */
  readonly keyPrefix?: string
  /** How long a value lives. Default 5 minutes. */
  readonly ttl?: Duration
  /** How long L1 may keep its copy, never longer than the value lives. Default 30 s, or the whole `ttl` where L1 is the only tier. */
  readonly localTtl?: Duration
  /** The longest `ttl` that is accepted; a longer one throws. Default 30 days. */
  readonly maxTtl?: Duration
  readonly memory?: MemoryOptions
  readonly l2?: L2Options
  /** The largest encoded value, in bytes, that is written or read. Default 1 MiB. */
  readonly maxValueBytes?: number
  /** Compresses values of `threshold` characters or more for Redis (gzip), where the runtime can. Costs CPU time. Default `'off'`. */
  readonly compression?: 'off' | { readonly threshold: number }
  /** Replaces JSON and superjson. */
  readonly serializer?: Serializer
  /** Where the time comes from; for tests. */
  readonly clock?: Clock
  /** Keeps background work alive after the response. Default: the platform's own (Vercel), or none; see also `bind`. */
  readonly waitUntil?: WaitUntil
  /** Listeners, by event name. */
  readonly on?: Listeners
}

/** Options of a call that reads. */
export interface ReadOptions {
  /** Whether to use L1 for this call. Default `true`. */
  readonly l1?: boolean
  /** Whether to use L2 for this call. Default `true`. */
  readonly l2?: boolean
  /** Ends the call: it then rejects with the signal's reason. Others that share its request are not disturbed. */
  readonly signal?: AbortSignal
  /** Checks what was stored; a value that it refuses is a miss. */
  readonly schema?: StandardSchema
}

/** Options of a call that stores. */
export interface WriteOptions {
  /** How long the value lives. Not together with `expiresAt`. Default: the cache's `ttl`; `maxTtl` for a sliding entry. */
  readonly ttl?: Duration
  /** When the value ends: a `Date`, or milliseconds since 1970. One in the past stores nothing. */
  readonly expiresAt?: Date | number
  /** The entry ends when it has not been used for this long; a use extends it once half of the window has gone, never past `ttl` or `expiresAt`. */
  readonly sliding?: Duration
  /** How long L1 may keep its copy. Default: the cache's `localTtl`. */
  readonly localTtl?: Duration
  /** Whether to use L1 for this entry. Default `true`. */
  readonly l1?: boolean
  /** Whether to use L2 for this entry. Default `true`. */
  readonly l2?: boolean
  /** Ends the call: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** Options of a call that reads, or else stores. */
export interface EntryOptions extends ReadOptions, WriteOptions {}

/** The options of a cache, complete and checked. */
export interface Settings extends SealSettings {
  readonly keyPrefix: string
  readonly ttl: number
  readonly localTtl: number | undefined
  readonly maxTtl: number
  readonly memory: { readonly maxEntries: number; readonly maxBytes: number; readonly isolation: Isolation }
  readonly link: LinkSettings
  readonly clock: Clock
  readonly waitUntil: WaitUntil | undefined
}

const defaultTtl = 300_000
const defaultLocalTtl = 30_000

/** Throws a `TypeError` that names the option for whatever cannot be right. */
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
  const maxTtl = toMilliseconds(options.maxTtl ?? '30d', 'maxTtl')
  return {
    keyPrefix,
    maxTtl,
    ttl:
      options.ttl === undefined
        ? Math.min(defaultTtl, maxTtl)
        : atMost(maxTtl, toMilliseconds(options.ttl, 'ttl'), 'ttl'),
    localTtl: options.localTtl === undefined ? undefined : toMilliseconds(options.localTtl, 'localTtl'),
    memory: {
      maxEntries: wholeNumber(memory.maxEntries ?? 1000, 1, 'memory.maxEntries'),
      maxBytes: wholeNumber(memory.maxBytes ?? 8 * 2 ** 20, 1, 'memory.maxBytes'),
      isolation: oneOf(memory.isolation ?? 'clone', ['clone', 'freeze', 'share'], 'memory.isolation'),
    },
    link: {
      timeout: Math.min(toMilliseconds(l2.timeout ?? '1s', 'l2.timeout'), 2 ** 31 - 1), // what a timer takes
      retries: wholeNumber(l2.retries ?? 1, 0, 'l2.retries'),
    },
    maxValueBytes: wholeNumber(options.maxValueBytes ?? 2 ** 20, 1, 'maxValueBytes'),
    compressFrom:
      compression === 'off' ? Infinity : wholeNumber(compression.threshold, 0, 'compression.threshold'),
    clock,
    waitUntil,
  }
}

/**
 * How long the entry of one call is to live, counted from `now`; `undefined` where it has ended already. `onlyLocal`: L1 is
 * the only tier that keeps it. `checked`: the options were accepted before, by a clock that may have been another.
 */
export function resolveLifetime(
  options: WriteOptions,
  settings: Settings,
  { now, onlyLocal, checked = false }: { now: number; onlyLocal: boolean; checked?: boolean },
): Lifetime | undefined {
  const idle = options.sliding === undefined ? 0 : toMilliseconds(options.sliding, 'sliding')
  const ttl = resolveTtl(options, settings, { now, checked, slides: idle > 0 })
  if (ttl <= 0) return undefined
  return {
    ttl,
    idle,
    localTtl: Math.min(resolveLocalTtl(options, settings) ?? (onlyLocal ? ttl : defaultLocalTtl), ttl),
  }
}

/** How long L1 may keep a copy of an entry that was read from L2 and has `left` to live, all in milliseconds. */
export function localTtlOf(options: EntryOptions, settings: Settings, left: number): number {
  return Math.min(resolveLocalTtl(options, settings) ?? defaultLocalTtl, left)
}

function resolveLocalTtl({ localTtl }: WriteOptions, settings: Settings): number | undefined {
  return localTtl === undefined ? settings.localTtl : toMilliseconds(localTtl, 'localTtl')
}

function resolveTtl(
  { ttl, expiresAt }: WriteOptions,
  settings: Settings,
  { now, checked, slides }: { now: number; checked: boolean; slides: boolean },
): number {
  if (expiresAt === undefined) {
    if (ttl === undefined) return slides ? settings.maxTtl : settings.ttl
    return atMost(settings.maxTtl, toMilliseconds(ttl, 'ttl'), 'ttl')
  }
  if (ttl !== undefined) throw new TypeError('give either ttl or expiresAt, not both')
  const end = expiresAt instanceof Date ? expiresAt.getTime() : expiresAt
  if (!Number.isFinite(end)) throw new TypeError('expiresAt must be a valid Date, or milliseconds since 1970')
  const left = Math.ceil(end - now)
  return checked ? Math.min(left, settings.maxTtl) : atMost(settings.maxTtl, left, 'expiresAt')
}

function atMost(maxTtl: number, ms: number, name: string): number {
  if (ms <= maxTtl) return ms
  throw new TypeError(`${name} is longer than maxTtl (${maxTtl} ms): shorten it, or raise maxTtl`)
}

function wholeNumber(value: number, least: number, name: string): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new TypeError(`${name} must be a whole number, ${least} or more`)
}

function oneOf<T extends string>(value: T, allowed: readonly T[], name: string): T {
  if (allowed.includes(value)) return value
  throw new TypeError(`${name} must be one of ${allowed.join(', ')}`)
}
