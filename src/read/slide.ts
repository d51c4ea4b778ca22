// Sliding entries: the header says until when one lives if unused, and a use moves that instant in place. Nothing else of the
// entry is written, so that no use can bring back what a `set` has just replaced.
import type { Core } from '../core.ts'
import { isSlideDue } from '../entry/index.ts'
import { SlideEntry } from '../lua/index.ts'
import type { LocalEntry } from '../memory/index.ts'
import type { Place, View } from '../view.ts'
import { unexpected } from '../redis/index.ts'
import { report } from '../report.ts'

/** A use in L1. If L2 has the entry, too, it is extended there first, and the copy follows. */
export function slideOnUse(core: Core, view: View, key: string, entry: LocalEntry): void {
  const now = core.settings.clock.now()
  if (!isSlideDue(entry, now)) return
  if (!entry.shared) {
    entry.idleUntil = Math.min(now + entry.idle, entry.end)
    core.events.emit('extend', { tier: 'l1', ttl: entry.idleUntil - now })
    return
  }
  // One at a time, but not for ever: a request that was cancelled never gets its reply.
  if (now - entry.slidAt < core.settings.link.timeout) return
  slide(core, view, view.place(key), entry)
}

/** A use in L2 of an entry whose idle window has half passed. */
export function slideFound(core: Core, { view, place }: { view: View; place: Place }): void {
  slide(core, view, place, core.local.peek(place.localKey))
}

/**
 * Extends an entry in L2 in the background; the copy in L1 then lives as long, counted from now. One request of three commands.
 * If no `waitUntil` keeps it alive, it may be lost with the request, and the entry is just not extended.
 */
function slide(core: Core, view: View, place: Place, copy: LocalEntry | undefined): void {
  const from = core.settings.clock.now()
  if (copy !== undefined) copy.slidAt = from
  const work = async (): Promise<void> => {
    try {
      const left = await extend(core, place)
      if (left > 0) core.events.emit('extend', { tier: 'l2', ttl: left })
      if (copy === undefined || !core.local.holds(place.localKey, copy)) return
      if (left === 0) core.local.remove(place.localKey)
      else copy.idleUntil = Math.min(from + left, copy.end)
      // Less than the window: that is its absolute end in L2, and no use moves it any more.
      if (left < copy.idle) copy.end = copy.idleUntil
    } catch (error) {
      report(core, 'slide', error)
    }
  }
  void view.background(work())
}

async function extend({ executor, redis, settings }: Core, { physicalKey }: Place): Promise<number> {
  const now = redis?.clock.known === true ? String(redis.clock.now()) : ''
  const args = [settings.keyPrefix, now, String(settings.fence)]
  const left: unknown = await executor?.run(SlideEntry, { keys: [physicalKey], args, signal: undefined })
  if (typeof left !== 'number') throw unexpected()
  return left
}
