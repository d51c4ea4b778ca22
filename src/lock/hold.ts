import type { Core } from '../core.ts'
import { CacheError } from '../errors.ts'
import { report } from '../report.ts'
import { type Clock, unref } from '../runtime.ts'
import type { Claim, LockRelease } from './claim.ts'
import type { Lock } from './lock.ts'
import type { LockSettings } from './options.ts'

// How much earlier than in Redis a lease ends for its holder: clocks run at different speeds, and work needs time to stop.
const longestMargin = 1000
const marginPart = 0.1

/** An instant on both clocks: the monotonic one may stand still while a machine is suspended, the other may be set. */
export interface Instant {
  readonly monotonic: number
  readonly wall: number
}

export function instantOf(clock: Clock): Instant {
  return { monotonic: clock.monotonic(), wall: clock.now() }
}

/** A lock that was granted, until it is released or its lease expires. */
export class Hold implements Lock {
  readonly fence: number
  readonly #core: Core
  readonly #claim: Claim
  readonly #controller = new AbortController()
  readonly #automatic: boolean
  /** After this instant it is not extended automatically any more. */
  readonly #lastRenewal: number
  /** Whether its lease is the last one. */
  #isLast = false
  /** An instant just before its lease was asked for. */
  #since: Instant
  #guard: unknown
  #renewal: unknown
  #release: Promise<LockRelease> | undefined
  #ended = false

  constructor(
    core: Core,
    claim: Claim,
    { fence, since, settings }: { fence: number; since: Instant; settings: LockSettings },
  ) {
    this.fence = fence
    this.#core = core
    this.#claim = claim
    this.#automatic = settings.autoExtend
    this.#lastRenewal = since.monotonic + settings.maxHold - claim.ttl
    this.#since = since
    if (this.remaining > 0) this.#watch()
  }

  get signal(): AbortSignal {
    this.#check()
    return this.#controller.signal
  }

  get remaining(): number {
    if (this.#ended || this.#controller.signal.aborted) return 0
    return Math.max(0, this.#left)
  }

  async extend(): Promise<boolean> {
    if (this.#isOver) return false
    const since = instantOf(this.#core.settings.clock)
    let there: boolean
    try {
      there = await this.#claim.extend(this.fence)
    } catch (error) {
      throw report(this.#core, 'lock', error)
    }
    if (this.#isOver) return false
    if (!there) {
      this.#lose('it was gone when it was to be extended')
      return false
    }
    // Of two concurrent extensions, the later one counts.
    if (since.monotonic > this.#since.monotonic) this.#since = since
    this.#watch()
    return this.remaining > 0
  }

  release(): Promise<LockRelease> {
    this.#release ??= this.#giveBack()
    return this.#release
  }

  /** Releases it where the result is of no interest. Never rejects. */
  async settle(): Promise<void> {
    try {
      await this.release()
    } catch {
      // Listeners were told. The lease expires by itself.
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.settle()
  }

  async #giveBack(): Promise<LockRelease> {
    this.#ended = true
    this.#stop()
    try {
      const end = await this.#claim.giveBack(this.fence)
      if (end !== 'released') this.#lose(`it was ${end} when it was released`)
      return end
    } catch (error) {
      this.#release = undefined // it may be tried again
      throw report(this.#core, 'lock', error)
    }
  }

  get #now(): number {
    return this.#core.settings.clock.monotonic()
  }

  /** For how many milliseconds more it is certainly held, by the clock that has advanced further. */
  get #left(): number {
    const { ttl } = this.#claim
    const { monotonic, wall } = instantOf(this.#core.settings.clock)
    const elapsed = Math.max(monotonic - this.#since.monotonic, wall - this.#since.wall)
    return ttl - Math.min(ttl * marginPart, longestMargin) - elapsed
  }

  get #isOver(): boolean {
    this.#check()
    return this.#ended || this.#controller.signal.aborted
  }

  /** After a stall, a process may run its other work before its timers. */
  #check(): void {
    if (!this.#ended && this.#left <= 0) this.#expire()
  }

  readonly #expire = (): void => {
    this.#lose(this.#isLast ? 'it has been held for maxHold' : 'its lease is about to end')
  }

  /** Sets the timers of the lease. */
  #watch(): void {
    this.#stop()
    const { clock } = this.#core.settings
    this.#guard = clock.setTimeout(this.#expire, this.remaining)
    unref(this.#guard)
    if (this.#automatic) this.#renewAt(this.#since.monotonic + this.#claim.ttl / 3)
  }

  #renewAt(instant: number): void {
    this.#isLast = instant > this.#lastRenewal
    if (this.#isLast || instant - this.#now >= this.#left) return
    const { clock } = this.#core.settings
    clock.clearTimeout(this.#renewal) // a manual extension may have set one meanwhile
    this.#renewal = clock.setTimeout(() => void this.#renew(), Math.max(0, instant - this.#now))
    unref(this.#renewal)
  }

  /** Extends it automatically; if that fails, tries again for as long as the lease lasts. */
  async #renew(): Promise<void> {
    try {
      await this.extend()
    } catch {
      // Listeners were told, and the guard ends it in time.
      if (!this.#isOver) this.#renewAt(this.#now + this.#claim.ttl / 9)
    }
  }

  #stop(): void {
    const { clock } = this.#core.settings
    clock.clearTimeout(this.#guard)
    clock.clearTimeout(this.#renewal)
  }

  #lose(why: string): void {
    this.#stop()
    if (this.#controller.signal.aborted) return
    const error = new CacheError('LOCK_LOST', `the lock is lost: ${why}`, { retryable: true })
    this.#controller.abort(error)
    // Without automatic extension a lease just expires.
    if (this.#automatic) report(this.#core, 'lock', error)
  }
}
