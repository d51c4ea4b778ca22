import type { Core } from '../core.ts'
import { isCacheError } from '../errors.ts'
import type { ReadOptions } from '../options.ts'
import { report } from '../report.ts'
import type { StandardSchema } from '../schema.ts'
import type { View } from '../view.ts'
import { checkEntry } from './checks.ts'
import { deadlineOf } from './deadline.ts'
import { acceptLocal, type Read } from './examine.ts'
import { admit } from './get.ts'
import { readLocal } from './local.ts'
import { withNews } from './news.ts'

/** Reads many keys: each from L1, and all that L1 lacks together from L2. */
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
  const { signal } = options
  const deadline = deadlineOf(core)
  const reads = keys.map((key): Read => {
    const place = view.place(key)
    const mark = core.marks.begin(place.localKey, { reads: true })
    return { place, view, options, operation: 'getMany', deadline, signal, mark }
  })
  try {
    const physicalKeys = reads.map(({ place }) => place.physicalKey)
    const { redis } = core
    const { reply, trusted } = await withNews(core, reads, () => redis.readMany(physicalKeys, options.signal))
    // Waits for all: the failure of one must not affect the others, and marks have to last for as long as something may be stored.
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
