import type { Core } from '../core.ts'
import { isCacheError } from '../errors.ts'
import type { ReadOptions, WriteOptions } from '../options.ts'
import type { StandardSchema } from '../schema.ts'
import type { View } from '../view.ts'
import { checkEntry } from './checks.ts'
import { acceptLocal, admit, readLocal, type Read } from './read.ts'
import { deadlineOf } from './deadline.ts'
import { withNews } from './news.ts'
import { report } from '../report.ts'
import { replace, toWrite, type Write } from './store.ts'

/** Reads many keys: each from L1, and all that are not there together from L2. */
export async function readMany(
  core: Core,
  view: View,
  keys: readonly string[],
  options: ReadOptions,
): Promise<Map<string, unknown>> {
  checkEntry(core, options)
  const unique = [...new Set(keys)]
  const local = unique.map((key) =>
    options.l1 === false ? undefined : readLocal(core, view, key, 'getMany'),
  )
  const values = options.schema === undefined ? local : await acceptAll(core, options.schema, local)
  const missing = unique.filter((_, i) => values[i] === undefined)
  const remote = await readMissing(core, view, missing, options)
  const found = new Map<string, unknown>()
  for (const [i, key] of unique.entries()) {
    const value = values[i] === undefined ? remote.get(key) : values[i]
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
    const mark = core.marks.begin(place.localKey, { reads: true })
    return { place, view, options, operation, deadline, signal, mark }
  })
  try {
    const physicalKeys = reads.map(({ place }) => place.physicalKey)
    const { redis } = core
    const { reply, trusted } = await withNews(core, reads, () => redis.readMany(physicalKeys, options.signal))
    // Waits for all: the failure of one must not touch the others, and marks have to last for as long as something may be stored.
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
