import type { HybridCache } from '../cache.ts'
import { type CacheErrorCode, isCacheError } from '../errors.ts'
import { partsOf } from '../parts.ts'
import { ServerClock, unexpected } from '../redis/index.ts'
import type { BreakerState } from '../stats.ts'

/** The health of a cache. */
export interface Health {
  /**
   * `ok`: Redis answers. `degraded`: it does not, and the cache serves from memory and from factories. `memory`: there is no Redis.
   */
  readonly status: 'ok' | 'degraded' | 'memory'
  /** How long Redis took to answer, in milliseconds. */
  readonly latency?: number
  /** Why it is degraded: `BREAKER_OPEN` if Redis was not even asked. */
  readonly error?: CacheErrorCode
  /** How far the server's clock is ahead of the isolate's, in milliseconds. */
  readonly clockOffset?: number
  /** The state of this isolate's circuit breaker; `off` without one. */
  readonly breaker: BreakerState | 'off'
}

/** Options of {@link health}. */
export interface HealthOptions {
  /** Ends the call: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks Redis for the time, for a health probe or a dashboard. A failing Redis is a result, not a rejection. Cost: 1/1; 0/0 while
 * the breaker is open or without Redis. Rejects with the reason of the signal.
 *
 * @example
 * ```ts
 * import { createHybridCache } from 'hybrid-cache'
 * import { health } from 'hybrid-cache/admin'
 *
 * const cache = createHybridCache()
 * const { status, latency } = await health(cache)
 * console.log(status, latency)
 * ```
 */
export async function health(cache: HybridCache, { signal }: HealthOptions = {}): Promise<Health> {
  const { core } = partsOf(cache, 'health')
  const { redis, counters, settings } = core
  signal?.throwIfAborted()
  if (redis === undefined) return { status: 'memory', breaker: 'off' }
  const { clock } = settings
  const server = new ServerClock(clock)
  const started = clock.monotonic()
  try {
    // An open breaker refuses this as well: one of the application's own requests is to be the probe.
    if (counters.l2.breaker !== 'open')
      server.learn(await redis.ask(['TIME'], signal === undefined ? {} : { signal }), started)
    else return { status: 'degraded', error: 'BREAKER_OPEN', breaker: 'open' }
    if (!server.known) throw unexpected()
    const latency = clock.monotonic() - started
    const clockOffset = server.now() - Math.floor(clock.now())
    return { status: 'ok', latency, clockOffset, breaker: counters.l2.breaker }
  } catch (error) {
    signal?.throwIfAborted()
    if (!isCacheError(error)) throw error
    return { status: 'degraded', error: error.code, breaker: counters.l2.breaker }
  }
}
