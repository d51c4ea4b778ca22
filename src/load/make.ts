// The second half of a load: the factory makes the value, the callers get it, the tiers store it.
import type { Core } from '../core.ts'
import { longestTimer } from '../duration.ts'
import { assertFits, type Encoded } from '../entry/index.ts'
import { CacheError } from '../errors.ts'
import type { EntryOptions } from '../options.ts'
import { asKnown } from '../read/index.ts'
import { maxTags } from '../redis/index.ts'
import { report } from '../report.ts'
import { staleWindow } from '../tolerance.ts'
import { checkLifetime, lifetimeOf, usesRedis, type Write } from '../write/index.ts'
import type { Batch } from './batch.ts'
import { type LoadCall, servesStale } from './call.ts'
import {
  type AdaptiveOptions,
  asCalled,
  type Decisions,
  LoadContext,
  NotModified,
  staleValue,
  undecided,
} from './context.ts'
import { type Made, runFactory } from './factory.ts'
import { fill, type Ground } from './fill.ts'
import type { Copy, Flight } from './flight.ts'
import { release } from './lease.ts'

/** What the value is made from, and for whom. */
export interface Making {
  readonly call: LoadCall
  readonly ground: Ground
  /** L1's stale copy. */
  readonly local: Copy | undefined
  readonly background: boolean
  /** Whether a stale value will do if the origin has just failed. */
  readonly mayRest: boolean
}

/** For how long at most a failing origin rests, in milliseconds, while there are stale values. */
const longestRest = 30_000

/** Makes the value, unless the origin is resting, and stores it. */
export async function make(core: Core, flight: Flight, making: Making): Promise<void> {
  const { call, ground } = making
  const found = replaceable(core, flight, making)
  if (making.mayRest && isSpared(core, call, found)) flight.settle({ kind: 'none' })
  const decisions = undecided()
  // Taken before the factory starts: invalidations from now on are newer than the value.
  flight.stamp = core.coherence.versions.seen
  flight.tags = call.view.tagAddresses(call.options.tags ?? [])
  const { background } = making
  // A stale value that would have too many tags with those of the call is kept from the factory.
  const copy = found !== undefined && keptTags(call, found).length > maxTags ? undefined : found
  const made =
    flight.outcome === undefined
      ? await makeInTime(core, flight, { call, copy, decisions, background })
      : undefined
  const write = made === undefined ? undefined : conclude(core, flight, { call, copy, decisions, made })
  const asked = write !== undefined && (await fill(core, call, { write, ground, flight }))
  if (!asked && ground.lease !== undefined) await release(core, call, ground.lease)
}

/** Whether a stale value stands in, while the origin rests or another isolate is loading the value. */
function isSpared(core: Core, call: LoadCall, copy: Copy | undefined): boolean {
  return core.flights.isLeftAlone(call.place.localKey) && servesStale(core, call, copy) !== undefined
}

/** The stale copy that the factory may reuse. The result counts as new, by the load's stamp. */
function replaceable(core: Core, flight: Flight, { call, local }: Making): Copy | undefined {
  const { mark } = flight
  const copy = asKnown(
    core,
    { localKey: call.place.localKey, mark },
    flight.answered ? flight.previous : local,
  )
  const current =
    copy !== undefined && copy.facts.stamp < mark.version && !copy.expired ? { ...copy, expired: true } : copy
  if (flight.answered) flight.previous = current
  return current !== undefined && current.facts.stamp < mark.doubted ? undefined : current
}

/** What the factory made; `undefined` if no caller waits for it any more. */
async function makeInTime(
  core: Core,
  flight: Flight,
  {
    call,
    copy,
    decisions,
    background,
  }: Pick<Making, 'call' | 'background'> & { copy: Copy | undefined; decisions: Decisions },
): Promise<Made<unknown> | undefined> {
  const { clock } = core.settings
  const { timeout } = call.loading
  const context = contextOf(core, flight, { call, copy, decisions })
  flight.looked.open()
  flight.leased?.open()
  if (call.batch !== undefined && !(await hasTurn(core, flight, { call, batch: call.batch, context })))
    return undefined
  const isFirst = !flight.begun.isOpen
  if (isFirst) flight.begin(clock.monotonic())
  // A load that no caller waits for has only this timer.
  const late = (): void => {
    if (!flight.overdue) letRest(core, call)
    markOverdue(core, flight, { call, error: timedOut(timeout) })
  }
  // The load's own call counts from the same moment, unless it has waited for another isolate before, and its timer may fire first.
  if (isFirst) flight.late = late
  const timer = timeout > 0 ? clock.setTimeout(late, timeout) : undefined
  const running = runFactory(core, () => call.factory(context), background || flight.goesOn)
  try {
    return await Promise.race([running, flight.settled.opened.then(() => undefined)])
  } finally {
    clock.clearTimeout(timer)
  }
}

/**
 * Waits until all keys of a batch were looked at, and its factory begins. `false` if the load ends before: whatever the others wait for,
 * no call waits for that longer than its {@link patienceFor}.
 */
async function hasTurn(
  core: Core,
  flight: Flight,
  { call, batch, context }: { call: LoadCall; batch: Batch; context: LoadContext },
): Promise<boolean> {
  const { clock } = core.settings
  const { timeout } = call.loading
  const late = (): void => {
    core.flights.end(flight) // its factory was not called: who comes later tries again
    markOverdue(core, flight, { call, error: notCalled(core, timeout) })
  }
  if (!flight.begun.isOpen) flight.late = late
  const timer = timeout > 0 ? clock.setTimeout(late, patienceFor(core, timeout)) : undefined
  const hasEnded = flight.settled.opened.then(() => false)
  const turns = await Promise.race([batch.turn(context), hasEnded])
  clock.clearTimeout(timer)
  return turns
}

/** The `timeout` of a call has passed: the load ends when the last caller leaves, which may have a longer one. */
function markOverdue(
  core: Core,
  flight: Flight,
  { call, error }: { call: LoadCall; error: CacheError },
): void {
  if (flight.overdue) return
  flight.overdue = true
  core.events.emit('error', { operation: call.operation, error })
  if (flight.waiting === 0) core.flights.abandon(flight, error)
}

/** How long a call waits until its factory is called: its `timeout`, and the time that Redis may take. */
export function patienceFor({ settings: { link } }: Core, timeout: number): number {
  return Math.min(timeout + link.timeout, longestTimer)
}

/** The error for a load that took too long. */
export function timedOut(ms: number): CacheError {
  return tooLate(`took longer than ${ms} ms (timeout)`)
}

/** The error for a load whose factory is still to be called when its time is up. */
export function notCalled(core: Core, timeout: number): CacheError {
  return tooLate(`was not called within ${patienceFor(core, timeout)} ms (timeout + l2.timeout)`)
}

function tooLate(what: string): CacheError {
  return new CacheError('FACTORY_TIMEOUT', `the factory ${what}`, { retryable: true })
}

function contextOf(
  core: Core,
  flight: Flight,
  { call, copy, decisions }: { call: LoadCall; copy: Copy | undefined; decisions: Decisions },
): LoadContext {
  const given = {
    key: call.key,
    stale: copy === undefined ? undefined : staleValue(core.local.valueOf(copy), copy.facts),
    signal: () => flight.signal,
    check: (options: AdaptiveOptions) => checkLifetime(core, merged(call.options, options)),
  }
  return new LoadContext(given, decisions)
}

/** Settles the flight with the outcome of the factory; returns what is to be stored, if anything. */
function conclude(
  core: Core,
  flight: Flight,
  {
    call,
    copy,
    decisions,
    made,
  }: { call: LoadCall; copy: Copy | undefined; decisions: Decisions; made: Made<unknown> },
): Write | undefined {
  const { localKey } = call.place
  if ('error' in made && !(made.error instanceof NotModified && copy !== undefined)) {
    letRest(core, call)
    core.flights.end(flight) // later calls try again, though the release of the lease may still be in flight
    flight.settle({ kind: 'error', error: made.error })
    return undefined
  }
  core.flights.wake(localKey)
  const kept = 'value' in made ? undefined : copy
  const value = 'value' in made ? made.value : core.local.valueOf(copy as Copy)
  const options = merged(keptOptions(call, kept), decisions.options)
  const write = {
    place: call.place,
    view: call.view,
    key: call.key,
    value,
    options,
    operation: call.operation,
    facts: {
      took: made.took,
      etag: decisions.etag || (kept?.facts.etag ?? ''),
      modified: decisions.modified || (kept?.facts.modified ?? ''),
    },
    random: Math.random(),
  }
  flight.tags = call.view.tagAddresses(options.tags ?? [])
  const encoded = encodeFor(core, flight, {
    write,
    known: kept?.encoded,
    stores: !decisions.skipped && value !== undefined,
  })
  return encoded === nothing || decisions.skipped || value === undefined ? undefined : { ...write, encoded }
}

const nothing = Symbol('nothing to store')

/** The text of a value, from which joined calls get copies. A value without one is for its own call only. */
function encodeFor(
  core: Core,
  flight: Flight,
  { write, known, stores }: { write: Omit<Write, 'encoded'>; known: Encoded | undefined; stores: boolean },
): Encoded | undefined | typeof nothing {
  const { value } = write
  const settle = (encoded: Encoded | undefined): void => {
    const shared = encoded !== undefined || !core.local.needsText || value === undefined
    const held = shared ? core.local.hold(value, encoded) : undefined
    flight.settle({ kind: 'value', own: value, held, found: false })
  }
  let encoded = known
  try {
    if (value !== undefined && (core.local.needsText || usesRedis(core, write.options)))
      encoded ??= core.codec.encode(value)
    settle(encoded)
    if (encoded !== undefined && stores) assertFits(encoded, core.settings)
    return encoded
  } catch (error) {
    settle(undefined)
    if (stores) report(core, write.operation, error)
    return nothing
  }
}

/**
 * Lets an origin that failed, or took too long, rest for as long as a value of the key would have been fresh, so that one that
 * lives for a second is loaded again after a second. Only for calls that accept a stale value meanwhile.
 */
function letRest(core: Core, { options, place, stale }: LoadCall): void {
  if (staleWindow(stale) === 0) return
  const life = lifetimeOf(core, { options, value: undefined, random: 0 })
  core.flights.rest(place.localKey, Math.min(longestRest, life?.ttl ?? core.settings.ttl))
}

/** The options of the call; a value that is kept keeps its tags, by which it may be invalidated. */
function keptOptions(call: LoadCall, kept: Copy | undefined): EntryOptions {
  return kept === undefined ? call.options : merged(call.options, { tags: keptTags(call, kept) })
}

function keptTags({ options, view }: LoadCall, { facts }: Copy): readonly string[] {
  return [...new Set([...(options.tags ?? []), ...view.tagsAt(facts.tags)])]
}

/** The options of the call, with the factory's. The call's may be inherited properties, or getters: a copy would lose those. */
function merged(options: EntryOptions, decided: AdaptiveOptions): EntryOptions {
  if (decided === asCalled) return options // the usual case, and creating an object takes time
  return { __proto__: options, ...decided } as EntryOptions
}
