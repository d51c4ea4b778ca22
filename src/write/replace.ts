import { type Later, type Mark, memberOf } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import { behindStamp, pack } from '../entry/index.ts'
import { SetEntry } from '../lua/index.ts'
import type { WriteOptions } from '../options.ts'
import { mayKeep } from '../read/index.ts'
import { unlessAborted } from '../redis/index.ts'
import { report } from '../report.ts'
import { Deciding, type Heard, isOvertaken, isReplaced } from './deciding.ts'
import { drop, removeVersioned } from './remove.ts'
import { logKeys, pushWords, runVersioned } from './versioned.ts'
import { seal, type Sealed, stored, usesRedis, type Write, writeLocal } from './write.ts'

/** Stores an entry only if what L2 holds allows it; resolves to its version, or to `undefined` if it was not stored. */
export type Condition = (sealed: Sealed) => Promise<number | undefined>

/**
 * Replaces values in both tiers. L1 drops its copies first and stores the new value once L2 has it, unless another write came in
 * between: which of the two Redis executed last is then unknown here, and the next read asks. Resolves to whether all are stored,
 * which only a condition can prevent.
 */
export async function replace(core: Core, writes: readonly Write[], condition?: Condition): Promise<boolean> {
  const heard = writes.map(({ place, options }): Heard => {
    const deciding = new Deciding()
    const decides = condition === undefined && usesRedis(core, options)
    if (!leavesOutRedis(core, options)) core.marks.supersede(place.localKey, decides ? deciding : undefined)
    core.flights.wake(place.localKey)
    drop(core, [place])
    const mark = core.marks.begin(place.localKey)
    const later: Later = {}
    mark.explicit = later
    return { deciding, mark, later }
  })
  const from = core.settings.clock.now()
  const outcomes = await Promise.allSettled(
    // A caller that leaves does not wait for what has to be known first; the same signal then prevents the write from being sent.
    writes.map((write, i) =>
      unlessAborted(writeRedis(core, write, heard[i] as Heard, condition), write.options.signal),
    ),
  )
  for (const [i, write] of writes.entries()) {
    const { deciding, mark } = heard[i] as Heard
    deciding.end(outcomes[i]?.status === 'fulfilled')
    acknowledge(core, write, { mark, outcome: outcomes[i], from })
  }
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') throw report(core, writes[0]?.operation ?? 'set', outcome.reason)
    if (outcome.value === undefined) return false
  }
  return true
}

/** Whether a write is of this isolate alone, though there is an L2: it decides nothing there. */
function leavesOutRedis(core: Core, options: WriteOptions): boolean {
  return core.redis !== undefined && !usesRedis(core, options)
}

/** Takes the outcome of a write: L1 stores its value, unless a newer version is known, or it is unknown whether L2 stored it. */
function acknowledge(
  core: Core,
  write: Write,
  {
    mark,
    outcome,
    from,
  }: { mark: Mark; outcome: PromiseSettledResult<number | undefined> | undefined; from: number },
): void {
  const { localKey } = write.place
  const stamp = outcome?.status === 'fulfilled' ? outcome.value : undefined
  core.marks.end(localKey, mark)
  if (stamp === undefined) drop(core, [write.place])
  else {
    // A write that leaves L2 out draws no version. Its stamp is another's: it says nothing of L2, nor that the log was read so far.
    if (!leavesOutRedis(core, write.options)) core.coherence.wroteKey(localKey, stamp)
    else if (!mark.overtaken) core.marks.overtake(localKey) // a later write has done so already, and counts
    if (mayKeep(core, localKey, mark, stamp)) writeLocal(core, write, { from, stamp })
  }
}

/**
 * Writes an entry to L2: one request, of four commands. Issues the command synchronously, so that what a caller issues in one tick
 * keeps its order, unless the server's time is still unknown, for which the others wait, too, or the value is to be compressed: what is
 * called later is sent before it. Resolves to the version of the write.
 */
async function writeRedis(
  core: Core,
  write: Write,
  heard: Heard,
  condition?: Condition,
): Promise<number | undefined> {
  const { redis } = core
  const { encoded, options } = write
  if (redis === undefined || encoded === undefined || !usesRedis(core, options))
    return core.coherence.nextLocal()
  const ready = redis.ready()
  const failure = ready && (await ready)
  if (failure !== undefined) throw failure
  const packing = pack(encoded.text, core.settings)
  const packed = packing instanceof Promise ? await packing : packing
  // A later write of this isolate counts if it was sent already. If a condition decides, only Redis can tell.
  if (condition === undefined)
    while (isOvertaken(heard)) if (await isReplaced(core, heard, options.signal)) return 0
  heard.deciding.sent = true
  const sealed = seal(core, write, packed)
  const version =
    condition === undefined
      ? await send(core, write, sealed)
      : await condition(sealed ?? { bytes: '', ttl: 0 })
  if (version !== undefined && sealed !== undefined) stored(core, write, sealed)
  return version
}

/** An entry that has expired already is a removal. */
async function send(core: Core, write: Write, sealed: Sealed | undefined): Promise<number> {
  const { view, key, place, options } = write
  const { signal } = options
  const member = memberOf('k', view.namespace, key)
  if (sealed === undefined) return removeVersioned(core, [{ place, member }], signal)
  const keys = [core.coherence.counterKey, place.physicalKey, ...logKeys(core)]
  const args = [behindStamp(sealed.bytes), String(sealed.ttl), core.coherence.isOn ? member : '']
  return runVersioned(core, SetEntry, { keys, args: [...args, ...pushWords(core, [member])], signal })
}
