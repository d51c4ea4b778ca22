import type { Clock } from '../../src/index.ts'

interface Timer {
  readonly at: number
  readonly run: () => void
}

const start = 1_700_000_000_000

/** One time for a whole fleet, which stands still until a test moves it. Each isolate has a clock of its own, set wrong by hours or not. */
export class Timeline {
  /** Milliseconds that have passed. */
  elapsed = 0
  readonly #timers = new Set<Timer>()

  /** A clock that is set wrong by `skew` milliseconds. */
  clock(skew: number): Clock {
    return {
      now: () => start + this.elapsed + skew,
      monotonic: () => 1000 + this.elapsed,
      setTimeout: (run, ms) => {
        const timer = { at: this.elapsed + Math.max(0, ms), run }
        this.#timers.add(timer)
        return timer
      },
      clearTimeout: (timer) => void this.#timers.delete(timer as Timer),
    }
  }

  /** The time as Redis is to tell it: with every request that it executes a little passes. */
  serverTime(requests: number): { seconds: number; micros: number } {
    const micros = (start + Math.floor(this.elapsed)) * 1000 + requests * 50
    return { seconds: Math.floor(micros / 1e6), micros: micros % 1e6 }
  }

  /** Lets time pass: timers run in their order, and what they set in motion comes to rest before the next. */
  async advance(ms: number, settle: () => Promise<void>): Promise<void> {
    const end = this.elapsed + ms
    for (;;) {
      const next = this.#next()
      if (next === undefined || next.at > end) break
      this.#timers.delete(next)
      this.elapsed = Math.max(this.elapsed, next.at)
      next.run()
      await settle()
    }
    this.elapsed = end
    await settle()
  }

  #next(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) if (next === undefined || timer.at < next.at) next = timer
    return next
  }
}
