import type { Core } from '../core.ts'
import { requestTimedOut, withDeadline } from '../redis/index.ts'

/** Until when an operation that begins now waits for Redis, by the monotonic clock. */
export function deadlineOf({ settings }: Core): number {
  return settings.clock.monotonic() + settings.link.timeout
}

/**
 * Asks what an answer of Redis made necessary to know: for all its answers together an operation waits as long as for one. What
 * is left behind at the deadline goes on by itself, so that the next operation may find the answer there.
 */
export async function askMore<T>({ settings }: Core, deadline: number, ask: () => Promise<T>): Promise<T> {
  const { clock, link } = settings
  const late = (): Error => requestTimedOut(link.timeout)
  const ms = deadline - clock.monotonic()
  if (ms <= 0) throw late()
  return withDeadline(ask, { ms, clock, late }).outcome
}
