import { CacheError, type CacheErrorCode } from '../errors.ts'
import type { Clock } from '../runtime.ts'
import type { BreakerState } from '../stats.ts'

export interface BreakerSettings {
  /** Opens after this many consecutive failed requests. */
  readonly failures: number
  /** Also opens when at least this fraction of the requests within `window` milliseconds failed, once there were `minimum` of them. */
  readonly ratio: number
  readonly minimum: number
  readonly window: number
  /** For how many milliseconds it stays open. */
  readonly open: number
}

/** Its new state; `reason` is the error that opened it. */
export interface BreakerChange {
  readonly state: BreakerState
  readonly reason?: CacheErrorCode
}

/** The results of the requests in a part of the window. */
interface Bucket {
  readonly slot: number
  made: number
  failed: number
}

const bucketsInWindow = 4

/**
 * The circuit breaker. It has no timers, and nothing in it waits for a request to come back: on Workers, one that is cancelled
 * never does.
 */
export class Breaker {
  readonly #settings: BreakerSettings
  readonly #clock: Clock
  readonly #probe: number
  readonly #tell: (change: BreakerChange) => void
  #state: BreakerState = 'closed'
  #reason: CacheErrorCode | undefined
  /** The number of the current state and probe. Results of an earlier one come too late to count. */
  #generation = 0
  #since = 0
  /** How long from `#since` on nothing may pass, unless it is closed. */
  #pause = 0
  #streak = 0
  #buckets: Bucket[] = []

  /** `probe`: after how many milliseconds a probe that has not come back is given up. */
  constructor(
    settings: BreakerSettings,
    { clock, probe, tell }: { clock: Clock; probe: number; tell: (change: BreakerChange) => void },
  ) {
    this.#settings = settings
    this.#clock = clock
    this.#probe = probe
    this.#tell = tell
  }

  /** A ticket for a request that may be sent, with which to report its result; the error for one that may not. */
  enter(): number | CacheError {
    if (this.#state !== 'closed') {
      if (this.#clock.monotonic() - this.#since < this.#pause) return this.#refusal()
      this.#turn('half-open', this.#probe)
    }
    return this.#generation
  }

  /** The request got its answer, or failed with `failure`. */
  leave(ticket: number, failure?: CacheErrorCode): void {
    if (ticket !== this.#generation) return
    if (failure === undefined) this.#succeeded()
    else this.#failed(failure)
  }

  /** No caller waited for the request any more: that says nothing about Redis. */
  abandon(ticket: number): void {
    if (ticket === this.#generation) this.#pause = 0 // the next one may be the probe
  }

  #succeeded(): void {
    if (this.#state === 'half-open') return this.#turn('closed', 0)
    this.#streak = 0
    this.#bucket().made++
  }

  #failed(code: CacheErrorCode): void {
    const bucket = this.#bucket()
    bucket.made++
    bucket.failed++
    this.#streak++
    // Credentials that were refused will be refused again.
    if (this.#state === 'closed' && code !== 'L2_AUTH' && !this.#isTooMuch()) return
    this.#reason = code
    this.#turn('open', this.#settings.open, code)
  }

  #isTooMuch(): boolean {
    const { failures, ratio, minimum } = this.#settings
    if (this.#streak >= failures) return true
    let made = 0
    let failed = 0
    for (const bucket of this.#buckets) {
      made += bucket.made
      failed += bucket.failed
    }
    return made >= minimum && failed >= ratio * made
  }

  /** The bucket for a request that ends now. Buckets that have left the window are dropped. */
  #bucket(): Bucket {
    const slot = Math.floor((this.#clock.monotonic() * bucketsInWindow) / this.#settings.window)
    const last = this.#buckets.at(-1)
    if (last?.slot === slot) return last
    const bucket = { slot, made: 0, failed: 0 }
    this.#buckets = [...this.#buckets.filter((each) => each.slot > slot - bucketsInWindow), bucket]
    return bucket
  }

  #turn(state: BreakerState, pause: number, reason?: CacheErrorCode): void {
    const changed = state !== this.#state
    this.#state = state
    this.#generation++
    this.#since = this.#clock.monotonic()
    this.#pause = pause
    this.#streak = 0
    this.#buckets = []
    if (changed) this.#tell(reason === undefined ? { state } : { state, reason })
  }

  #refusal(): CacheError {
    return new CacheError(
      'BREAKER_OPEN',
      `requests to Redis failed (${this.#reason}), so the breaker is open: it lets one through every ${this.#settings.open} ms (breaker.open)`,
      { retryable: true },
    )
  }
}
