import type { Core } from '../core.ts'
import type { WriteOptions } from '../options.ts'
import type { View } from '../view.ts'
import { replace } from './replace.ts'
import { toWrite, type Write } from './write.ts'

const notPairs = 'setMany takes a Map, or an array of [key, value] pairs'

/** Stores many values. For a key that is given twice the last value counts. */
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
