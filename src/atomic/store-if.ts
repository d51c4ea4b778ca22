import { lowestSeed, memberOf } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import { behindStamp, formatTags, parseTags, sortedTags } from '../entry/index.ts'
import { CacheError } from '../errors.ts'
import type { Operation } from '../events.ts'
import type { LuaScript } from '../lua/index.ts'
import type { WriteOptions } from '../options.ts'
import type { RedisParts } from '../parts.ts'
import { softAddress, starAddress, tagAddress, toText, unexpected } from '../redis/index.ts'
import { logKeys, pushWords, replace, type Sealed, seed, toWrite, type Write } from '../write/index.ts'

/** Options of a write that depends on what Redis holds: those of `set`, but Redis is always asked. */
export type ConditionalOptions = Omit<WriteOptions, 'l2'>

/** One conditional write, and the script that makes it. */
export interface ConditionalWrite {
  readonly key: string
  readonly value: unknown
  readonly options: ConditionalOptions
  readonly operation: Operation
  readonly script: LuaScript<Answer>
  /** Whether it replaces a value; otherwise it stores one where there is none. */
  readonly replaces: boolean
  /** The arguments between the key's prefix and the new entry. */
  readonly args: readonly string[]
}

/** What a script answers: whether it wrote, at which version or which one has ended the entry, and tags that it was not told of. */
type Answer = readonly [state: number, version: number, tags: string | null]

const written = 1
const unseeded = -2
const otherTags = -3
const hasEnded = -4
const mostAttempts = 5

/** Stores a value as `set` does, but only if a script decides so; resolves to whether it did. */
export async function storeIf(parts: RedisParts, given: ConditionalWrite): Promise<boolean> {
  const { core, view } = parts
  if ((given.options as WriteOptions).l2 === false) {
    throw new TypeError(`${given.operation} depends on what Redis holds: leave out l2: false`)
  }
  const write = toWrite(core, view, given)
  return replace(core, [write], async (sealed) =>
    sealed.ttl === 0 && !given.replaces ? undefined : attempt(parts, { ...given, write, sealed }),
  )
}

interface Attempt extends ConditionalWrite {
  readonly write: Write
  readonly sealed: Sealed
}

/**
 * A script judges an entry by the versions of its tags, whose keys it has to be given. Most often these are the tags of the new value; if
 * the entry has others, it says so, and is run again.
 */
async function attempt(parts: RedisParts, given: Attempt): Promise<number | undefined> {
  let tags = formatTags(sortedTags(given.options.tags ?? []))
  for (let i = 1; i <= mostAttempts; i++) {
    const [state, version, found] = await ask(parts, given, tags)
    if (state === written) return version
    if (state === unseeded) await seed(parts.core)
    else if (state === otherTags) tags = found ?? tags
    else {
      if (state === hasEnded) parts.core.coherence.noticed(version)
      return undefined
    }
  }
  throw new CacheError('L2_REPLY', 'the entry kept changing between the attempts', { retryable: true })
}

async function ask(
  { core, view, executor }: RedisParts,
  { script, args, write, sealed, options }: Attempt,
  tags: string,
): Promise<Answer> {
  const { coherence, settings } = core
  const member = coherence.isOn ? memberOf('k', view.namespace, write.key) : ''
  const floor = coherence.versions.floor(write.place.localKey, view.tagAddresses([]))
  const { stars, tagged, tagFloor } = versionsOf(core, view.namespace, parseTags(tags))
  const reply: unknown = await executor.run(script, {
    keys: [write.place.physicalKey, coherence.counterKey, ...logKeys(core), ...stars, ...tagged],
    args: [
      settings.keyPrefix,
      ...args,
      behindStamp(sealed.bytes),
      String(sealed.ttl),
      member,
      String(floor),
      String(stars.length),
      tags,
      String(tagFloor),
      String(settings.fence),
      ...pushWords(core, [member]),
    ],
    signal: options.signal,
  })
  const [state, version, found] = Array.isArray(reply) ? (reply as readonly unknown[]) : []
  if (typeof state !== 'number' || typeof version !== 'number') throw unexpected()
  // A script that wrote says at which version, and one that did not for the tags, for which.
  if (state === written && version < lowestSeed) throw unexpected()
  if (state === otherTags && toText(found) === null) throw unexpected()
  return [state, version, toText(found)]
}

/**
 * The keys of the versions of `clear`s and of tags: what has ended an entry counts before this isolate has heard of it. What it knows of
 * the tags counts as well, for Redis may have evicted their versions.
 */
function versionsOf(
  { coherence, settings }: Core,
  namespace: string | undefined,
  tags: readonly string[],
): { readonly stars: readonly string[]; readonly tagged: readonly string[]; readonly tagFloor: number } {
  if (!coherence.isOn) return { stars: [], tagged: [], tagFloor: 0 }
  const keyOf = (address: string): string => `${settings.keyPrefix}:${address}`
  const stars = namespace === undefined ? [] : [keyOf(starAddress(namespace))]
  const hard = tags.map((tag) => tagAddress(namespace, tag))
  return {
    stars: [coherence.starKey, ...stars],
    tagged: [...hard, ...hard.map(softAddress)].map(keyOf),
    tagFloor: coherence.versions.freshFrom(hard),
  }
}
