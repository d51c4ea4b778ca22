import { type Duration, toMilliseconds } from '../duration.ts'
import { type Clock, nextTask } from '../runtime.ts'

interface Timer {
  readonly at: number
  readonly run: () => void
}

/**
 * A clock that stands still until a test moves it. Pass the same one to the cache and to the `MemoryTransport`: entries then expire,
 * deadlines pass and breakers close when the test says so, at once. The wall clock can be set; the monotonic one only advances.
 *
 * @example
 * ```ts
 * import { createHybridCache } from 'hybrid-cache'
 * import { ManualClock, MemoryTransport } from 'hybrid-cache/testing'
 *
 * const clock = new ManualClock()
 * const cache = createHybridCache({ redis: new MemoryTransport({ clock }), clock })
 * await cache.set('k', 'v', { ttl: '1h' })
 * await clock.advance('1h')
 * console.log(await cache.get('k')) // undefined
 * ```
 */
export class ManualClock implements Clock {
  #wall: number
  #elapsed = 1000
  readonly #timers = new Set<Timer>()

  /** `now`: the initial wall clock, in milliseconds since 1970. Default: 2023-11-14T22:13:20Z. */
  constructor(now = 1_700_000_000_000) {
    if (!Number.isFinite(now))
      throw new TypeError('a ManualClock starts at a finite number of milliseconds since 1970')
    this.#wall = now
  }

  /** The wall clock, in milliseconds since 1970. */
  now(): number {
    return this.#wall
  }

  /** Milliseconds that never jump. */
  monotonic(): number {
    return this.#elapsed
  }

  setTimeout(run: () => void, ms: number): unknown {
    const timer = { at: this.#elapsed + ms, run }
    this.#timers.add(timer)
    return timer
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as Timer)
  }

  /** Sets the wall clock, as an operator or NTP does: no time passes. */
  set(now: number): void {
    if (!Number.isFinite(now))
      throw new TypeError('a clock is set to a finite number of milliseconds since 1970')
    this.#wall = now
  }

  /**
   * Lets time pass, a duration or milliseconds: timers that fall due run in order, and so does the work that they start. Resolves
   * when everything that is ready to run has run; 0 does only that. Rejects with a `TypeError` for an invalid time.
   */
  async advance(time: Duration): Promise<void> {
    const end = this.#elapsed + span(time)
    for (;;) {
      await nextTask()
      const next = this.#next()
      if (next === undefined || next.at > end) break
      this.#timers.delete(next)
      this.#move(Math.max(0, next.at - this.#elapsed))
      next.run()
    }
    this.#move(Math.max(0, end - this.#elapsed))
    await nextTask()
  }

  /**
   * Lets time pass, a duration or milliseconds, in which nothing can run, as if the machine were suspended: timers that fall due
   * meanwhile run late. Throws a `TypeError` for an invalid time.
   */
  jump(time: Duration): void {
    this.#move(span(time))
  }

  /** The timer that falls due first; of several, the one that was set first. */
  #next(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) if (next === undefined || timer.at < next.at) next = timer
    return next
  }

  #move(ms: number): void {
    this.#elapsed += ms
    this.#wall += ms
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.size
  }
}

/** Unlike a lifetime it may be 0, or a fraction of a millisecond. */
function span(time: Duration): number {
  return typeof time === 'number' && time >= 0 && time < Infinity
    ? time
    : toMilliseconds(time, 'the time that passes')
}
