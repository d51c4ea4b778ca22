// How much staleness, and how much waiting, a call puts up with.
import { type Duration, longestTimer, toMilliseconds } from './duration.ts'
import { oneOf } from './validate.ts'

/**
 * Who waits for a load that is on its way already: `'isolate'` whoever asks in the same isolate; `'global'` all isolates, by a
 * lease in Redis; `'off'` nobody, so that each call runs its own factory.
 */
export type Stampede = 'isolate' | 'global' | 'off'

/** How values are loaded; per call, or for all calls of a cache. `false` stands for "not", also against the cache's own. */
export interface LoadOptions {
  /** A caller that has a stale value at hand waits this long for the factory, then takes that; the load goes on behind it. Default: as long as it takes. */
  readonly softTimeout?: Duration | false | undefined
  /** How long a caller waits for the factory; then it takes a stale value, or rejects with `FACTORY_TIMEOUT`. Default: as long as it takes. */
  readonly timeout?: Duration | false | undefined
  /**
   * Loads anew, behind a call that hits, shortly before the value ends: with a chance that grows with the time that the last
   * load took. `beta` above 1 does so earlier. Default `false`.
   */
  readonly eager?: boolean | { readonly beta: number } | undefined
  /** Default `'isolate'`. */
  readonly stampede?: Stampede | undefined
}

/** How long values are of use; per call, or for all calls of a cache. `false` stands for "not", also against the cache's own. */
export interface StaleOptions {
  /** For this long after its end a value is given away at once, while a new one is loaded behind the call. Default: not at all. */
  readonly swr?: Duration | false | undefined
  /** For this long after its end a value stands in for a load that fails or takes too long. Default: not at all. */
  readonly staleIfError?: Duration | false | undefined
  /** Shortens each life, and each stay in L1, by a random part of this, half of it at most: what was stored together does not end together. Default: not at all. */
  readonly jitter?: Duration | false | undefined
  /** How long `null` lives: "there is none" is often to be asked again sooner. Default: as long as any other value. */
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

/** Timeouts in milliseconds; 0 where there is none. `beta` is 0 where nothing is loaded before its time. */
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

/** How long after its end a value may be of use at all. */
export function staleWindow({ swr, staleIfError }: StaleSettings): number {
  return Math.max(swr, staleIfError)
}

/** Throws a `TypeError` for a life of `ttl`, and `stale` more, that is longer than the cache accepts. */
export function assertWithin(maxTtl: number, ttl: number, stale: number, name: string): void {
  if (ttl + stale <= maxTtl) return
  const what = stale > 0 ? `${name} with its stale window` : name
  throw new TypeError(`${what} is longer than maxTtl (${maxTtl} ms): shorten it, or raise maxTtl`)
}
