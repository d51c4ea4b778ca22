import type { Mark, Verdict } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import type { Operation } from '../events.ts'
import { expire, type LocalEntry } from '../memory/index.ts'
import type { View } from '../view.ts'
import { slideOnUse } from './slide.ts'

/** The value in L1, or `undefined`. The path of every hit: synchronous, with few allocations. */
export function readLocal(core: Core, view: View, key: string, operation: Operation): unknown {
  const localKey = view.localKey(key)
  const entry = core.local.find(localKey)
  const value =
    entry !== undefined && isBelieved(core, localKey, entry) ? core.local.valueOf(entry) : undefined
  if (entry === undefined || value === undefined) {
    core.counters.l1Misses++
    return undefined
  }
  if (entry.idle > 0) slideOnUse(core, view, key, entry)
  core.counters.l1Hits++
  core.counters.saved += entry.took
  if (core.events.heard('hit')) tellLocalHit(core, operation, entry)
  return value
}

function tellLocalHit({ events, settings }: Core, operation: Operation, { from }: LocalEntry): void {
  events.emit('hit', { tier: 'l1', operation, age: settings.clock.now() - from })
}

/** Whether L1's copy may be served, by what is known of versions. Judged again only when that has changed. */
function isBelieved(core: Core, localKey: string, entry: LocalEntry): boolean {
  const { versions, mayTrustLocal } = core.coherence
  if (entry.epoch === versions.epoch) return mayTrustLocal
  return isStillAlive(core, localKey, entry) && !entry.expired && mayTrustLocal
}

/** Whether L1's copy is usable at all, even if only as stale; it is dropped if it was removed. */
export function isStillAlive(core: Core, localKey: string, entry: LocalEntry): boolean {
  const { versions } = core.coherence
  if (entry.epoch === versions.epoch) return true
  const verdict = verdictOf(core, localKey, entry)
  if (verdict === 'dead') core.local.remove(localKey)
  if (verdict === 'soft') expire(entry)
  if (verdict === 'dead' || verdict === 'unknown') return false
  entry.epoch = versions.epoch
  return true
}

/** The verdict on L1's copy, by what is known or pushed. */
export function verdictOf({ coherence }: Core, localKey: string, { facts }: LocalEntry): Verdict {
  const { stamp, tags } = facts
  const rumour = coherence.push?.judge(stamp, tags) ?? 'ok'
  const known = coherence.versions.judge(stamp, localKey, tags)
  return rumour === 'dead' || known === 'ok' ? rumour : known
}

/**
 * A stale copy by what is known now, which may be more than when it was found: one that was removed since is unusable. It would come
 * back as new, as the load's stamp says that it knows of that removal.
 */
export function asKnown<C extends Pick<LocalEntry, 'facts' | 'expired'>>(
  core: Core,
  { localKey, mark }: { localKey: string; mark: Mark },
  copy: C | undefined,
): C | undefined {
  if (copy === undefined || copy.facts.stamp < mark.removed) return undefined
  const verdict = core.coherence.versions.judge(copy.facts.stamp, localKey, copy.facts.tags)
  if (verdict === 'dead' || verdict === 'unknown') return undefined
  return verdict === 'soft' && !copy.expired ? { ...copy, expired: true } : copy
}
