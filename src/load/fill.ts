import type { Core } from '../core.ts'
import { pack } from '../entry/index.ts'
import { FillEntry } from '../lua/index.ts'
import { mayKeep } from '../read/index.ts'
import { report } from '../report.ts'
import { lifetimeOf, seal, type Sealed, stored, type Write, writeLocal } from '../write/index.ts'
import type { LoadCall } from './call.ts'
import type { Flight } from './flight.ts'
import { commit, giveBack, type Lease } from './lease.ts'

/** What a load knows of the tiers when it has made its value. */
export interface Ground {
  /** How the bytes began that Redis had for the key; '' for none, `undefined` where Redis is not to be written to. */
  readonly seen: string | undefined
  readonly lease: Lease | undefined
}

/**
 * Keeps what a load has made, unless its key was written meanwhile: L2 takes it only in the place of what the load saw there,
 * and L1 only if L2 did, or gave no answer. Never rejects: the callers have their value.
 */
export async function fill(
  core: Core,
  call: LoadCall,
  { write, ground, flight }: { write: Write; ground: Ground; flight: Flight },
): Promise<void> {
  const from = core.settings.clock.now()
  const { lease, seen } = ground
  const { mark, stamp } = flight
  const inTime = isInTime(core, call, flight)
  let kept = inTime
  if (!inTime || mark.superseded || seen === undefined || lifetimeOf(core, write) === undefined) {
    if (lease !== undefined) await giveBack(core, call, lease)
  } else {
    try {
      kept = await fillRedis(core, call, { write, seen, lease, flight })
    } catch (error) {
      kept = isInTime(core, call, flight) // waiting for its turn, it may have become too late
      report(core, call.operation, error)
    }
  }
  if (kept && mayKeep(core, call.place.localKey, mark, stamp) && isAlive(core, call, flight))
    writeLocal(core, write, { from, stamp })
}

/** Whether nothing is known that came after the load began, and whatever did would still be there to tell. */
function isInTime(core: Core, call: LoadCall, flight: Flight): boolean {
  const late = core.settings.clock.monotonic() >= latestStart(core, flight) && core.redis !== undefined
  return !late && flight.stamp >= flight.mark.version && isAlive(core, call, flight)
}

/** Until when a request may leave with what a load has made: whatever removed its key meanwhile is still there when it arrives. */
function latestStart({ settings: { fence, link } }: Core, { startedAt }: Flight): number {
  return startedAt + fence - link.timeout
}

function isAlive(core: Core, { place }: LoadCall, { stamp, tags }: Flight): boolean {
  return core.coherence.versions.spares(stamp, place.localKey, tags)
}

/** One request of one command where nothing was there, of three or four otherwise. */
async function fillRedis(
  core: Core,
  call: LoadCall,
  { write, seen, lease, flight }: { write: Write; seen: string; lease: Lease | undefined; flight: Flight },
): Promise<boolean> {
  const { redis, settings } = core
  if (redis === undefined || write.encoded === undefined) return true
  try {
    const ready = redis.ready()
    if (ready !== undefined) await ready
  } catch (error) {
    if (lease !== undefined) await giveBack(core, call, lease) // nothing was sent that it stands for
    throw error
  }
  const packing = pack(write.encoded.text, settings)
  const packed = packing instanceof Promise ? await packing : packing
  const sealed = flight.mark.superseded ? undefined : seal(core, write, packed, flight.stamp)
  if (sealed === undefined) {
    if (lease !== undefined) await giveBack(core, call, lease)
    return false
  }
  const won = await send(core, call, { seen, lease, sealed, flight })
  if (won) stored(core, write, sealed)
  return won
}

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
