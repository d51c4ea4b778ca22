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
 * Why a call got a stale value. `swr`: at once, while it is refreshed. `error`: its load failed, or one did so a moment ago.
 * `timeout`: its load, or Redis, took longer than the call had patience.
 */
export type StaleReason = 'swr' | 'error' | 'timeout'

/** What an invalidation is about: keys, all that has a tag, or everything. */
export type InvalidationKind = 'key' | 'tag' | 'all'

/** What each event carries. Never a key, a value, a URL or a token. */
export interface CacheEvents {
  /** A value was found. `age` is milliseconds since it was stored, or in L1 since the copy came there. */
  hit: { tier: Tier; operation: Operation; age: number }
  /** Neither tier that the call may use had a value. */
  miss: { operation: Operation }
  /** A call waits for a load that is on its way already. */
  join: { operation: Operation }
  /** A factory finished; `duration` in milliseconds. `background`: nobody had to wait for it. */
  load: { duration: number; ok: boolean; background: boolean }
  /** A value that was given away is made anew behind the call: `eager` before it ends, else why the call took a stale one. */
  refresh: { reason: 'swr' | 'timeout' | 'eager' }
  /**
   * Who makes a value for the whole fleet, for `duration` milliseconds at most. `won`: this isolate. `waiting`: another one.
   * `lost`: the lease of this one ended, or the key was written, before the value was there; L2 has not taken it.
   */
  lease: { state: 'won' | 'waiting' | 'lost'; duration: number }
  /**
   * A stale value was given away; `age` is milliseconds since it ended, 0 where only L1's trust in its copy had, or where it was
   * expired before.
   */
  stale: { reason: StaleReason; age: number }
  /** A value was stored; `bytes` is its encoded size, or the estimate for a value held by reference. */
  store: { tier: Tier; operation: Operation; bytes: number }
  /** A use extended the life of a sliding entry: `ttl` milliseconds are left to it. */
  extend: { tier: Tier; ttl: number }
  /** So many keys were removed by a call, or what has so many tags, or everything. */
  remove: { tier: Tier; kind: InvalidationKind; count: number }
  /** The same, but what they held may be of use where nothing better is had. */
  expire: { tier: Tier; kind: InvalidationKind; count: number }
  /** Another isolate has invalidated something, as this one has just learned. */
  invalidate: { kind: InvalidationKind }
  /**
   * A look at what other isolates have changed was answered: so many `changes`. `reset`: too much was missed, or the database was
   * flushed, and L1 was emptied.
   */
  check: { changes: number; reset: boolean }
  /** L1 dropped an entry to stay within its budget. */
  evict: { bytes: number }
  /** Stored bytes did not fit and were treated as a miss. */
  discard: { tier: Tier; reason: DiscardReason }
  /** A request to Redis ended, with so many commands in it. `retry`: how often it had been sent before. */
  request: { commands: number; duration: number; retry: number; ok: boolean; code?: CacheErrorCode }
  /** A Lua script ended: a built-in one, by its name, or one of yours. `duration` counts its attempts together. */
  script: { script: string; duration: number; ok: boolean; code?: CacheErrorCode }
  /** A failure that the call survived, or is about to reject with; `BREAKER_OPEN` where nothing was even sent. */
  error: { operation: Operation; error: CacheError }
  /** The circuit breaker of this isolate opened (`reason` is the error that did it), lets a request try, or closed. */
  breaker: { state: BreakerState; reason?: CacheErrorCode }
}

/** The name of an event: see {@link CacheEvents}. */
export type EventName = keyof CacheEvents
/** What is called with an event. One that throws disturbs nobody. */
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
    if (!names.has(name)) throw new TypeError(`there is no event of that name: ${[...names].join(', ')}`)
    if (typeof listener !== 'function') throw new TypeError(`the listener for '${name}' must be a function`)
    const listeners = (this.#listeners[name] ??= new Set<Listener<Name>>() as never) as Set<Listener<Name>>
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  /** Whether anybody listens: the hot path asks before it makes an event. */
  heard(name: EventName): boolean {
    return (this.#listeners[name]?.size ?? 0) > 0
  }

  emit<Name extends EventName>(name: Name, event: CacheEvents[Name]): void {
    const listeners = this.#listeners[name] as Set<Listener<Name>> | undefined
    if (listeners === undefined) return
    // A copy: a listener may end itself and listen anew.
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
