import type { Core } from '../core.ts'
import { isCacheError } from '../errors.ts'
import type { ReadOptions, WriteOptions } from '../options.ts'
import type { StandardSchema } from '../schema.ts'
import type { View } from '../view.ts'
import { acceptLocal, admit, readLocal, type Read } from './lookup.ts'
import { askMore, deadlineOf } from './deadline.ts'
import { withNews } from './news.ts'
import { report } from './report.ts'
import { replace, toWrite, type Write } from './store.ts'

interface Asked {
  readonly missing: readonly string[]
  readonly atHand: Map<string, unknown>
  readonly options: ReadOptions
}

/** Reads many keys: each from L1, and all that are not there together from L2. */
export async function readMany(
  core: Core,
  view: View,
  keys: readonly string[],
  options: ReadOptions,
): Promise<Map<string, unknown>> {
  const unique = [...new Set(keys)]
  const local = unique.map((key) =>
    options.l1 === false ? undefined : readLocal(core, view, key, 'getMany'),
  )
  const values = options.schema === undefined ? local : await acceptAll(core, options.schema, local)
  const missing = unique.filter((_, i) => values[i] === undefined)
  const atHand = new Map(unique.flatMap((key, i) => (values[i] === undefined ? [] : [[key, values[i]]])))
  const remote = await readBeside(core, view, { missing, atHand, options })
  const found = new Map<string, unknown>()
  for (const key of unique) {
    const value = atHand.has(key) ? atHand.get(key) : remote.get(key)
    if (value === undefined) core.events.emit('miss', { operation: 'getMany' })
    else found.set(key, value)
  }
  return found
}

function acceptAll(core: Core, schema: StandardSchema, values: readonly unknown[]): Promise<unknown[]> {
  return Promise.all(
    values.map((value) => (value === undefined ? undefined : acceptLocal(core, schema, value))),
  )
}

/** What L1 lacks; and what it gave, where the news that came with that have ended it, which then is not at hand any more. */
async function readBeside(
  core: Core,
  view: View,
  { missing, atHand, options }: Asked,
): Promise<Map<string, unknown>> {
  if (missing.length === 0 || atHand.size === 0) return readMissing(core, view, missing, options)
  const deadline = deadlineOf(core)
  const copies = [...atHand.keys()].map((key) => {
    const localKey = view.localKey(key)
    return { key, localKey, copy: core.local.peek(localKey), mark: core.marks.begin(localKey) }
  })
  let remote: Map<string, unknown>
  try {
    remote = await readMissing(core, view, missing, options)
  } finally {
    for (const { localKey, mark } of copies) core.marks.end(localKey, mark)
  }
  const { versions } = core.coherence
  const ended = copies.filter(({ localKey, copy, mark }) => {
    if (copy === undefined || mark.overtaken) return false // it was replaced here, later than this call began
    return copy.facts.stamp < mark.version || !versions.spares(copy.facts.stamp, localKey, copy.facts.tags)
  })
  if (ended.length === 0) return remote
  for (const { key } of ended) atHand.delete(key)
  const keys = ended.map(({ key }) => key)
  try {
    const patience = { deadline, view, signal: options.signal }
    const again = await askMore(core, patience, () => readMissing(core, view, keys, options))
    return new Map([...remote, ...again])
  } catch (error) {
    options.signal?.throwIfAborted()
    report(core, 'getMany', error)
    return remote
  }
}

async function readMissing(
  core: Core,
  view: View,
  keys: readonly string[],
  options: ReadOptions,
): Promise<Map<string, unknown>> {
  if (keys.length > 0) options.signal?.throwIfAborted()
  if (core.redis === undefined || options.l2 === false || keys.length === 0) return new Map()
  const [operation, deadline, { signal }] = ['getMany', deadlineOf(core), options] as const
  const reads = keys.map((key): Read => {
    const place = view.place(key)
    return { place, view, options, operation, deadline, signal, mark: core.marks.begin(place.localKey) }
  })
  try {
    const physicalKeys = reads.map(({ place }) => place.physicalKey)
    const { redis } = core
    const { reply, trusted } = await withNews(core, reads, () => redis.readMany(physicalKeys, options.signal))
    // All come to their end: one that fails is no matter of the others, and marks last for as long as something may be stored.
    const outcomes = await Promise.allSettled(
      reads.map((read, i) => admit(core, read, trusted ? (reply[i] ?? null) : null)),
    )
    options.signal?.throwIfAborted()
    const failures = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []))
    const foreign = failures.find((error) => !isCacheError(error))
    if (failures.length > 0) report(core, 'getMany', foreign ?? failures[0])
    const found = new Map<string, unknown>()
    for (const [i, each] of outcomes.entries())
      if (each.status === 'fulfilled') found.set(keys[i] as string, each.value)
    return found
  } catch (error) {
    options.signal?.throwIfAborted()
    report(core, 'getMany', error)
    return new Map()
  } finally {
    for (const { place, mark } of reads) core.marks.end(place.localKey, mark)
  }
}

const notPairs = 'setMany takes a Map, or an array of [key, value] pairs'

/** Stores many values. The last of a key that is given twice counts. */
export async function writeMany(
  core: Core,
  view: View,
  entries: Iterable<readonly [string, unknown]>,
  options: WriteOptions,
): Promise<void> {
  if (typeof (entries as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] !== 'function') {
    throw new TypeError(notPairs)
  }
  const writes = new Map<string, Write>()
  for (const pair of entries) {
    if (!Array.isArray(pair)) throw new TypeError(notPairs)
    const [key, value] = pair as unknown as readonly [string, unknown]
    writes.set(key, toWrite(core, view, { key, value, options, operation: 'setMany' }))
  }
  if (writes.size > 0) await replace(core, [...writes.values()])
}
