import type { Clock } from '../runtime.ts'
import type { Reply } from './transport.ts'

const refreshAfter = 10 * 60_000
const tolerance = 1000

/**
 * The time of the Redis server. Isolates disagree by seconds, so the instants in an entry are the server's: the
 * offset is learned from a `TIME`, again every ten minutes, and as soon as the isolate's own clock has been set.
 */
export class ServerClock {
  readonly #clock: Clock
  #offset: number | undefined
  #learnedAt = 0
  #drift = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds since 1970, by the server's clock if that is known. */
  now(): number {
    return Math.floor(this.#clock.now() + (this.#offset ?? 0))
  }

  get known(): boolean {
    return this.#offset !== undefined && !this.#wasSet()
  }

  /** Whether the next request should include a `TIME`. */
  get due(): boolean {
    return !this.known || this.#clock.monotonic() - this.#learnedAt > refreshAfter
  }

  /**
   * Takes the reply to a `TIME` that was sent at `sentAt`, by the monotonic clock: the other may be set meanwhile. Of several that
   * were in flight together the first to come back counts, as it took the shortest.
   */
  learn(reply: Reply, sentAt: number): void {
    if (!isTime(reply) || (this.known && sentAt < this.#learnedAt)) return
    const [seconds, micros] = reply.map(Number) as [number, number]
    const received = this.#clock.now()
    this.#learnedAt = this.#clock.monotonic()
    const halfway = received - (this.#learnedAt - sentAt) / 2
    this.#offset = Math.round(seconds * 1000 + micros / 1000 - halfway)
    this.#drift = received - this.#learnedAt
  }

  /** Whether the wall clock has moved against the monotonic one. */
  #wasSet(): boolean {
    return Math.abs(this.#clock.now() - this.#clock.monotonic() - this.#drift) > tolerance
  }
}

/** Seconds since 1970 and microseconds, as text or as numbers. */
function isTime(reply: Reply): reply is readonly Reply[] {
  return (
    Array.isArray(reply) &&
    reply.length === 2 &&
    /^[1-9]\d{0,11}$/.test(textOf(reply[0])) &&
    /^\d{1,6}$/.test(textOf(reply[1]))
  )
}

function textOf(part: unknown): string {
  return typeof part === 'string' || typeof part === 'number' ? String(part) : ''
}
