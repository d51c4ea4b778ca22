import type { Clock } from '../../src/index.ts'

interface Timer {
  readonly at: number
  readonly run: () => void
}

/** A clock that stands still until a test moves it. The wall clock can be set; the monotonic one only goes on. */
export class ManualClock implements Clock {
  #wall: number
  #elapsed = 1000
  readonly #timers = new Set<Timer>()

  constructor(now = 1_700_000_000_000) {
    this.#wall = now
  }

  now(): number {
    return this.#wall
  }

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

  /** Sets the wall clock, as an operator or a time service does. */
  set(now: number): void {
    this.#wall = now
  }

  /** Lets time pass: timers that fall due run in their order, and what they set in motion gets its turn. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms
    for (;;) {
      await settle()
      const next = this.#next()
      if (next === undefined || next.at > end) break
      this.#timers.delete(next)
      this.#move(Math.max(0, next.at - this.#elapsed))
      next.run()
    }
    this.#move(end - this.#elapsed)
    await settle()
  }

  /** Lets time pass in which nothing can run, as where a machine is suspended: timers that fall due meanwhile run late. */
  jump(ms: number): void {
    this.#move(ms)
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

/** Lets everything that is ready to run do so. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
