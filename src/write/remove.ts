import { memberOf } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import { ExpireEntries, RemoveEntries } from '../lua/index.ts'
import { chunksOf } from '../redis/index.ts'
import type { Place, View } from '../view.ts'
import { Deciding } from './deciding.ts'
import { report } from '../report.ts'
import { logKeys, pushWords, runVersioned } from './versioned.ts'

/** Results in flight for a key are out of date: L1 does not store them, and later calls do not join their loads. */
export function outdate(core: Core, localKey: string): void {
  core.marks.overtake(localKey)
  core.flights.detach(localKey)
}

/** Removes keys from L1, and keeps operations in flight from storing them there; returns how many L1 held. */
export function drop(core: Core, places: readonly Place[]): number {
  let held = 0
  for (const { localKey } of places) {
    outdate(core, localKey)
    if (core.local.remove(localKey)) held++
  }
  return held
}

/** One key that is to be invalidated, and its member of the log. */
interface Target {
  readonly place: Place
  readonly member: string
}

/** How many keys a script takes at once. */
const mostKeys = 500

/** Removes keys from both tiers. L1 drops them first; what was loaded before Redis has answered does not come back. */
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
    const turn = core.redis?.turn
    if (turn !== undefined) await turn
    deciding.sent = true
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

/** Replaces entries by tombstones: one request of three commands, and one per key. */
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

/** Makes keys stale in both tiers; their old values are usable only as stale ones, and never at once (`swr`). */
export async function expireEverywhere(core: Core, view: View, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  const targets = targetsOf(view, keys, 'y')
  // A `set` that is not sent yet replaces what is expired.
  for (const { place } of targets) core.marks.supersede(place.localKey)
  core.events.emit('expire', { tier: 'l1', kind: 'key', count: expireLocal(core, targets) })
  try {
    await Promise.all(chunksOf(targets, mostKeys).map((chunk) => expireVersioned(core, chunk)))
    if (core.redis !== undefined)
      core.events.emit('expire', { tier: 'l2', kind: 'key', count: targets.length })
  } catch (error) {
    expireLocal(core, targets) // it is unknown whether what L1 stored meanwhile was read before it
    throw report(core, 'expire', error)
  }
}

/** Returns how many of them L1 held. */
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
