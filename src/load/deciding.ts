import type { Decider } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import { CacheError } from '../errors.ts'
import { isRequestBound } from '../runtime.ts'
import { Latch } from './latch.ts'

/** A write that decides what L2 is to hold, and whether it succeeded. Other requests poll it; only its own may await it. */
export class Deciding implements Decider {
  readonly ended: Latch = new Latch()
  done = false

  end(done: boolean): void {
    this.done = done
    this.ended.open()
  }
}

/** How often a write that was overtaken looks what became of the others, in milliseconds. */
const lookEvery = 10

/**
 * Whether one of the writes that came later, and were sent before, has taken the place of this one. If all of them
 * failed, this one must still be sent: otherwise it would be acknowledged, but stored nowhere. Rejects where that is not known in time.
 */
export async function isReplaced(
  { settings }: Core,
  later: readonly Decider[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { clock, link } = settings
  const started = clock.monotonic()
  for (;;) {
    if (later.some(({ done }) => done)) return true
    const pending = later.filter(({ ended }) => !ended.isOpen)
    if (pending.length === 0) return false
    signal?.throwIfAborted()
    if (clock.monotonic() - started >= link.timeout)
      throw new CacheError('L2_TIMEOUT', 'a later write to the key took longer than l2.timeout', {
        retryable: true,
      })
    const pause = new Promise<void>((wake) => void clock.setTimeout(wake, lookEvery))
    await (isRequestBound() ? pause : Promise.race([pause, ...pending.map(({ ended }) => ended.opened)]))
  }
}
