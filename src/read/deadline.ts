import type { Core } from '../core.ts'
import { requestTimedOut, withDeadline } from '../redis/index.ts'
import type { View } from '../view.ts'

/** For how long an operation waits for Redis, and where its background work goes. */
export interface Patience {
  /** Until when, by the monotonic clock. */
  readonly deadline: number
  readonly view: View
  /** Ends the wait. Only if no other call waits for the same. */
  readonly signal?: AbortSignal | undefined
}

/** Until when an operation that begins now waits for Redis, by the monotonic clock. */
export function deadlineOf({ settings }: Core): number {
  return settings.clock.monotonic() + settings.link.timeout
}

/**
 * Asks what a reply of Redis has made it necessary to know: an operation waits for all its replies together no longer than for one.
 * A request that misses the deadline goes on in the background, so that the next operation may profit from its reply.
 */
export async function askMore<T>(
  core: Core,
  { deadline, view, signal }: Patience,
  ask: () => Promise<T>,
): Promise<T> {
  const { clock, link } = core.settings
  const ms = deadline - clock.monotonic()
  if (ms <= 0) throw requestTimedOut(link.timeout)
  signal?.throwIfAborted()
  let asked: Promise<unknown> = Promise.resolve()
  const late = (): Error => {
    void view.background(ended(core, asked))
    return requestTimedOut(link.timeout)
  }
  const { outcome, end } = withDeadline(() => (asked = ask()) as Promise<T>, { ms, clock, late })
  const leave = (): void => end(signal?.reason)
  signal?.addEventListener('abort', leave)
  try {
    return await outcome
  } finally {
    signal?.removeEventListener('abort', leave)
  }
}

/** Waits for background work. Not for ever: work that shares a request with one that is gone may never settle. */
export async function ended({ settings }: Core, work: Promise<unknown>): Promise<void> {
  const { clock, link } = settings
  const late = (): Error => requestTimedOut(link.timeout)
  try {
    await withDeadline(() => work, { ms: link.timeout, clock, late }).outcome
  } catch {
    // Each caller that waits for the reply gets the failure itself.
  }
}
