import type { Clock } from '../runtime.ts'

/** Work whose wait may be ended from outside. */
export interface Bounded<T> {
  readonly outcome: Promise<T>
  /** Rejects at once with `reason`, and aborts the signal of the work. Does nothing once that has settled. */
  end(reason: unknown): void
}

/**
 * Runs `work` until it settles, is ended, or `ms` have passed. Work that ignores its signal is abandoned: it can neither
 * delay its caller nor become an unhandled rejection.
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

/** Waits; rejects with the reason of the signal as soon as it aborts, and leaves no timer behind. */
export function sleep(ms: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const wake = (): void => {
      clock.clearTimeout(timer)
      signal?.removeEventListener('abort', wake)
      if (signal?.aborted) reject(signal.reason)
      else resolve()
    }
    const timer = clock.setTimeout(wake, ms)
    signal?.addEventListener('abort', wake)
  })
}

/** The outcome of work; rejects with the reason of the signal as soon as that aborts. The work itself goes on. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const stay = (): void => signal.removeEventListener('abort', leave)
    const leave = (): void => {
      stay()
      reject(signal.reason)
    }
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave)
    work.then(resolve, reject)
    work.then(stay, stay)
  })
}
