import { type LRU, lru } from 'tiny-lru'
import { type Clock, isRequestBound } from '../runtime.ts'
import type { Flight } from './flight.ts'

const maxFlights = 10_000
const maxLeftAlone = 1000
const pulseEvery = 100
// A live request keeps its flight's pulse going; after so many milliseconds without one it counts as dead.
const deadAfter = 2000
// Where requests share everything, a load without a `timeout` that no caller waits for may hang for ever: its key must not.
const hangingAfter = 60_000

/** The id of a flight: its key in L1, and whether it leaves out L2. No key contains a lone surrogate. */
export function flightId(localKey: string, solo: boolean): string {
  return solo ? `${localKey}\udc00` : localKey
}

/** The loads in flight in this isolate, one per key, and the keys that are not loaded for a while if a stale value will do. */
export class Flights {
  readonly #byId = new Map<string, Flight>()
  readonly #resting: LRU<number> = lru(maxLeftAlone)
  readonly #elsewhere: LRU<number> = lru(maxLeftAlone)
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The flight that a call may join. One whose request has died, or that hangs, is dropped. */
  current(id: string): Flight | undefined {
    const flight = this.#byId.get(id)
    if (flight?.isJoinable !== true) return undefined
    const silentFor = this.#clock.monotonic() - flight.pulseAt
    const dead = isRequestBound() ? silentFor >= deadAfter : silentFor >= hangingAfter && flight.waiting === 0
    if (!dead) return flight
    this.end(flight)
    return undefined
  }

  /** Replaces an older one. */
  begin(flight: Flight): void {
    this.#detach(flight.id)
    if (this.#byId.size >= maxFlights) this.#makeRoom()
    this.#byId.set(flight.id, flight)
  }

  end(flight: Flight): void {
    if (this.#byId.get(flight.id) === flight) this.#byId.delete(flight.id)
  }

  /** Calls no longer join the current loads of such keys. */
  detachWhere(reaches: (localKey: string) => boolean): void {
    for (const id of this.#byId.keys()) if (reaches(id)) this.#detach(id)
  }

  /** Calls no longer join the current loads of a key: their results would be older than what has happened since. */
  detach(localKey: string): void {
    this.#detach(localKey)
    this.#detach(flightId(localKey, true))
  }

  #detach(id: string): void {
    this.#byId.delete(id)
  }

  /** Shows that the flight's request is alive, and ends the flight when all callers have left. Timers die with their request. */
  keepPulse(flight: Flight): void {
    flight.pulseAt = this.#clock.monotonic()
    if (!isRequestBound()) return
    const beat = (): void => {
      if (flight.settled.isOpen) return
      flight.pulse++
      flight.pulseAt = this.#clock.monotonic()
      if (!flight.isWanted) this.abandon(flight, undefined)
      else this.#clock.setTimeout(beat, pulseEvery)
    }
    this.#clock.setTimeout(beat, pulseEvery)
  }

  abandon(flight: Flight, reason: unknown): void {
    this.end(flight)
    flight.abandon(reason)
  }

  /** Lets a failing origin rest for `ms`, if a stale value can stand in. */
  rest(localKey: string, ms: number): void {
    this.#resting.set(localKey, this.#clock.monotonic() + ms)
  }

  isResting(localKey: string): boolean {
    return (this.#resting.peek(localKey) ?? 0) > this.#clock.monotonic()
  }

  /** For `ms`, loads of a key that another isolate is loading need not ask for its lease if a stale value will do. */
  leaveElsewhere(localKey: string, ms: number): void {
    this.#elsewhere.set(localKey, this.#clock.monotonic() + ms)
  }

  /** No other isolate is loading the value of a key: its lease was won here. */
  takeOver(localKey: string): void {
    this.#elsewhere.delete(localKey)
  }

  /** Whether no refresh is to begin: the origin has just failed, or another isolate is loading the value. */
  isLeftAlone(localKey: string): boolean {
    return this.isResting(localKey) || (this.#elsewhere.peek(localKey) ?? 0) > this.#clock.monotonic()
  }

  wake(localKey: string): void {
    this.#resting.delete(localKey)
    this.takeOver(localKey)
  }

  /** How many there are. */
  get size(): number {
    return this.#byId.size
  }

  /** Records of dead requests stay until their key is asked for again: if there are too many, the oldest is dropped. */
  #makeRoom(): void {
    for (const flight of this.#byId.values()) {
      this.#detach(flight.id)
      return
    }
  }
}
