import { memberOf } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import { ExpireEntries, RemoveEntries } from '../lua/index.ts'
import { chunksOf } from '../redis/index.ts'
import type { Place, View } from '../view.ts'
import { Deciding } from './deciding.ts'
import { report } from '../report.ts'
import { logKeys, pushWords, runVersioned } from './versioned.ts'

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

/** One key that is to be invalidated, and how the log tells of it. */
interface Target {
  readonly place: Place
  readonly member: string
}

/** What a script takes at once. */
const mostKeys = 500

/** Removes keys from both tiers. L1 lets go first; what was loaded before Redis has answered does not come back. */
export async function removeEverywhere(core: Core, view: View, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  const targets = targetsOf(view, keys, 'k')
  const deciding = new Deciding()
  for (const { place } of targets) {
    core.marks.supersede(place.localKey, deciding)
    core.flights.wake(place.localKey)
  }
  const places = targets.map(({ place }) => place)
  core.events.emit('remove', { tier: 'l1', kind: 'key', count: drop(core, places) })
  try {
    await Promise.all(chunksOf(targets, mostKeys).map((chunk) => removeVersioned(core, chunk, undefined)))
    deciding.end(true)
    if (core.redis !== undefined)
      core.events.emit('remove', { tier: 'l2', kind: 'key', count: places.length })
  } catch (error) {
    deciding.end(false)
    drop(core, places)
    throw report(core, 'remove', error)
  }
}

/** Puts tombstones in the place of entries: one request of three commands, and one for each key. */
export async function removeVersioned(
  core: Core,
  targets: readonly Target[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const version = core.redis === undefined ? core.coherence.nextLocal() : await remove(core, targets, signal)
  for (const { place } of targets) core.coherence.wroteKey(place.localKey, version)
  return version
}

function remove(core: Core, targets: readonly Target[], signal: AbortSignal | undefined): Promise<number> {
  const args = [String(core.settings.fence), ...membersOf(core, targets)]
  const run = { keys: keysOf(core, targets), args, signal }
  return runVersioned(core, RemoveEntries, run)
}

/** Ends the freshness of keys in both tiers; what they held is of use only where nothing better can be had. */
export async function expireEverywhere(core: Core, view: View, keys: readonly string[]): Promise<void> {
  const targets = targetsOf(view, keys, 'y')
  // A `set` that is not sent yet replaces what is expired.
  for (const { place } of targets) core.marks.supersede(place.localKey)
  core.events.emit('expire', { tier: 'l1', kind: 'key', count: expireLocal(core, targets) })
  try {
    await Promise.all(chunksOf(targets, mostKeys).map((chunk) => expireVersioned(core, chunk)))
    if (core.redis !== undefined)
      core.events.emit('expire', { tier: 'l2', kind: 'key', count: targets.length })
  } catch (error) {
    expireLocal(core, targets) // nobody knows whether what came meanwhile was read before it
    throw report(core, 'expire', error)
  }
}

/** How many of them L1 held. */
function expireLocal(core: Core, targets: readonly Target[]): number {
  let held = 0
  for (const { place } of targets) {
    outdate(core, place.localKey)
    if (core.local.expireOlder(place.localKey, Infinity)) held++
  }
  return held
}

async function expireVersioned(core: Core, targets: readonly Target[]): Promise<void> {
  const version = core.redis === undefined ? core.coherence.nextLocal() : await expire(core, targets)
  for (const { place } of targets) core.coherence.wroteKey(place.localKey, version, { keepsStale: true })
}

function expire(core: Core, targets: readonly Target[]): Promise<number> {
  const args = [String(core.settings.fence), core.settings.keyPrefix, ...membersOf(core, targets)]
  const run = { keys: keysOf(core, targets), args, signal: undefined }
  return runVersioned(core, ExpireEntries, run)
}

function targetsOf(view: View, keys: readonly string[], kind: 'k' | 'y'): Target[] {
  return [...new Set(keys)].map((key) => ({
    place: view.place(key),
    member: memberOf(kind, view.namespace, key),
  }))
}

function keysOf(core: Core, targets: readonly Target[]): string[] {
  return [core.coherence.counterKey, ...targets.map(({ place }) => place.physicalKey), ...logKeys(core)]
}

function membersOf(core: Core, targets: readonly Target[]): readonly string[] {
  if (!core.coherence.isOn) return []
  const members = targets.map(({ member }) => member)
  return [...members, ...pushWords(core, members)]
}
