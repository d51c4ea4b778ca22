import type { Core } from '../core.ts'
import type { CacheError } from '../errors.ts'
import type { StaleReason } from '../events.ts'
import { acceptLocal, asKnown } from '../read/index.ts'
import { isRequestBound } from '../runtime.ts'
import { staleWindow } from '../tolerance.ts'
import { canGoOn, isUsable, isUsableAtOnce, type LoadCall } from './call.ts'
import type { Copy, Flight, Outcome } from './flight.ts'
import { notCalled, patienceFor, timedOut } from './make.ts'
import { type Waited, waitFor } from './wait.ts'

/** Instead of a value: this flight has none for the call, which is to try again. */
export const again: unique symbol = Symbol('again')

/** Instead of a value: the request that the flight belonged to is gone. */
export const lost: unique symbol = Symbol('lost')

/** How a call waits for a flight. */
export interface Attendance {
  readonly call: LoadCall
  /** Whether the flight is the call's own. */
  readonly own: boolean
  /** L1's stale copy, to be used if there is nothing better in time. */
  readonly local: Copy | undefined
}

/** Waits for the outcome of a flight, within the timeouts of the call, and takes a stale value when those have passed. */
export async function attend(core: Core, flight: Flight, attendance: Attendance): Promise<unknown> {
  flight.waiting++
  const attendant = new Attendant(core, flight, attendance)
  try {
    return await attendant.wait()
  } catch (error) {
    attendant.reason = error
    throw error
  } finally {
    flight.waiting--
    const { own, call } = attendance
    leave(core, flight, { own, stays: call.view.stays, reason: attendant.reason })
  }
}

/**
 * The last caller to leave ends the load, unless it goes on in the background; on Workers only the load's own call can. If that must
 * stay for it (`stays`), the load ends with that call: no other can make the value, and waiting ones start a new load.
 */
function leave(
  core: Core,
  flight: Flight,
  { own, stays, reason }: { own: boolean; stays: boolean; reason: unknown },
): void {
  if (flight.settled.isOpen || (flight.isWanted && !(own && stays))) return
  if (own || !isRequestBound()) core.flights.abandon(flight, reason)
}

class Attendant {
  /** Why the call stopped waiting, if it got no value. */
  reason: unknown
  readonly #core: Core
  readonly #flight: Flight
  readonly #call: LoadCall
  readonly #own: boolean
  readonly #local: Copy | undefined
  /** How long a value may be past its expiry. */
  readonly #window: number
  /** When the call began to wait. */
  readonly #since: number

  constructor(core: Core, flight: Flight, { call, own, local }: Attendance) {
    this.#core = core
    this.#flight = flight
    this.#call = call
    this.#own = own
    this.#local = local
    this.#window = staleWindow(call.stale)
    this.#since = core.settings.clock.monotonic()
  }

  async wait(): Promise<unknown> {
    const flight = this.#flight
    const { clock, softTimeout } = this.#core.settings
    const soft = this.#isForced ? Infinity : clock.monotonic() + softTimeout
    const looked = await this.#waitFor('looked', { soft, hard: Infinity })
    if (looked === 'lost') return this.#lost()
    if (looked === 'stale') return this.#giveStale('timeout')
    if (!flight.settled.isOpen && !this.#isForced) {
      if (this.#mayLeave && isUsableAtOnce(this.#copy, this.#call.stale.swr, this.#now))
        return this.#giveStale('swr')
      if (flight.elsewhere && this.#copy?.expired === false && this.#hasCopy(this.#window))
        return this.#giveStale('swr')
    }
    return this.#made()
  }

  async #made(): Promise<unknown> {
    const { softTimeout, timeout } = this.#call.loading
    if (!this.#flight.begun.isOpen) {
      // A factory for many keys begins when all of them were looked at, and a refresh when it is known who makes the value.
      const now = this.#core.settings.clock.monotonic()
      // The load's own call has to wait for the others anyway.
      const soft = this.#own ? Infinity : now + this.#core.settings.softTimeout
      const hard = timeout > 0 ? now + patienceFor(this.#core, timeout) : Infinity
      const how = await this.#waitFor('begun', { soft, hard })
      if (how === 'lost') return this.#lost()
      if (how === 'stale') return this.#giveStale('timeout')
      if (how === 'late') return this.#tooLate(notCalled(this.#core, timeout))
    }
    const { makingSince } = this.#flight
    // A late caller gives the factory as much time as others do; but a stale value serves it as soon as it serves them.
    const hard = timeout > 0 ? Math.max(makingSince, this.#since) + timeout : Infinity
    const soft = softTimeout > 0 ? makingSince + softTimeout : Infinity
    const how = await this.#waitFor('settled', { soft, hard })
    if (how === 'lost') return this.#lost()
    if (how === 'open') return this.#take(this.#flight.outcome as Outcome)
    if (how === 'stale') return this.#giveStale('timeout')
    return this.#tooLate(timedOut(timeout))
  }

  #tooLate(reason: CacheError): unknown {
    if (this.#own) this.#flight.late?.()
    this.reason = reason
    if (this.#usable(this.#window)) return this.#give(this.#copy, 'timeout')
    throw this.reason
  }

  /** Waits until `soft` if there is a stale value, which must still be usable then, and until `hard` otherwise. */
  async #waitFor(
    what: 'looked' | 'begun' | 'settled',
    { soft, hard }: { soft: number; hard: number },
  ): Promise<Waited | 'stale'> {
    if (soft < hard && this.#hasCopy(this.#window)) {
      const how = await this.#until(what, soft)
      if (how !== 'late') return how
      if (this.#hasCopy(this.#window)) return 'stale'
    }
    return this.#until(what, hard)
  }

  async #take(outcome: Outcome): Promise<unknown> {
    switch (outcome.kind) {
      case 'value':
        return this.#own ? outcome.own : this.#share(outcome)
      case 'error':
        if (outcome.ours === true && !this.#own) return again
        if (!this.#usable(this.#window)) throw outcome.error
        return this.#give(this.#copy, 'error')
      case 'none': {
        // If nothing has failed, another isolate is loading it.
        const rests = this.#core.flights.isResting(this.#call.place.localKey)
        if (!this.#usable(this.#window) || (!rests && this.#copy?.expired !== false)) return again
        return this.#give(this.#copy, rests ? 'error' : 'swr')
      }
      default:
        return again
    }
  }

  /** The outcome of another call's flight, for this one. */
  async #share({ held, found }: Outcome & { kind: 'value' }): Promise<unknown> {
    const flight = this.#flight
    const call = this.#call
    // With the tags that the factory has set, it may turn out to be older than an invalidation that this call must see.
    const { versions } = this.#core.coherence
    if (held === undefined || !versions.spares(flight.stamp, call.place.localKey, flight.tags)) return again
    const value = this.#core.local.valueOf(held)
    const { schema } = call.options
    if (found && schema !== undefined && (await acceptLocal(this.#core, schema, value)) === undefined)
      return again
    return value
  }

  /** L2's copy if it answered: if it has none, that of L1 is of something that was removed. */
  get #copy(): Copy | undefined {
    const copy = this.#flight.answered ? this.#flight.previous : this.#local
    return asKnown(this.#core, { localKey: this.#call.place.localKey, mark: this.#flight.mark }, copy)
  }

  #usable(window: number): boolean {
    return isUsable(this.#copy, window, this.#now)
  }

  get #now(): number {
    return this.#core.settings.clock.now()
  }

  get #mayLeave(): boolean {
    return !this.#own || canGoOn(this.#call.view)
  }

  /** Whether the call can return a stale value while the flight goes on. */
  #hasCopy(window: number): boolean {
    return this.#mayLeave && this.#usable(window)
  }

  get #isForced(): boolean {
    return this.#call.options.forceRefresh === true
  }

  #giveStale(reason: 'swr' | 'timeout'): unknown {
    if (!this.#flight.goesOn) this.#core.events.emit('refresh', { reason })
    this.#flight.goesOn = true
    return this.#give(this.#copy, reason)
  }

  /** A stale value that another call's flight has found is checked by the schema of this one. */
  async #give(copy: Copy | undefined, reason: StaleReason): Promise<unknown> {
    if (copy === undefined) return again // it has just been removed
    const { schema } = this.#call.options
    if (schema !== undefined && !this.#own && copy !== this.#local) {
      const accepted = await acceptLocal(this.#core, schema, this.#core.local.valueOf(copy))
      if (accepted === undefined) return again
    }
    return giveStale(this.#core, copy, reason)
  }

  #lost(): typeof lost {
    this.#core.flights.end(this.#flight)
    return lost
  }

  /** Waits until an instant of the monotonic clock. */
  #until(what: 'looked' | 'begun' | 'settled', instant: number): Promise<Waited> {
    const { signal } = this.#call.options
    const { clock } = this.#core.settings
    const ms = instant - clock.monotonic()
    return waitFor(this.#flight, { latch: this.#flight[what], own: this.#own, ms, signal, clock })
  }
}

/** The value of a stale copy, counted and reported. */
export function giveStale(core: Core, copy: Copy, reason: StaleReason): unknown {
  core.counters.stale++
  core.counters.saved += copy.facts.took
  core.events.emit('stale', { reason, age: Math.max(0, core.settings.clock.now() - copy.end) })
  return core.local.valueOf(copy)
}
