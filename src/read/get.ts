import type { Core } from '../core.ts'
import type { EntryOptions } from '../options.ts'
import { report } from '../report.ts'
import type { Note } from '../trace.ts'
import type { View } from '../view.ts'
import { checkEntry } from './checks.ts'
import { deadlineOf } from './deadline.ts'
import { acceptLocal, examine, type Read } from './examine.ts'
import { welcome } from './keep.ts'
import { withNews } from './news.ts'

/** The result of a `get`: the value that L1 has for it, if its schema accepts that, or else that of L2. */
export async function getValue(
  core: Core,
  view: View,
  { key, options, local, note }: { key: string; options: EntryOptions; local: unknown; note: Note },
): Promise<unknown> {
  checkEntry(core, options)
  if (local !== undefined && options.schema !== undefined) {
    const accepted = await acceptLocal(core, options.schema, local)
    if (accepted !== undefined) {
      note({ 'cache.hit': true, 'cache.level': 'l1' })
      return accepted
    }
  }
  const place = view.place(key)
  const mark = core.marks.begin(place.localKey, { reads: true })
  try {
    const value = await readRedis(core, {
      place,
      view,
      operation: 'get',
      options,
      mark,
      deadline: deadlineOf(core),
      signal: options.signal,
    })
    if (value === undefined) core.events.emit('miss', { operation: 'get' })
    note(value === undefined ? { 'cache.hit': false } : { 'cache.hit': true, 'cache.level': 'l2' })
    return value
  } finally {
    core.marks.end(place.localKey, mark)
  }
}

/** The fresh value in L2, which L1 then keeps. A failing Redis is a miss; it rejects only with the reason of the caller's signal. */
async function readRedis(core: Core, read: Read): Promise<unknown> {
  read.options.signal?.throwIfAborted()
  if (core.redis === undefined || read.options.l2 === false) return undefined
  try {
    const { redis } = core
    const { reply, trusted } = await withNews(core, [read], () =>
      redis.read(read.place.physicalKey, read.options.signal),
    )
    return await admit(core, read, trusted ? reply : null)
  } catch (error) {
    read.options.signal?.throwIfAborted() // whatever its reason is, even a CacheError
    report(core, read.operation, error)
    return undefined
  }
}

/** The value in bytes from L2, or `undefined` if they have no fresh and valid one. */
export async function admit(core: Core, read: Read, bytes: string | null): Promise<unknown> {
  const found = await examine(core, read, bytes)
  if (found?.fresh === true) return welcome(core, read, found)
  core.counters.l2.misses++
  return undefined
}
