import type { Clock } from '../runtime.ts'

/** Work that may be ended from outside. */
export interface Bounded<T> {
  readonly outcome: Promise<T>
  /** Rejects at once with `reason`, and aborts the signal of the work. Too late, it does nothing. */
  end(reason: unknown): void
}

/**
 * Runs `work` until it settles, is ended, or `ms` have passed. Work that ignores its signal is left behind: it can neither
 * hold its caller up nor become an unhandled rejection.
 */
export function withDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { ms, clock, late }: { ms: number; clock: Clock; late: () => Error },
): Bounded<T> {
  const controller = new AbortController()
  let end!: (reason: unknown) => void
  const outcome = new Promise<T>((resolve, reject) => {
    const timer = clock.setTimeout(() => end(late()), ms)
    end = (reason) => {
      clock.clearTimeout(timer)
      reject(reason)
      controller.abort(reason)
    }
    work(controller.signal).then(
      (value) => {
        clock.clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clock.clearTimeout(timer)
        reject(error)
      },
    )
  })
  return { outcome, end }
}

export function sleep(ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, ms))
}
