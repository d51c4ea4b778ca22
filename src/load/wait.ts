import type { Latch } from '../latch.ts'
import { type Clock, isRequestBound } from '../runtime.ts'
import type { Flight } from './flight.ts'

/** How a wait ended: the latch opened; the time was up; or the request that it depended on is gone. */
export type Waited = 'open' | 'late' | 'lost'

/** One wait of one caller. */
export interface Waiting {
  readonly latch: Latch
  /** Whether the flight belongs to the caller's own request. */
  readonly own: boolean
  /** How long at most, in milliseconds; `Infinity` for no limit. */
  readonly ms: number
  readonly signal: AbortSignal | undefined
  readonly clock: Clock
}

const shortestLook = 5
const longestLook = 50
// Many times the pulse interval of a live request, counted in timers of the caller's own, so that an isolate which was busy for
// long is not mistaken for a dead request.
const silentFor = 500

/** Waits, on the caller's own timers and signal. Rejects only with the reason of its signal. */
export async function waitFor(flight: Flight, waiting: Waiting): Promise<Waited> {
  const { latch, signal, ms } = waiting
  signal?.throwIfAborted()
  if (latch.isOpen) return 'open'
  if (ms <= 0) return 'late'
  const share = waiting.own || !isRequestBound()
  if (share && ms === Infinity && signal === undefined) {
    await latch.opened
    return 'open'
  }
  return share ? inTime(waiting) : byLooking(flight, waiting)
}

/** For the same request, and where requests share everything. */
function inTime({ latch, ms, signal, clock }: Waiting): Promise<Waited> {
  return new Promise((resolve, reject) => {
    const timer = ms === Infinity ? undefined : clock.setTimeout(() => end('late'), ms)
    const leave = (): void => {
      clock.clearTimeout(timer)
      reject(signal?.reason)
    }
    const end = (how: Waited): void => {
      clock.clearTimeout(timer)
      signal?.removeEventListener('abort', leave)
      resolve(how)
    }
    signal?.addEventListener('abort', leave)
    void latch.opened.then(() => end('open'))
  })
}

/** Where a promise of another request may never settle: polls, at intervals that grow with the wait. */
function byLooking(flight: Flight, { latch, ms, signal, clock }: Waiting): Promise<Waited> {
  return new Promise((resolve, reject) => {
    let [waited, silence, pulse] = [0, 0, flight.pulse]
    let timer: unknown
    const leave = (): void => {
      clock.clearTimeout(timer)
      reject(signal?.reason)
    }
    const look = (): void => {
      const pause = Math.min(Math.max(shortestLook, waited / 8), longestLook, ms - waited)
      timer = clock.setTimeout(() => {
        waited += pause
        silence = pulse === flight.pulse ? silence + pause : 0
        pulse = flight.pulse
        const how = latch.isOpen ? 'open' : waited >= ms ? 'late' : silence >= silentFor ? 'lost' : undefined
        if (how === undefined) return look()
        signal?.removeEventListener('abort', leave)
        resolve(how)
      }, pause)
    }
    signal?.addEventListener('abort', leave)
    look()
  })
}
