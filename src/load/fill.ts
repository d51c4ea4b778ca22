import type { Core } from '../core.ts'
import { pack, type Packed } from '../entry/index.ts'
import { FillEntry } from '../lua/index.ts'
import { mayKeep } from '../read/index.ts'
import { report } from '../report.ts'
import { lifetimeOf, seal, type Sealed, stored, type Write, writeLocal } from '../write/index.ts'
import type { LoadCall } from './call.ts'
import type { Flight } from './flight.ts'
import { commit, type Lease } from './lease.ts'

/** What a load knows about the tiers when it has made its value. */
export interface Ground {
  /** The head of the bytes that Redis had for the key; '' for none, `undefined` if Redis is not to be written to. */
  readonly seen: string | undefined
  readonly lease: Lease | undefined
}

/**
 * Stores what a load has made, unless its key was written meanwhile: L2 takes it only in place of what the load saw there,
 * and L1 only if L2 did, or gave no answer. Never rejects: the callers have their value. Resolves to whether L2 was asked to take it,
 * which ends the lease, too.
 */
export async function fill(
  core: Core,
  call: LoadCall,
  { write, ground, flight }: { write: Write; ground: Ground; flight: Flight },
): Promise<boolean> {
  const from = core.settings.clock.now()
  const { lease, seen } = ground
  const { mark, stamp } = flight
  let asked = false
  let kept = isInTime(core, call, flight)
  if (kept && !mark.superseded && seen !== undefined && lifetimeOf(core, write) !== undefined) {
    try {
      const packed = await packInTurn(core, write)
      const sealed = mark.superseded ? undefined : seal(core, write, packed, stamp)
      asked = sealed !== undefined
      kept = sealed !== undefined && (await send(core, call, { seen, lease, sealed, flight }))
      if (kept && sealed !== undefined) stored(core, write, sealed)
    } catch (error) {
      kept = isInTime(core, call, flight) // it may have become too late while it waited for its turn
      report(core, call.operation, error)
    }
  }
  if (kept && mayKeep(core, call.place.localKey, mark, stamp) && isAlive(core, call, flight))
    writeLocal(core, write, { from, stamp })
  return asked
}

/** Whether no invalidation since the load began is known, and any in L2 would still be there to be seen. */
function isInTime(core: Core, call: LoadCall, flight: Flight): boolean {
  const late = core.settings.clock.monotonic() >= latestStart(core, flight) && core.redis !== undefined
  return !late && flight.stamp >= flight.mark.version && isAlive(core, call, flight)
}

/** Until when a load's result may be sent to L2: when it arrives, the tombstone of any removal since the load began is still there. */
function latestStart({ settings: { fence, link } }: Core, { startedAt }: Flight): number {
  return startedAt + fence - link.timeout
}

function isAlive(core: Core, { place }: LoadCall, { stamp, tags }: Flight): boolean {
  return core.coherence.versions.spares(stamp, place.localKey, tags)
}

/** The packed value, once the server's time is known. */
async function packInTurn({ redis, settings }: Core, { encoded }: Write): Promise<Packed> {
  const ready = redis?.ready()
  const failure = ready && (await ready)
  if (failure !== undefined) throw failure
  return pack(encoded?.text ?? '', settings)
}

/** One request: of one command if nothing was there, of three or four otherwise. Resolves to whether L2 has taken it. */
async function send(
  core: Core,
  call: LoadCall,
  { seen, lease, sealed, flight }: { seen: string; lease: Lease | undefined; sealed: Sealed; flight: Flight },
): Promise<boolean> {
  const { stamp } = flight
  const leaveBy = latestStart(core, flight)
  const { bytes, ttl } = sealed
  const { physicalKey } = call.place
  if (lease !== undefined) {
    const kept = await commit(core, call, { lease, seen, sealed, stamp, leaveBy })
    if (!kept) core.events.emit('lease', { state: 'lost', duration: 0 })
    return kept
  }
  if (seen === '') return (await core.redis?.writeNew(physicalKey, bytes, ttl, leaveBy)) === true
  const args = [seen, bytes, String(ttl), String(stamp)]
  return (
    (await core.executor?.run(FillEntry, { keys: [physicalKey], args, leaveBy, signal: undefined })) === 1
  )
}
