import type { Core } from '../core.ts'
import type { Place, View } from '../view.ts'
import { report } from './report.ts'

/** What is on its way for a key is out of date: L1 does not take it, and nobody may join who comes now. */
export function outdate(core: Core, localKey: string): void {
  core.marks.overtake(localKey)
  core.flights.detach(localKey)
}

/** Takes keys out of L1, together with whatever an operation in flight is about to put there; how many L1 held. */
export function drop(core: Core, places: readonly Place[]): number {
  let held = 0
  for (const { localKey } of places) {
    outdate(core, localKey)
    if (core.local.remove(localKey)) held++
  }
  return held
}

/** Removes keys from both tiers. L1 lets go first, and once more when Redis has answered: a load may have come between. */
export async function removeEverywhere(core: Core, view: View, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  const places = [...new Set(keys)].map((key) => view.place(key))
  for (const { localKey } of places) {
    core.marks.supersede(localKey)
    core.flights.wake(localKey)
  }
  core.events.emit('remove', { tier: 'l1', count: drop(core, places) })
  if (core.redis === undefined) return
  try {
    await core.redis.remove(places.map(({ physicalKey }) => physicalKey))
    core.events.emit('remove', { tier: 'l2', count: places.length })
  } catch (error) {
    throw report(core, 'remove', error)
  } finally {
    drop(core, places)
  }
}
