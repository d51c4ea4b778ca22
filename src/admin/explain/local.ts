import type { Core } from '../../core.ts'
import { isFreshLocally, isOverLocally } from '../../entry/index.ts'
import type { LocalEntry } from '../../memory/index.ts'
import { verdictOf } from '../../read/index.ts'
import type { Place, View } from '../../view.ts'
import type { Examined, StateReason, TierState } from './state.ts'

/** What L1 has, and until when it may serve it. */
export interface ExaminedLocal extends Examined {
  readonly copy?: NonNullable<Examined['copy']> & { readonly trusted: number }
}

/** What L1 has. It stays as it is: this does not count as a use, and an unusable copy is not dropped. */
export function examineLocal(core: Core, { view, place }: { view: View; place: Place }): ExaminedLocal {
  const entry = core.local.peek(place.localKey)
  const now = core.settings.clock.now()
  if (entry === undefined || isOverLocally(entry, now)) return { state: { state: 'absent' } }
  const verdict = verdictOf(core, place.localKey, entry)
  const expired = entry.expired || verdict === 'soft'
  const facts = {
    age: Math.max(0, now - entry.from),
    freshFor: entry.end - now,
    ...(entry.staleUntil > entry.end && { staleFor: entry.staleUntil - now }),
    took: entry.facts.took,
    bytes: entry.bytes,
    tags: view.tagsAt(entry.facts.tags),
  }
  if (verdict === 'dead') return { state: { state: 'removed', ...facts } }
  if (verdict === 'unknown') return { state: { state: 'unknown', reason: 'tag', ...facts } }
  const { end, staleUntil, trusted } = entry
  const copy = { end, staleUntil, expired, trusted }
  return { copy, state: { ...judge(core, entry, { now, expired }), ...facts } }
}

function judge(
  core: Core,
  entry: LocalEntry,
  { now, expired }: { now: number; expired: boolean },
): TierState {
  if (expired) return { state: 'expired' }
  if (!core.coherence.mayTrustLocal) return stale('maxStaleness')
  if (isFreshLocally(entry, now)) return { state: 'fresh' }
  return stale(now < entry.end ? 'localTtl' : 'ended')
}

function stale(reason: StateReason): TierState {
  return { state: 'stale', reason }
}
