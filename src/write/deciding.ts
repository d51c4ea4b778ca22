import type { Decider, Later, Mark } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import { CacheError } from '../errors.ts'
import { isRequestBound } from '../runtime.ts'
import { Latch } from '../latch.ts'

/** An unconditional write, which decides what L2 holds, and whether it succeeded. Other requests poll it; only its own may await it. */
export class Deciding implements Decider {
  readonly ended: Latch = new Latch()
  sent = false
  done = false

  end(done: boolean): void {
    this.done = done
    this.ended.open()
  }
}

/** What a write learns about later writes to its key. */
export interface Heard {
  readonly deciding: Deciding
  readonly mark: Mark
  readonly later: Later
}

/** How often a write that was overtaken polls the outcome of the others, in milliseconds. */
const lookEvery = 10

/** A write that was issued later, sent earlier, and has not failed: one that is done if there is one, else the last. */
function overtaker({ later }: Heard): Decider | undefined {
  let last: Decider | undefined
  for (let write = later.next; write !== undefined; write = write.next) {
    const by = write.by as Decider
    if (by.done) return by
    if (by.sent && !by.ended.isOpen) last = by
  }
  return last
}

/** Whether a write that was issued later is ahead, as far as is known. */
export function isOvertaken(heard: Heard): boolean {
  return heard.mark.superseded || overtaker(heard) !== undefined
}

/**
 * Whether one of the writes that were issued later, but sent earlier, has replaced this one. If all of them failed, this one must
 * still be sent: otherwise it would be acknowledged, but stored nowhere. Rejects if that is not known in time.
 */
export async function isReplaced(
  { settings }: Core,
  heard: Heard,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { clock, link } = settings
  const started = clock.monotonic()
  for (;;) {
    const by = overtaker(heard)
    if (by?.done === true) return true
    if (by === undefined && !heard.mark.superseded) return false
    signal?.throwIfAborted()
    if (by === undefined || clock.monotonic() - started >= link.timeout)
      throw new CacheError('L2_TIMEOUT', 'it is not known whether a later write to the key was stored', {
        retryable: true,
      })
    const pause = new Promise<void>((wake) => void clock.setTimeout(wake, lookEvery))
    // That of the last: if it is stored, nothing else counts.
    await (isRequestBound() ? pause : Promise.race([pause, by.ended.opened]))
  }
}
