// How much staleness, and how much waiting, a call tolerates.
import { type Duration, longestTimer, toMilliseconds } from './duration.ts'
import { oneOf } from './validate.ts'

/**
 * Who waits for a load that is already in flight: `'isolate'`: calls in the same isolate; `'global'`: those of all isolates, by a
 * lease in Redis; `'off'`: none, so that each call runs its own factory.
 */
export type Stampede = 'isolate' | 'global' | 'off'

/** How values are loaded; per call, or for all calls of a cache. `false` turns an option off, even if the cache sets it. */
export interface LoadOptions {
  /** How long a caller with a usable stale value waits for the factory; then it takes that, and the load goes on. Default: no limit. */
  readonly softTimeout?: Duration | false | undefined
  /** How long a caller waits for the factory; then it takes a stale value, or rejects with `FACTORY_TIMEOUT`. Default: no limit. */
  readonly timeout?: Duration | false | undefined
  /**
   * Refreshes a value in the background of a hit shortly before it expires: the likelier, the nearer its expiry and the longer
   * its last load took. `beta` above 1 does so earlier. Default `false`.
   */
  readonly eager?: boolean | { readonly beta: number } | undefined
  /** Who waits for a load that is already in flight. Default `'isolate'`. */
  readonly stampede?: Stampede | undefined
}

/**
 * How long values are usable; per call, or for all calls of a cache. `false` turns an option off, even if the cache sets it.
 *
 * A stale value is usable by a call if its age past expiry is within the longer of `swr` and `staleIfError`, both of those that it
 * was stored with and of those of the call.
 */
export interface StaleOptions {
  /** For this long after its expiry a value is returned at once, while a new one is loaded in the background. Default: not at all. */
  readonly swr?: Duration | false | undefined
  /** For this long after its expiry a value stands in for a load that fails or takes too long. Default: not at all. */
  readonly staleIfError?: Duration | false | undefined
  /**
   * Shortens each life, and each stay in L1, by a random part of this, at most by half: entries stored together then expire at
   * different times. Default: not at all.
   */
  readonly jitter?: Duration | false | undefined
  /** How long `null` lives at most; with this option it is never returned stale. Default: like any other value. */
  readonly negativeTtl?: Duration | false | undefined
}

/** Everything in milliseconds; 0 where there is none. */
export interface StaleSettings {
  readonly swr: number
  readonly staleIfError: number
  readonly jitter: number
  readonly negativeTtl: number
}

export const noStale: StaleSettings = { swr: 0, staleIfError: 0, jitter: 0, negativeTtl: 0 }

/** Timeouts in milliseconds; 0 where there is none. `beta` is 0 where nothing is refreshed early. */
export interface LoadSettings {
  readonly softTimeout: number
  readonly timeout: number
  readonly beta: number
  readonly stampede: Stampede
}

/** What a call says about staleness, or else the cache. */
export function resolveStale(options: StaleOptions, defaults: StaleSettings): StaleSettings {
  return {
    swr: orNone(options.swr, 'swr', defaults.swr),
    staleIfError: orNone(options.staleIfError, 'staleIfError', defaults.staleIfError),
    jitter: orNone(options.jitter, 'jitter', defaults.jitter),
    negativeTtl: orNone(options.negativeTtl, 'negativeTtl', defaults.negativeTtl),
  }
}

/** What a call says about loading, or else the cache. */
export function resolveLoad(options: LoadOptions, defaults: LoadSettings): LoadSettings {
  const { softTimeout, timeout, eager, stampede = defaults.stampede } = options
  return {
    softTimeout: Math.min(orNone(softTimeout, 'softTimeout', defaults.softTimeout), longestTimer),
    timeout: Math.min(orNone(timeout, 'timeout', defaults.timeout), longestTimer),
    beta: eager === undefined ? defaults.beta : betaOf(eager),
    stampede: oneOf(stampede, ['isolate', 'global', 'off'], 'stampede'),
  }
}

function betaOf(eager: boolean | { readonly beta: number }): number {
  if (typeof eager === 'boolean') return eager ? 1 : 0
  if (Number.isFinite(eager?.beta) && eager.beta > 0) return eager.beta
  throw new TypeError('eager must be true, false, or { beta } with a number above 0')
}

function orNone(value: Duration | false | undefined, name: string, otherwise: number): number {
  if (value === undefined) return otherwise
  return value === false ? 0 : toMilliseconds(value, name)
}

/** How long after its expiry a value may be usable at all. */
export function staleWindow({ swr, staleIfError }: StaleSettings): number {
  return Math.max(swr, staleIfError)
}

/** Throws a `TypeError` for a life of `ttl`, and `stale` more, that is longer than the cache accepts. */
export function assertWithin(maxTtl: number, ttl: number, stale: number, name: string): void {
  if (ttl + stale <= maxTtl) return
  const what = stale > 0 ? `${name} with its stale window` : name
  throw new TypeError(`${what} is longer than maxTtl (${maxTtl} ms): shorten it, or raise maxTtl`)
}
