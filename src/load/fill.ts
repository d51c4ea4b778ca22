import type { Core } from '../core.ts'
import { pack } from '../entry/index.ts'
import { FillEntry } from '../lua/index.ts'
import type { LoadCall } from './call.ts'
import { commit, giveBack, type Lease } from './lease.ts'
import type { Mark } from './marks.ts'
import { report } from './report.ts'
import { lifetimeOf, seal, type Sealed, stored, type Write, writeLocal } from './store.ts'

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
  { write, ground, mark }: { write: Write; ground: Ground; mark: Mark },
): Promise<void> {
  const from = core.settings.clock.now()
  const life = lifetimeOf(core, write)
  const { lease } = ground
  let kept = true
  if (life === undefined || mark.superseded || ground.seen === undefined) {
    if (lease !== undefined) await giveBack(core, call, lease)
  } else {
    try {
      kept = await fillRedis(core, call, { write, seen: ground.seen, lease, mark })
    } catch (error) {
      report(core, call.operation, error)
    }
  }
  if (kept && !mark.overtaken) writeLocal(core, write, from)
}

/** One request of one command where nothing was there, of three or four otherwise. */
async function fillRedis(
  core: Core,
  call: LoadCall,
  { write, seen, lease, mark }: { write: Write; seen: string; lease: Lease | undefined; mark: Mark },
): Promise<boolean> {
  const { redis, settings } = core
  if (redis === undefined || write.encoded === undefined) return true
  const ready = redis.ready()
  if (ready !== undefined) await ready
  const packing = pack(write.encoded.text, settings)
  const packed = packing instanceof Promise ? await packing : packing
  const sealed = mark.superseded ? undefined : seal(core, write, packed)
  if (sealed === undefined) return false
  const won = await send(core, call, { seen, lease, sealed })
  if (won) stored(core, write, sealed)
  return won
}

async function send(
  core: Core,
  call: LoadCall,
  { seen, lease, sealed }: { seen: string; lease: Lease | undefined; sealed: Sealed },
): Promise<boolean> {
  const { bytes, ttl } = sealed
  const { physicalKey } = call.place
  if (lease !== undefined) return commit(core, call, { lease, seen, sealed })
  if (seen === '') return (await core.redis?.writeNew(physicalKey, bytes, ttl)) === true
  const args = [seen, bytes, String(ttl)]
  return (await core.executor?.run(FillEntry, { keys: [physicalKey], args, signal: undefined })) === 1
}
