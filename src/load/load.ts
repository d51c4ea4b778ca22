// Getting a value that L1 has no fresh copy of: join the load in flight, or lead one.
import type { Core } from '../core.ts'
import { isEarly } from '../entry/index.ts'
import type { StaleReason } from '../events.ts'
import type { LocalEntry } from '../memory/index.ts'
import { acceptLocal, isStillAlive } from '../read/index.ts'
import { unlessAborted } from '../redis/index.ts'
import { type StandardSchema, validate } from '../schema.ts'
import type { TraceAttributes } from '../trace.ts'
import { outdate } from '../write/index.ts'
import { again, attend, giveStale, lost } from './attend.ts'
import { canGoOn, flightOf, type LoadCall, servesStale } from './call.ts'
import { type Copy, Flight } from './flight.ts'
import { look } from './look.ts'
import { make } from './make.ts'

/** How a flight begins. */
interface Start {
  readonly local: Copy | undefined
  /** Whether no caller waits for it. */
  readonly background?: boolean
  /** Only an entry stored after this, by the clock of its tier, counts as a hit. */
  readonly after?: number
  /** Whether others may join. */
  readonly alone?: boolean
  readonly mayRest?: boolean
}

// A call that could use the outcome of neither of two flights flies alone.
const sharedRounds = 2

/** The result of a call: the value that L1 has for it, if its schema accepts that, or that of `load`. */
export async function getOrLoad(core: Core, call: LoadCall, local: unknown): Promise<unknown> {
  const { schema } = call.options
  try {
    if (local === undefined) return await load(core, call)
    if (schema !== undefined && (await acceptLocal(core, schema, local)) === undefined)
      return await load(core, call)
    call.note?.({ 'cache.hit': true, 'cache.level': 'l1' })
    refreshEarly(core, call)
    return local
  } finally {
    call.begun?.open()
  }
}

/** The value for a call: a stale one that L1 may still serve, or the outcome of a flight. */
async function load(core: Core, call: LoadCall): Promise<unknown> {
  const { forceRefresh, schema } = call.options
  const forced = forceRefresh === true
  let refusals = 0
  for (let round = 0; ; round++) {
    call.options.signal?.throwIfAborted()
    const found = localCopy(core, call)
    const refused = found !== undefined && schema !== undefined && !(await suits(core, schema, found))
    const local = refused ? undefined : found
    const reason = forced || round > 0 ? undefined : staleReason(core, call, local)
    if (local !== undefined && reason !== undefined) {
      refresh(core, call, { local, after: local.facts.created, reason: 'swr' })
      call.note?.({ 'cache.hit': true, 'cache.level': 'l1', 'cache.stale': true })
      return giveStale(core, local, reason)
    }
    const alone = call.loading.stampede === 'off' || refusals >= sharedRounds
    const joined = alone || forced ? undefined : joinable(core, call)
    if (joined !== undefined) {
      core.counters.joined++
      core.events.emit('join', { operation: call.operation })
    }
    const flight = joined ?? lead(core, call, { local, alone, mayRest: !forced && round === 0 })
    call.begun?.open()
    const value = await attended(core, flight, { call, local, own: joined === undefined })
    if (value === again) refusals++
    else if (value !== lost) {
      call.note?.(outcomeOf(flight, joined !== undefined))
      return value
    }
  }
}

/** The outcome of a call whose flight has given it a value. */
function outcomeOf({ outcome, answered }: Flight, joined: boolean): TraceAttributes {
  const fresh = outcome?.kind === 'value'
  if (fresh && !outcome.found) return { 'cache.hit': false, 'cache.joined': joined }
  // L1's copy is used if L2 gave no answer.
  const level = answered ? 'l2' : 'l1'
  return { 'cache.hit': true, 'cache.level': level, 'cache.joined': joined, 'cache.stale': !fresh }
}

/** L1's copy, even if stale, unless it was invalidated. */
function localCopy(core: Core, { options, place }: LoadCall): LocalEntry | undefined {
  const copy = options.l1 === false ? undefined : core.local.findStale(place.localKey)
  return copy !== undefined && isStillAlive(core, place.localKey, copy) ? copy : undefined
}

/** The flight that a call may join: one whose result is no older than any change that the call must see. */
export function joinable(core: Core, call: LoadCall): Flight | undefined {
  const flight = core.flights.current(flightOf(call))
  if (flight === undefined || flight.mark.version > flight.stamp || flight.mark.overtaken) return undefined
  if (flight.stamp === 0) return flight // it is still reading L2, and judges what it finds
  return core.coherence.versions.spares(flight.stamp, call.place.localKey, flight.tags) ? flight : undefined
}

/** Whether the schema of a call accepts L1's stale copy. */
async function suits(core: Core, schema: StandardSchema, copy: Copy): Promise<boolean> {
  return (await validate(schema, core.local.valueOf(copy))) !== undefined
}

/**
 * Waits for a flight and, if it is the call's own and no `waitUntil` keeps it alive, for the rest of its work. Not after the
 * call's signal has aborted.
 */
async function attended(
  core: Core,
  flight: Flight,
  attendance: { call: LoadCall; local: Copy | undefined; own: boolean },
): Promise<unknown> {
  try {
    return await attend(core, flight, attendance)
  } finally {
    const done = flight.outcome !== undefined && flight.outcome.kind !== 'abandoned'
    if (attendance.own && done && !flight.anchored)
      await unlessAborted(flight.work, attendance.call.options.signal)
  }
}

/** Why L1's copy may be served although it is stale; `undefined` if it is fresh, or L2 must be asked first. */
export function staleReason(
  core: Core,
  call: LoadCall,
  local: Pick<LocalEntry, 'end' | 'staleUntil' | 'expired' | 'trusted'> | undefined,
): StaleReason | undefined {
  const now = core.settings.clock.now()
  if (local === undefined || now >= local.trusted || (now < local.end && !local.expired)) return undefined
  if (!core.coherence.mayTrustLocal) return undefined
  const reason = servesStale(core, call, local)
  return reason === 'swr' && !canGoOn(call.view) ? undefined : reason
}

/** Not if the value is being loaded already, in this isolate or another, nor while the origin rests after a failure. */
export function mayRefresh({ flights }: Core, call: LoadCall): boolean {
  return !flights.isLeftAlone(call.place.localKey) && flights.current(flightOf(call)) === undefined
}

/** Refreshes the value in the background. */
function refresh(
  core: Core,
  call: LoadCall,
  { local, after, reason }: { local: Copy | undefined; after: number; reason: 'swr' | 'eager' },
): void {
  if (!mayRefresh(core, call)) return
  core.events.emit('refresh', { reason })
  lead(core, call, { local, background: true, after })
}

/** Refreshes a value served from L1 before it expires, with some probability. */
function refreshEarly(core: Core, call: LoadCall): void {
  const { beta } = call.loading
  const local = localCopy(core, call)
  if (local === undefined || beta === 0 || !canGoOn(call.view)) return
  const left = local.end - core.settings.clock.now()
  const { took, created } = local.facts
  if (isEarly(left, took, { beta, random: Math.random() }))
    refresh(core, call, { local, after: created, reason: 'eager' })
}

/** Begins a flight. Its work belongs to the request of the call, and never rejects. */
function lead(core: Core, call: LoadCall, start: Start): Flight {
  const { localKey } = call.place
  if (call.options.forceRefresh === true) {
    // Loads in flight may be older than what this call was made for.
    outdate(core, localKey)
    core.marks.supersede(localKey)
  }
  const flight = new Flight(flightOf(call), core.marks.begin(localKey), {
    goesOn: start.background === true,
    startedAt: core.settings.clock.monotonic(),
  })
  if (start.alone !== true) core.flights.begin(flight)
  core.flights.keepPulse(flight)
  call.batch?.expect(call.key, flight, start.background === true)
  flight.work = fly(core, flight, call, start)
  flight.anchored = call.view.background(flight.work) === undefined
  return flight
}

async function fly(core: Core, flight: Flight, call: LoadCall, start: Start): Promise<void> {
  const { background = false, mayRest = !background, local } = start
  try {
    const after = call.options.forceRefresh === true ? Infinity : (start.after ?? 0)
    const ground = await look(core, flight, { call, after, background })
    if (ground !== undefined) {
      if (!background) core.events.emit('miss', { operation: call.operation })
      await make(core, flight, { call, ground, local, background, mayRest })
    }
  } catch (error) {
    flight.settle({ kind: 'error', error, ours: true })
  } finally {
    core.marks.end(call.place.localKey, flight.mark)
    core.flights.end(flight)
  }
  refreshFound(core, flight, call)
}

/** Refreshes a value served from L2 before it expires, with some probability. */
function refreshFound(core: Core, { found, goesOn }: Flight, call: LoadCall): void {
  const { beta } = call.loading
  if (found === undefined || goesOn || beta === 0 || !canGoOn(call.view)) return
  if (isEarly(found.left, found.facts.took, { beta, random: Math.random() }))
    refresh(core, call, { local: undefined, after: found.facts.created, reason: 'eager' })
}
