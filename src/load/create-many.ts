import type { Core } from '../core.ts'
import type { EntryOptions } from '../options.ts'
import { readLocal } from '../read/index.ts'
import type { View } from '../view.ts'
import { Batch, type BatchFactory } from './batch.ts'
import { toCall } from './call.ts'
import { getOrLoad } from './load.ts'

/**
 * The values of many keys, each from the first tier that has it; one factory makes the missing ones. Every key is finished before
 * the failure of one rejects, so that what could be stored is.
 */
export async function createMany<T, S>(
  core: Core,
  view: View,
  { keys, factory, options }: { keys: readonly string[]; factory: BatchFactory<T, S>; options: EntryOptions },
): Promise<Map<string, T>> {
  if (typeof factory !== 'function')
    throw new TypeError('getOrCreateMany takes a factory: a function that makes the values')
  const unique = [...new Set(keys)]
  const batch = new Batch(factory as BatchFactory<unknown, unknown>, options.signal)
  const calls = unique.map((key) => ({
    ...toCall(core, view, { key, factory: batch.make, options }),
    operation: 'getOrCreateMany' as const,
    batch,
    ...(options.schema && { begun: batch.begin() }),
  }))
  const skipsLocal = options.l1 === false || options.forceRefresh === true
  const outcomes = await Promise.allSettled(
    calls.map((call) =>
      getOrLoad(core, call, skipsLocal ? undefined : readLocal(core, view, call.key, 'getOrCreateMany')),
    ),
  )
  const found = new Map<string, T>()
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === 'rejected') throw outcome.reason
    if (outcome.value !== undefined) found.set(unique[i] as string, outcome.value as T)
  }
  return found
}
