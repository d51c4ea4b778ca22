// The first half of a load: what L2 has, and whether the value is to be made here.
import type { Core } from '../core.ts'
import { endsOf, headOf } from '../entry/index.ts'
import { Latch } from '../latch.ts'
import {
  askMore,
  deadlineOf,
  ended,
  examine,
  factsOf,
  type Found,
  keepCopy,
  type Read,
  welcome,
  withNews,
} from '../read/index.ts'
import type { RedisTier } from '../redis/index.ts'
import { report } from '../report.ts'
import { seed, usesRedis } from '../write/index.ts'
import { canGoOn, isUsableAtOnce, type LoadCall } from './call.ts'
import type { Ground } from './fill.ts'
import type { Flight } from './flight.ts'
import { askForLease, type Lease, type Leased, newLease, release } from './lease.ts'

/** How a load looks at L2. */
export interface Looking {
  readonly call: LoadCall
  /** Only what was stored after this counts as a hit; a load that is forced takes nothing for one. */
  readonly after: number
  /** Whether nobody waits for the value. */
  readonly background: boolean
}

/** Where nothing can be known of what is under a key: nothing that is stored begins like this. */
const unknown = '?'

/**
 * Looks at L2 and either settles the flight with what is there, or says on what ground the value is to be made. A failing
 * Redis is left alone for the rest of the load.
 */
export async function look(core: Core, flight: Flight, looking: Looking): Promise<Ground | undefined> {
  const { call } = looking
  if (!usesRedis(core, call.options)) return { seen: undefined, lease: undefined }
  const lease = wantsLease(looking) ? newLease(core, call) : undefined
  try {
    return await (lease === undefined
      ? lookOnce(core, flight, looking)
      : lookTogether(core, flight, { ...looking, lease }))
  } catch (error) {
    if (flight.outcome !== undefined) return undefined // nobody waits, and the request was ended
    // An answer about the key, even an error (another type of value is under it), says that Redis can be asked. One that will be
    // another in a moment, or that tells no time, says nothing of the key: what is at hand is as good as before.
    const { code, retryable } = report(core, call.operation, error)
    const asked = code === 'L2_REPLY' && !retryable && core.redis?.clock.known === true
    flight.answered ||= asked // and what it said before it failed is as true as before
    return { seen: asked ? unknown : undefined, lease: undefined }
  }
}

/** Nobody waits for a refresh, so it may always ask who else is at it; a forced load is never somebody else's. */
function wantsLease({ call, background }: Looking): boolean {
  const { stampede } = call.loading
  if (call.options.forceRefresh === true || stampede === 'off') return false
  return background || stampede === 'global'
}

async function lookOnce(core: Core, flight: Flight, looking: Looking): Promise<Ground | undefined> {
  const { call } = looking
  const read = readOf(core, flight, call)
  const { reply, trusted } = await withNews(core, [read], () =>
    (core.redis as RedisTier).read(call.place.physicalKey, signalOf(flight, looking)),
  )
  if (await note(core, flight, { ...looking, read, trusted }, reply)) return undefined
  if (!trusted) await askMore(core, read, () => seed(core))
  if (flight.outcome !== undefined) return undefined // who waited for it has left meanwhile
  const { previous } = flight
  if (!becomeRefresh(core, flight, call)) return { seen: headIn(reply), lease: undefined }
  flight.looked.open()
  const after = Math.max(looking.after, previous?.facts.created ?? 0)
  return lookTogether(core, flight, { call, after, background: true, lease: newLease(core, call) })
}

/**
 * Whether who waits takes the stale value that L2 had: what goes on is a refresh, and one is enough for the fleet. Said before it is
 * known that L2 was asked, so that a factory for many keys makes the others without it.
 */
function becomeRefresh(core: Core, flight: Flight, call: LoadCall): boolean {
  if (call.options.forceRefresh === true || call.loading.stampede === 'off' || !canGoOn(call.view))
    return false
  if (core.flights.isLeftAlone(call.place.localKey)) return false
  if (!isUsableAtOnce(flight.previous, call.stale.swr, core.settings.clock.now())) return false
  flight.leased = new Latch()
  call.batch?.expect(call.key, flight, true)
  return true
}

/** Takes what bytes hold: settles the flight with an entry that will do, remembers one that is to be replaced. */
async function note(
  core: Core,
  flight: Flight,
  { call, after, read, trusted }: Looking & { read: Read; trusted: boolean },
  bytes: string | null,
): Promise<boolean> {
  const found = await examine(core, read, trusted ? bytes : null)
  flight.answered ||= trusted // what is not believed has said nothing
  if (found?.fresh === true && found.opened.header.created > after) {
    welcome(core, read, found)
    const held = core.local.hold(found.value, found.opened.encoded)
    const facts = factsOf(found.opened.header, call.view)
    flight.stamp = facts.stamp
    flight.tags = facts.tags
    flight.found = { left: found.left, facts }
    flight.settle({ kind: 'value', own: found.value, held, found: true })
    return true
  }
  if (!flight.missed) core.counters.l2.misses++
  flight.missed = true
  flight.previous = undefined
  if (found !== undefined) remember(core, flight, read, found)
  return false
}

function remember(core: Core, flight: Flight, read: Read, found: Found): void {
  if (core.redis?.clock.known !== true) {
    // Nobody knows when it ended, for an isolate's clock may be hours off. What L1 has is as good as before.
    flight.answered = false
    return
  }
  const { header, encoded } = found.opened
  const { expired } = found
  const now = core.settings.clock.now()
  const offset = now - core.redis.clock.now()
  const { end, staleUntil } = endsOf(header, offset)
  const { value, encoded: text } = core.local.hold(found.value, encoded)
  flight.previous = { value, encoded: text, end, staleUntil, expired, facts: factsOf(header, read.view) }
  if (!found.fresh) keepCopy(core, read, found)
}

/** Asks until the entry is there, or the lease is ours, or the wait has been as long as a lease lasts. */
async function lookTogether(
  core: Core,
  flight: Flight,
  { lease, ...looking }: Looking & { lease: Lease },
): Promise<Ground | undefined> {
  const { clock } = core.settings
  const started = clock.monotonic()
  let seen = ''
  let { after } = looking
  let deadline = deadlineOf(core)
  for (let round = 0; clock.monotonic() - started < lease.ms; round++) {
    const read = { ...readOf(core, flight, looking.call), deadline }
    const { reply, trusted, found } = await askTogether(core, flight, { ...looking, lease, after, read })
    const { bytes, state, wait } = reply
    if (state === 'won' && (found || flight.outcome !== undefined)) await release(core, looking.call, lease)
    if (found || flight.outcome !== undefined) return undefined
    seen = headIn(bytes)
    if (state === 'won') {
      core.events.emit('lease', { state, duration: lease.ms })
      core.flights.leaveElsewhere(looking.call.place.localKey, 0) // nobody else is at it
      if (!looking.background) becomeRefresh(core, flight, looking.call)
      return { seen, lease }
    }
    if (state === 'hit' && !trusted) break // an entry that nobody else will believe either
    if (state === 'hit') {
      // A script looks at headers only: what turns out to be of no use counts as nothing when it is asked again.
      if (round > 0) break
      after = core.redis?.clock.now() ?? after
      continue
    }
    await waitElsewhere(core, flight, { ...looking, wait, round })
    if (flight.outcome !== undefined) return undefined
    deadline = deadlineOf(core)
  }
  return { seen, lease: undefined }
}

/** Asks once. Where that fails the load goes on without the lease, which is given back if it was won, or is yet to be. */
async function askTogether(
  core: Core,
  flight: Flight,
  { lease, read, ...looking }: Looking & { lease: Lease; read: Read },
): Promise<{ reply: Leased; trusted: boolean; found: boolean }> {
  const { call, after } = looking
  const asked = { lease, after, signal: signalOf(flight, looking) }
  const asks: Ask[] = []
  let learning: Promise<void> | undefined
  try {
    const { reply, trusted } = await withNews(core, [read], () =>
      askMore(core, read, () => {
        learning = core.redis?.askTheTime()
        const granted = askForLease(core, call, asked)
        asks.push({ granted, stamp: lease.stamp })
        return granted
      }),
    )
    if (core.redis?.clock.known === false) await learning // without the time nothing can be judged
    const found = await note(core, flight, { ...looking, read, trusted }, reply.bytes)
    if (!trusted) await askMore(core, read, () => seed(core))
    return { reply, trusted, found }
  } catch (error) {
    if (asks.length > 0) void call.view.background(letGo(core, call, lease, asks))
    throw error
  }
}

/** One request for the lease. It is kept under the version that was known then, or that of a tombstone that came with it. */
interface Ask {
  readonly granted: Promise<Leased>
  readonly stamp: number
}

/** Never rejects. What became of an ask that failed nobody knows: if it was the only one, a lease that it won ends by itself. */
async function letGo(core: Core, call: LoadCall, lease: Lease, asks: readonly Ask[]): Promise<void> {
  let won = false
  const stamps = new Set(asks.map(({ stamp }) => stamp))
  const learn = async ({ granted }: Ask): Promise<void> => {
    const { state, stamp } = await granted
    if (state !== 'won') return
    won = true
    stamps.add(stamp)
  }
  await Promise.all(asks.map((ask) => ended(core, learn(ask))))
  if (!won) return
  for (const stamp of stamps) await release(core, call, { ...lease, stamp })
}

/** While another isolate makes the value: who has a stale one takes it, and the others wait. */
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
  // Those who waited have taken what there was: the next call asks anew.
  if (flight.waiting === 0) flight.settle({ kind: 'none' })
}

const shortestPause = 25
const longestPause = 1000

/** Grows with the wait and varies, so that isolates do not ask in step; never longer than the lease that is waited for. */
function pauseBefore(round: number, wait: number): number {
  const pause = Math.min(shortestPause * 1.5 ** round, longestPause) * (0.75 + Math.random() / 2)
  return Math.max(1, Math.min(Math.ceil(pause), wait))
}

/** Ends a request that nobody waits for any more. A caller without a signal does not leave. */
function signalOf(flight: Flight, { call }: Looking): AbortSignal | undefined {
  return call.options.signal === undefined ? undefined : flight.signal
}

/** An empty value is something: Redis has a key there. */
function headIn(bytes: string | null): string {
  return bytes === null ? '' : headOf(bytes) || unknown
}

function readOf(core: Core, { mark }: Flight, { place, view, options, operation }: LoadCall): Read {
  return { place, view, options, mark, operation, deadline: deadlineOf(core) }
}
