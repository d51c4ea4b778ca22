import type { CacheError, CacheErrorCode } from './errors.ts'
import type { BreakerState } from './stats.ts'

/** The tier that an event is about: the isolate's memory, or Redis. */
export type Tier = 'l1' | 'l2'

/** The operation during which an event happened. */
export type Operation =
  | 'get'
  | 'getMany'
  | 'getOrCreate'
  | 'getOrCreateMany'
  | 'getLocal'
  | 'set'
  | 'setMany'
  | 'remove'
  | 'expire'
  | 'removeByTag'
  | 'expireByTag'
  | 'clear'
  | 'slide'
  | 'setIfNotExists'
  | 'setIfExists'
  | 'compareAndSwap'
  | 'getAndExtend'
  | 'counter'
  | 'list'
  | 'rateLimit'
  | 'removeByPattern'
  | 'push'
  | 'lock'

/**
 * Why stored bytes were treated as a miss. `foreign`: not written by this library, or by a newer version of it.
 * `corrupt`: damaged or truncated. `key`: an entry of another key. `codec`: this cache or runtime cannot decode it.
 * `too-large`: above `maxValueBytes`. `schema`: the call's schema refused it.
 */
export type DiscardReason = 'foreign' | 'corrupt' | 'key' | 'codec' | 'too-large' | 'schema'

/**
 * Why a call got a stale value. `swr`: at once, while it is refreshed. `error`: its load failed, or an earlier one failed recently.
 * `timeout`: its load, or Redis, took longer than `softTimeout`, `timeout` or `l2.softTimeout`.
 */
export type StaleReason = 'swr' | 'error' | 'timeout'

/** What an invalidation covers: keys, everything with a tag, or everything. */
export type InvalidationKind = 'key' | 'tag' | 'all'

/** What each event carries. Never a key, a value, a URL or a token. */
export interface CacheEvents {
  /** A value was found. `age` is milliseconds since it was stored, or for L1 since its copy was. */
  hit: { tier: Tier; operation: Operation; age: number }
  /** Neither tier that the call may use had a value. */
  miss: { operation: Operation }
  /** A call waits for a load that is already in flight. */
  join: { operation: Operation }
  /** A factory finished; `duration` in milliseconds. `background`: no call had to wait for it. */
  load: { duration: number; ok: boolean; background: boolean }
  /** A value that a call returned is refreshed in the background: `eager` before it expires, else why the call took a stale one. */
  refresh: { reason: 'swr' | 'timeout' | 'eager' }
  /**
   * Which isolate makes a value for the whole fleet, for `duration` milliseconds at most. `won`: this one. `waiting`: another one.
   * `lost`: this one's lease expired, or the key was written, before the value came; L2 has not stored it.
   */
  lease: { state: 'won' | 'waiting' | 'lost'; duration: number }
  /**
   * A stale value was returned; `age` is milliseconds since it expired, 0 if only L1's copy did (`localTtl`), or if a call expired
   * it early.
   */
  stale: { reason: StaleReason; age: number }
  /** A value was stored; `bytes` is its encoded size, or the estimate for a value held by reference. */
  store: { tier: Tier; operation: Operation; bytes: number }
  /** A use extended a sliding entry, which now has `ttl` milliseconds left. */
  extend: { tier: Tier; ttl: number }
  /**
   * A call removed keys, everything tagged with one of its tags, or everything (`kind`). `count`: of keys, how many L1 held, and for L2
   * how many the call named; of tags, how many; 1 for everything.
   */
  remove: { tier: Tier; kind: InvalidationKind; count: number }
  /** The same for `expire` and `expireByTag`: the values may still be used as stale ones. */
  expire: { tier: Tier; kind: InvalidationKind; count: number }
  /** This isolate has just learned that another one has invalidated something. */
  invalidate: { kind: InvalidationKind }
  /**
   * A poll of the change log was answered, with `changes` new entries. `reset`: too much was missed, or the database was flushed,
   * and L1 was emptied.
   */
  check: { changes: number; reset: boolean }
  /** L1 dropped an entry to stay within its budget. */
  evict: { bytes: number }
  /** Stored bytes were unusable and treated as a miss. */
  discard: { tier: Tier; reason: DiscardReason }
  /** A request of `commands` commands to Redis ended; `duration` in milliseconds. `retry`: how often it had been sent before. */
  request: { commands: number; duration: number; retry: number; ok: boolean; code?: CacheErrorCode }
  /** A Lua script ended: a built-in one, by its name, or one of yours. `duration`: all its attempts together, in milliseconds. */
  script: { script: string; duration: number; ok: boolean; code?: CacheErrorCode }
  /** A failure that the call survived, or is about to reject with; `BREAKER_OPEN` where nothing was even sent. */
  error: { operation: Operation; error: CacheError }
  /** The circuit breaker of this isolate opened (`reason` is the error that did it), lets a probe through, or closed. */
  breaker: { state: BreakerState; reason?: CacheErrorCode }
}

/** The name of an event: see {@link CacheEvents}. */
export type EventName = keyof CacheEvents
/** Called with each event. What it throws is ignored. */
export type Listener<Name extends EventName> = (event: CacheEvents[Name]) => void
/** Listeners given at creation, by event name. */
export type Listeners = { [Name in EventName]?: Listener<Name> }

const names: ReadonlySet<string> = new Set<EventName>([
  'hit',
  'miss',
  'join',
  'load',
  'refresh',
  'lease',
  'stale',
  'store',
  'extend',
  'remove',
  'expire',
  'invalidate',
  'check',
  'evict',
  'discard',
  'request',
  'script',
  'error',
  'breaker',
])

/** The listeners of one cache. */
export class Events {
  readonly #listeners: { [Name in EventName]?: Set<Listener<Name>> } = {}

  constructor(initial: Listeners = {}) {
    for (const name of Object.keys(initial) as EventName[]) {
      const listener = initial[name] as Listener<typeof name> | undefined
      if (listener !== undefined) this.on(name, listener)
    }
  }

  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void {
    if (!names.has(name)) throw new TypeError(`unknown event; the events are ${[...names].join(', ')}`)
    if (typeof listener !== 'function') throw new TypeError(`the listener for '${name}' must be a function`)
    const listeners = (this.#listeners[name] ??= new Set<Listener<Name>>() as never) as Set<Listener<Name>>
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  /** Whether anyone listens: the hot path asks before it makes an event. */
  heard(name: EventName): boolean {
    return (this.#listeners[name]?.size ?? 0) > 0
  }

  emit<Name extends EventName>(name: Name, event: CacheEvents[Name]): void {
    const listeners = this.#listeners[name] as Set<Listener<Name>> | undefined
    if (listeners === undefined) return
    // A copy: a listener may unsubscribe itself and subscribe again.
    for (const listener of Array.from(listeners)) {
      try {
        const outcome: unknown = listener(event)
        if (outcome instanceof Promise) outcome.catch(() => undefined)
      } catch {
        // A listener is an onlooker: its failure must not become the cache's.
      }
    }
  }
}
