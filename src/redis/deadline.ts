import type { Clock } from '../runtime.ts'

/**
 * Runs `work` until it settles, `ms` have passed, or `abandon` aborts. Work that ignores its signal is left behind: it can
 * neither hold the caller up nor become an unhandled rejection.
 */
export function withDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { ms, clock, late, abandon }: { ms: number; clock: Clock; late: () => Error; abandon: AbortSignal },
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const controller = new AbortController()
    const end = (reason: unknown): void => {
      reject(reason)
      controller.abort(reason)
      cleanUp()
    }
    const leave = (): void => end(abandon.reason)
    const timer = clock.setTimeout(() => end(late()), ms)
    const cleanUp = (): void => {
      clock.clearTimeout(timer)
      abandon.removeEventListener('abort', leave)
    }
    abandon.addEventListener('abort', leave)
    work(controller.signal).then(resolve, reject).finally(cleanUp)
  })
}

export function sleep(ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, ms))
}
