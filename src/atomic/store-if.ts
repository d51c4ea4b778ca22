import { lowestSeed, memberOf } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import { behindStamp, stampAndTags } from '../entry/index.ts'
import { CacheError } from '../errors.ts'
import type { Operation } from '../events.ts'
import type { LuaScript } from '../lua/index.ts'
import type { WriteOptions } from '../options.ts'
import type { RedisParts } from '../parts.ts'
import { toText, unexpected } from '../redis/index.ts'
import { nextTask } from '../runtime.ts'
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
  /** Whether it replaces a live entry, rather than what counts as no value. */
  readonly replaces: boolean
  /** The arguments between the key's prefix and the new entry. */
  readonly args: readonly string[]
}

/** What a script answers: whether it wrote, at which version, and the header line of the entry that was there. */
type Answer = readonly [state: number, version: number, head: string | null]

const written = 1
const unseeded = -2
const suspect = -3
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

/** What a conditional write has learned about the entry that it found, by its header line. */
interface Opinion {
  /** It counts as no value. */
  readonly dead?: string
  /** It is alive. */
  readonly vouched?: string
}

interface Attempt extends ConditionalWrite {
  readonly write: Write
  readonly sealed: Sealed
}

/** A script cannot judge tags: it leaves a tagged entry to us, and is run again. */
async function attempt(parts: RedisParts, given: Attempt): Promise<number | undefined> {
  const { core } = parts
  let opinion: Opinion = {}
  for (let i = 1; i <= mostAttempts; i++) {
    const [state, version, head] = await ask(parts, given, opinion)
    if (state === written) return version
    if (state === unseeded) await seed(core)
    else if (head === null || (given.replaces && state !== suspect)) return undefined
    else {
      const alive = await isAlive(parts, given.write, head)
      if (alive && state !== suspect) return undefined
      opinion = alive ? { vouched: head } : { dead: head }
    }
  }
  throw new CacheError('L2_REPLY', 'the entry kept changing between the attempts', { retryable: true })
}

async function ask(
  { core, view, executor }: RedisParts,
  { script, replaces, args, write, sealed, options }: Attempt,
  { dead = '', vouched = '' }: Opinion,
): Promise<Answer> {
  const { coherence, settings } = core
  const member = coherence.isOn ? memberOf('k', view.namespace, write.key) : ''
  const stars = view.tagAddresses([])
  const floor = coherence.versions.floor(write.place.localKey, stars)
  const entry = [behindStamp(sealed.bytes), String(sealed.ttl), member, String(floor), dead]
  const reply: unknown = await executor.run(script, {
    keys: [write.place.physicalKey, coherence.counterKey, ...logKeys(core), ...starKeys(core, stars)],
    args: [
      settings.keyPrefix,
      ...args,
      ...entry,
      String(settings.fence),
      ...(replaces ? [vouched] : []),
      ...pushWords(core, [member]),
    ],
    signal: options.signal,
  })
  const [state, version, head] = Array.isArray(reply) ? (reply as readonly unknown[]) : []
  if (typeof state !== 'number' || typeof version !== 'number') throw unexpected()
  // A script that wrote says at which version.
  if (state === written && version < lowestSeed) throw unexpected()
  return [state, version, toText(head)]
}

/** The keys of the versions of the last `clear`s: one of another isolate, or of the same request, counts before it is known here. */
function starKeys({ coherence, settings }: Core, stars: readonly string[]): readonly string[] {
  return coherence.isOn ? [coherence.starKey, ...stars.map((star) => `${settings.keyPrefix}:${star}`)] : []
}

/** Whether the tags of an entry, by its header line, leave it alive. The log is polled if that is due, and unknown tags are asked for. */
async function isAlive({ core, view }: RedisParts, { place }: Write, head: string): Promise<boolean> {
  const found = stampAndTags(head)
  if (found === undefined || found.tags.length === 0) return true
  const { coherence } = core
  if (coherence.invalidating > 0) await nextTask() // what was sent in the same request has been answered, too, and counts
  const addresses = view.tagAddresses(found.tags)
  await coherence.catchUp(addresses)
  if (coherence.versions.judge(found.stamp, place.localKey, addresses) === 'unknown')
    await coherence.fetchTags(addresses)
  return coherence.versions.judge(found.stamp, place.localKey, addresses) === 'ok'
}
