// How a load looks at L2 where the fleet makes a value once: it asks for the entry or the lease, and waits while another has that.
import type { Core } from '../core.ts'
import { askMore, deadlineOf, ended, type Read, withNews } from '../read/index.ts'
import { seed } from '../write/index.ts'
import type { LoadCall } from './call.ts'
import type { Ground } from './fill.ts'
import type { Flight } from './flight.ts'
import { becomeRefresh, headIn, type Looking, readOf, settleOrRemember, signalOf } from './found.ts'
import { askForLease, type Lease, type Leased, release } from './lease.ts'

/** What asking once came to. */
type Step =
  /** The load has what it came for, or nobody waits for it any more. */
  | { readonly kind: 'settled' }
  /** The value is to be made here. */
  | { readonly kind: 'won'; readonly seen: string }
  /** An entry that is unusable although the script, which sees headers only, took it for a hit: asked again, it is to count as missing. */
  | { readonly kind: 'refused'; readonly seen: string; readonly again: boolean }
  /** Another isolate makes the value; its lease lasts for `wait` milliseconds. */
  | { readonly kind: 'busy'; readonly seen: string; readonly wait: number }

/** Asks until the entry is there, or the lease is ours, or the wait has lasted as long as a lease does. */
export async function lookTogether(
  core: Core,
  flight: Flight,
  looking: Looking & { lease: Lease },
): Promise<Ground | undefined> {
  const { clock } = core.settings
  const { call, lease } = looking
  const giveUpAt = clock.monotonic() + lease.ms
  let { after } = looking
  let deadline = deadlineOf(core)
  let seen = ''
  for (let round = 0; clock.monotonic() < giveUpAt; round++) {
    const read = { ...readOf(core, flight, call), deadline }
    const step = await stepOf(core, flight, { ...looking, after, read })
    if (step.kind === 'settled') return undefined
    seen = step.seen
    if (step.kind === 'won') {
      core.events.emit('lease', { state: 'won', duration: lease.ms })
      core.flights.takeOver(call.place.localKey)
      if (!looking.background) becomeRefresh(core, flight, call)
      return { seen, lease }
    }
    if (step.kind === 'refused') {
      if (round > 0 || !step.again) break
      after = core.redis?.clock.now() ?? after
    } else {
      await waitElsewhere(core, flight, { ...looking, wait: step.wait, round })
      if (flight.outcome !== undefined) return undefined
      deadline = deadlineOf(core)
    }
  }
  return { seen, lease: undefined }
}

/** Asks once. A lease that was won for nothing is released. */
async function stepOf(
  core: Core,
  flight: Flight,
  asking: Looking & { lease: Lease; read: Read },
): Promise<Step> {
  const { reply, trusted, found } = await askTogether(core, flight, asking)
  const { bytes, state, wait } = reply
  if (found || flight.outcome !== undefined) {
    if (state === 'won') await release(core, asking.call, asking.lease)
    return { kind: 'settled' }
  }
  const seen = headIn(bytes)
  if (state === 'won') return { kind: 'won', seen }
  if (state === 'busy') return { kind: 'busy', seen, wait }
  // If versions are not known, no other isolate will trust the entry either.
  return { kind: 'refused', seen, again: trusted }
}

/** Asks once. If that fails, the load goes on without the lease, which is released if it was won, or may still be. */
async function askTogether(
  core: Core,
  flight: Flight,
  { lease, read, ...looking }: Looking & { lease: Lease; read: Read },
): Promise<{ reply: Leased; trusted: boolean; found: boolean }> {
  const { call, after } = looking
  const asked = { lease, after, signal: signalOf(flight, looking) }
  const asks: Promise<Leased>[] = []
  lease.stamps.clear()
  let learning: Promise<void> | undefined
  const ask = (): Promise<Leased> => {
    learning = core.redis?.askTheTime()
    return askForLease(core, call, asked)
  }
  try {
    const { reply, trusted } = await withNews(core, [read], () =>
      askMore(core, read, () => {
        const granted = core.redis?.turn?.then(ask) ?? ask()
        asks.push(granted)
        return granted
      }),
    )
    if (core.redis?.clock.known === false) await learning // freshness cannot be judged without the time
    const found = await settleOrRemember(core, flight, { ...looking, read, trusted }, reply.bytes)
    if (!trusted) await askMore(core, read, () => seed(core))
    return { reply, trusted, found }
  } catch (error) {
    if (asks.length > 0) void call.view.background(letGo(core, call, lease, asks))
    throw error
  }
}

/** Never rejects. The result of an ask that failed is unknown: if it was the only one, a lease that it won expires by itself. */
async function letGo(core: Core, call: LoadCall, lease: Lease, asks: Promise<Leased>[]): Promise<void> {
  let won = false
  const learn = async (granted: Promise<Leased>): Promise<void> => {
    if ((await granted).state === 'won') won = true
  }
  await Promise.all(asks.map((granted) => ended(core, learn(granted))))
  if (!won) return
  for (const stamp of lease.stamps) await release(core, call, { ...lease, stamp })
}

/** While another isolate makes the value: callers with a stale one take it, and the others wait. */
async function waitElsewhere(
  core: Core,
  flight: Flight,
  { call, background, wait, round }: Looking & { wait: number; round: number },
): Promise<void> {
  const { clock } = core.settings
  if (round === 0) core.events.emit('lease', { state: 'waiting', duration: wait })
  if (background) {
    core.flights.leaveElsewhere(call.place.localKey, Math.min(wait, longestPause))
    flight.settle({ kind: 'none' })
    return
  }
  flight.elsewhere = true
  flight.looked.open()
  if (!flight.begun.isOpen) flight.begin(clock.monotonic()) // its factory is at work
  await new Promise<void>((wake) => void clock.setTimeout(wake, pauseBefore(round, wait)))
  // All callers have taken a stale value: the next call asks again.
  if (flight.waiting === 0) flight.settle({ kind: 'none' })
}

const shortestPause = 25
const longestPause = 1000

/** Grows with each round and varies, so that isolates do not ask in step; never longer than the lease lasts. */
function pauseBefore(round: number, wait: number): number {
  const pause = Math.min(shortestPause * 1.5 ** round, longestPause) * (0.75 + Math.random() / 2)
  return Math.max(1, Math.min(Math.ceil(pause), wait))
}
