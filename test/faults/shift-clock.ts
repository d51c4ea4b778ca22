import type { Clock } from '../../src/index.ts'

/** The platform's clock, which a test can push on, and the wall clock of which it can set. */
export class ShiftClock implements Clock {
  #passed = 0
  #skew = 0

  now(): number {
    return Date.now() + this.#passed + this.#skew
  }

  monotonic(): number {
    return performance.now() + this.#passed
  }

  setTimeout(run: () => void, ms: number): unknown {
    return setTimeout(run, ms)
  }

  clearTimeout(timer: unknown): void {
    clearTimeout(timer as NodeJS.Timeout)
  }

  /** Lets time pass for who looks at the clock; no timer falls due. */
  pass(ms: number): void {
    this.#passed += ms
  }

  /** The wall clock is set. */
  jump(ms: number): void {
    this.#skew += ms
  }
}
