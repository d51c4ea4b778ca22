// One load in the whole fleet: the isolate that makes a value holds its lease, a key in Redis, and the others wait for the value.
import type { Core } from '../core.ts'
import { tombstoneIn } from '../entry/index.ts'
import { CommitEntry, CompareAndDelete, LeaseEntry } from '../lua/index.ts'
import { toText, unexpected } from '../redis/index.ts'
import { report } from '../report.ts'
import type { Sealed } from '../write/index.ts'
import type { LoadCall } from './call.ts'

/** How long a lease lasts if the call has no `timeout`, in milliseconds. */
const defaultLease = 10_000

/** The right to make the value of a key. */
export interface Lease {
  readonly key: string
  /** Identifies the holder. */
  readonly token: string
  /** The version that the holder had seen when it got the lease; it precedes the token in Redis. */
  stamp: number
  /** All versions that may precede it, if it was asked for more than once and not all replies came. */
  readonly stamps: Set<number>
  /**
   * How long it lasts, in milliseconds: enough for the longest factory, and the write. Not always for a key of many, which waits for
   * the others first.
   */
  readonly ms: number
}

/** What Redis has, and whether this isolate may make the value. */
export interface Leased {
  readonly bytes: string | null
  readonly state: 'hit' | 'won' | 'busy'
  /** How long the lease lasts from now on, in milliseconds. */
  readonly wait: number
}

/** A lease to ask for. Every flight has its own token: a repeated request is granted again. */
export function newLease(core: Core, { view, key, loading }: LoadCall): Lease {
  return {
    key: view.physicalKey('l', key),
    token: crypto.randomUUID(),
    stamp: 0,
    stamps: new Set(),
    ms: (loading.timeout || defaultLease) + core.settings.link.timeout,
  }
}

const states = ['hit', 'won', 'busy'] as const

/**
 * The entry, or else the right to make it. What was stored at `after` or before counts as missing. One request: of two
 * commands for a hit, of three otherwise.
 */
export async function askForLease(
  core: Core,
  { place, view }: LoadCall,
  { lease, after, signal }: { lease: Lease; after: number; signal: AbortSignal | undefined },
): Promise<Leased> {
  const { redis, executor, codec, settings } = core
  if (redis === undefined || executor === undefined) throw new TypeError('a lease is kept in Redis')
  const now = redis.clock.known ? String(redis.clock.now()) : ''
  const { versions } = core.coherence
  const asked = versions.seen
  keptUnder(lease, asked)
  const reply: unknown = await executor.run(LeaseEntry, {
    keys: [place.physicalKey, lease.key],
    args: [
      settings.keyPrefix,
      codec.readable,
      lease.token,
      String(lease.ms),
      now,
      String(after),
      String(asked),
      String(versions.floor(place.localKey, view.tagAddresses([]))),
    ],
    signal,
  })
  const [state, bytes, wait] = Array.isArray(reply) ? (reply as readonly unknown[]) : []
  const what = states[typeof state === 'number' ? state : -1]
  if (what === undefined || typeof wait !== 'number') throw unexpected()
  const text = toText(bytes)
  if (what === 'won') keptUnder(lease, stampOf(asked, text))
  return { bytes: text, state: what, wait }
}

function keptUnder(lease: Lease, stamp: number): void {
  lease.stamp = stamp
  lease.stamps.add(stamp)
}

/** As in the script: a tombstone that comes with the lease counts as seen by its holder, unless that knows no versions yet. */
function stampOf(asked: number, bytes: string | null): number {
  const removed = bytes === null ? undefined : tombstoneIn(bytes)
  return asked === 0 ? 0 : Math.max(asked, removed ?? 0)
}

interface Committed {
  readonly lease: Lease
  readonly seen: string
  readonly sealed: Sealed
  readonly stamp: number
  /** Until when its request may leave, by the monotonic clock. */
  readonly leaveBy: number
}

/** Stores the value, unless the lease went to another meanwhile, or what is under the key is not what was `seen`. */
export async function commit(
  core: Core,
  { place }: LoadCall,
  { lease, seen, sealed, stamp, leaveBy }: Committed,
): Promise<boolean> {
  const args = [lease.token, seen, sealed.bytes, String(sealed.ttl), String(stamp)]
  const keys = [place.physicalKey, lease.key]
  return (await core.executor?.run(CommitEntry, { keys, args, leaveBy, signal: undefined })) === 1
}

/** Releases a lease under which nothing was stored. Never rejects: it would expire by itself. */
export async function release(core: Core, { operation }: LoadCall, lease: Lease): Promise<void> {
  try {
    await core.executor?.run(CompareAndDelete, {
      keys: [lease.key],
      args: [`${lease.stamp}|${lease.token}`],
      signal: undefined,
    })
  } catch (error) {
    report(core, operation, error)
  }
}
