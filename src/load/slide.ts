// Sliding entries. Redis keeps one for as long as its idle window, and a use extends that life in place: the entry itself is
// never written again, so that no use can bring back what a `set` has just replaced.
import type { Core } from '../core.ts'
import { isSlideDue } from '../entry/index.ts'
import type { LocalEntry } from '../memory/index.ts'
import type { Place, View } from '../view.ts'
import { report } from './report.ts'

/** A use in L1. Where L2 has the entry too it is extended there first, and the copy follows. */
export function slideOnUse(core: Core, view: View, key: string, entry: LocalEntry): void {
  const now = core.settings.clock.now()
  if (!isSlideDue(entry, now)) return
  if (!entry.shared) {
    entry.idleUntil = Math.min(now + entry.idle, entry.until)
    return
  }
  // Once at a time: but a request that was cancelled takes its answer with it.
  if (now - entry.slidAt < core.settings.link.timeout) return
  entry.slidAt = now
  const place = view.place(key)
  slideInBackground(core, view, { place, ttl: Math.min(entry.idle, entry.end - now) }, (left) => {
    if (left === undefined || !core.local.holds(place.localKey, entry)) return
    if (left === 0) core.local.remove(place.localKey)
    else entry.idleUntil = Math.min(now + left, entry.until)
  })
}

/**
 * Extends an entry in L2 by `ttl` milliseconds without holding its caller up, then says how long it lives, counted from this
 * call: 0 where it is gone, `undefined` where Redis did not answer. One request of two commands. Where nothing keeps the work
 * alive it may be lost with the request, and the entry then just is not extended.
 */
export function slideInBackground(
  core: Core,
  view: View,
  { place, ttl }: { place: Place; ttl: number },
  done: (left: number | undefined) => void,
): void {
  const work = async (): Promise<void> => {
    let left: number | undefined
    try {
      left = (await core.redis?.extend(place.physicalKey, ttl)) ?? 0
    } catch (error) {
      report(core, 'slide', error)
    }
    done(left)
  }
  void view.background(work())
}
