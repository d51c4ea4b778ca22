import type { Clock } from '../runtime.ts'
import type { Reply } from './transport.ts'

const refreshAfter = 10 * 60_000
const tolerance = 1000

/**
 * The time as the Redis server tells it. Isolates disagree by seconds, so the instants in an entry are the server's: the
 * offset is learned from one `TIME`, again every ten minutes, and as soon as the isolate's own clock has been set.
 */
export class ServerClock {
  readonly #clock: Clock
  #offset: number | undefined
  #learnedAt = 0
  #drift = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds since 1970, by the server's clock where it is known. */
  now(): number {
    return this.#clock.now() + (this.#offset ?? 0)
  }

  get known(): boolean {
    return this.#offset !== undefined && !this.#wasSet()
  }

  /** Whether the next request ought to bring a `TIME`. */
  get due(): boolean {
    return !this.known || this.#clock.monotonic() - this.#learnedAt > refreshAfter
  }

  /** Takes the reply to a `TIME` that was sent at `sentAt`, by the isolate's own wall clock. */
  learn(reply: Reply, sentAt: number): void {
    const [seconds, micros] = Array.isArray(reply) ? reply.map(Number) : []
    if (seconds === undefined || micros === undefined || !Number.isFinite(seconds + micros)) return
    const received = this.#clock.now()
    this.#offset = Math.round(seconds * 1000 + micros / 1000 - (sentAt + received) / 2)
    this.#learnedAt = this.#clock.monotonic()
    this.#drift = received - this.#learnedAt
  }

  /** A wall clock that was set shows by having moved against the monotonic one. */
  #wasSet(): boolean {
    return Math.abs(this.#clock.now() - this.#clock.monotonic() - this.#drift) > tolerance
  }
}
