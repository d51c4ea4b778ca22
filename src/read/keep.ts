import type { Mark } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import { type EntryHeader, isFreshLocally, isSlideDue } from '../entry/index.ts'
import { localTtlOf } from '../lifetime.ts'
import type { CopyFacts } from '../memory/index.ts'
import type { View } from '../view.ts'
import type { Found, Read } from './examine.ts'
import { slideFound } from './slide.ts'

/** Counts a hit in L2, lets L1 keep a copy, and extends a sliding entry. */
export function welcome(core: Core, read: Read, found: Found): unknown {
  const { created, idle, took, fresh, end } = found.opened.header
  core.counters.l2.hits++
  core.counters.saved += took
  core.events.emit('hit', {
    tier: 'l2',
    operation: read.operation,
    age: (core.redis?.clock.now() ?? 0) - created,
  })
  if (found.left > 0) keepCopy(core, read, found)
  if (read.extendedAt === undefined && isSlideDue({ idle, idleUntil: fresh, end }, fresh - found.left))
    slideFound(core, read)
  return found.accepted
}

/** Lets L1 keep a copy of what L2 has, stale or not, unless the server's time, and so its age, is unknown. */
export function keepCopy(core: Core, read: Read, { opened, value, left, expired }: Found): void {
  const { header, encoded } = opened
  const { localKey } = read.place
  if (core.redis?.clock.known !== true || read.options.l1 === false || expired) return
  if (!mayKeep(core, localKey, read.mark, header.stamp)) return
  const endsIn = header.idle > 0 ? left + header.end - header.fresh : left
  const staleFor = header.stale === 0 ? 0 : header.stale - header.fresh
  const facts = factsOf(header, read.view)
  core.local.put(
    localKey,
    { value, encoded, facts },
    {
      ttl: localTtlOf(read.options, core.settings, endsIn + staleFor),
      endsIn,
      staleFor,
      idle: header.idle,
      idleTtl: left,
      shared: true,
      from: core.settings.clock.now(),
    },
  )
}

/** Whether L1 may store the result of an operation: no change after `stamp` is known, and L1 holds nothing newer that is fresh. */
export function mayKeep(core: Core, localKey: string, mark: Mark, stamp: number): boolean {
  if (mark.overtaken || stamp < mark.version) return false
  const held = core.local.peek(localKey)
  return held === undefined || held.facts.stamp <= stamp || !isFreshLocally(held, core.settings.clock.now())
}

/** What L1 keeps of a header. */
export function factsOf(header: EntryHeader, view: View): CopyFacts {
  const { created, took, etag, modified, stamp, tags } = header
  return { created, took, etag, modified, stamp, tags: view.tagAddresses(tags), expired: header.fresh === 0 }
}
