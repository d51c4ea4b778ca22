import { memberOf, type Versions } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import { isCacheError } from '../errors.ts'
import type { Operation } from '../events.ts'
import { InvalidateTags } from '../lua/index.ts'
import { assertTags, softAddress, starAddress, tagAddress } from '../redis/index.ts'
import type { View } from '../view.ts'
import { report } from '../report.ts'
import { pushWords, runVersioned } from './versioned.ts'

/** Invalidates whatever was stored with one of these tags: `t` removes it, `x` makes it stale. */
export async function invalidateTags(
  core: Core,
  view: View,
  { tags, kind }: { tags: string | readonly string[]; kind: 't' | 'x' },
): Promise<void> {
  const operation = kind === 't' ? 'removeByTag' : 'expireByTag'
  const list = [...new Set([tags].flat())]
  assertTags(list)
  core.coherence.assertOn(operation)
  if (list.length === 0) return
  const addresses = list.map((tag) => tagAddress(view.namespace, tag))
  await invalidate(core, operation, {
    keys: kind === 't' ? addresses : addresses.map(softAddress),
    members: list.map((tag) => memberOf(kind, view.namespace, tag)),
    // As long as any entry with the tag may live.
    ttl: core.settings.maxTtl + core.settings.fence,
    forget: () => forgetTagged(core, new Set(addresses)),
    reaches: (localKey) => view.holds(localKey),
    learn: (versions, version) => {
      const told = kind === 't' ? { hard: version } : { soft: version }
      for (const tag of addresses) versions.learnTag(tag, told)
    },
  })
  tell(core, kind === 't' ? 'remove' : 'expire', { kind: 'tag', count: list.length })
}

/** Invalidates everything, in one namespace or in all. */
export async function clearAll(core: Core, view: View): Promise<void> {
  core.coherence.assertOn('clear')
  const star = starAddress(view.namespace)
  const members = [memberOf('*', view.namespace, '')]
  const isRoot = view.namespace === undefined
  await invalidate(core, 'clear', {
    keys: [star],
    members,
    ttl: 0,
    forget: () => (isRoot ? core.local.clear() : forgetTagged(core, new Set([star]))),
    reaches: (localKey) => isRoot || view.holds(localKey),
    learn: (versions, version) =>
      isRoot ? versions.learnStar(version) : versions.learnTag(star, { hard: version }),
  })
  tell(core, 'remove', { kind: 'all', count: 1 })
}

/** One event per tier: from now on both are judged by it. */
function tell(
  core: Core,
  name: 'remove' | 'expire',
  what: { readonly kind: 'tag' | 'all'; readonly count: number },
): void {
  core.events.emit(name, { tier: 'l1', ...what })
  if (core.redis !== undefined) core.events.emit(name, { tier: 'l2', ...what })
}

function forgetTagged(core: Core, tags: ReadonlySet<string>): void {
  core.local.dropWhere(({ facts }) => facts.tags.some((tag) => tags.has(tag)))
}

/** An invalidation, and what to do here if it fails. */
interface Invalidation {
  readonly keys: readonly string[]
  readonly members: readonly string[]
  readonly ttl: number
  /** Drops what it certainly concerns from L1. */
  readonly forget: () => void
  /** Whether it may concern operations in flight on a key. */
  readonly reaches: (localKey: string) => boolean
  /** Takes its version. */
  readonly learn: (versions: Versions, version: number) => void
}

async function invalidate(core: Core, operation: Operation, given: Invalidation): Promise<void> {
  const version = await draw(core, operation, given)
  const { versions } = core.coherence
  given.learn(versions, version)
  versions.wrote(version)
}

async function draw(
  core: Core,
  operation: Operation,
  { keys, members, ttl, forget, reaches }: Invalidation,
): Promise<number> {
  if (core.redis === undefined) return core.coherence.nextLocal()
  const { keyPrefix } = core.settings
  const { counterKey, logKey } = core.coherence
  const run = {
    keys: [counterKey, logKey, ...keys.map((key) => `${keyPrefix}:${key}`)],
    args: [String(ttl), ...members, ...pushWords(core, members)],
    signal: undefined,
  }
  try {
    return await runVersioned(core, InvalidateTags, run)
  } catch (error) {
    forget()
    if (isCacheError(error) && error.code === 'BREAKER_OPEN') throw report(core, operation, error)
    // It is unknown whether it took effect, and which tags a load will have: L1 stores nothing that is in flight, and no call joins it.
    core.marks.overtakeWhere(reaches)
    core.flights.detachWhere(reaches)
    throw report(core, operation, error)
  }
}
