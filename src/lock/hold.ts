import type { Core } from '../core.ts'
import { CacheError } from '../errors.ts'
import { report } from '../load/report.ts'
import { unref } from '../runtime.ts'
import type { Claim, LockRelease } from './claim.ts'
import type { Lock } from './lock.ts'
import type { LockSettings } from './options.ts'

// How much earlier than Redis its holder lets a lease end: clocks run at different speeds, and work needs time to stop.
const longestMargin = 1000
const marginPart = 0.1

/** A lock that was granted, until it is given back or its lease ends. */
export class Hold implements Lock {
  readonly fence: number
  readonly #core: Core
  readonly #claim: Claim
  readonly #controller = new AbortController()
  readonly #automatic: boolean
  /** After which instant it is not extended by itself any more. */
  readonly #lastRenewal: number
  /** Whether its lease is the last one. */
  #isLast = false
  /** Until when it is certainly held. */
  #until: number
  #guard: unknown
  #renewal: unknown
  #release: Promise<LockRelease> | undefined
  #ended = false

  constructor(
    core: Core,
    claim: Claim,
    { fence, since, settings }: { fence: number; since: number; settings: LockSettings },
  ) {
    this.fence = fence
    this.#core = core
    this.#claim = claim
    this.#automatic = settings.autoExtend
    this.#lastRenewal = since + settings.maxHold - claim.ttl
    this.#until = this.#endOf(since)
    if (this.remaining > 0) this.#watch(since)
  }

  get signal(): AbortSignal {
    this.#check()
    return this.#controller.signal
  }

  get remaining(): number {
    if (this.#ended || this.#controller.signal.aborted) return 0
    return Math.max(0, this.#until - this.#now)
  }

  async extend(): Promise<boolean> {
    if (this.#isOver) return false
    const since = this.#now
    let there: boolean
    try {
      there = await this.#claim.extend(this.fence)
    } catch (error) {
      throw report(this.#core, 'lock', error)
    }
    if (this.#isOver) return false
    if (!there) {
      this.#lose('the lock was gone when it was to be extended')
      return false
    }
    this.#until = Math.max(this.#until, this.#endOf(since))
    this.#watch(since)
    return this.remaining > 0
  }

  release(): Promise<LockRelease> {
    this.#release ??= this.#giveBack()
    return this.#release
  }

  /** Gives it back where nobody asks what came of it. Never rejects. */
  async settle(): Promise<void> {
    try {
      await this.release()
    } catch {
      // Listeners know. The lease ends by itself.
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
      if (end !== 'released') this.#lose(`the lock was ${end} when it was given back`)
      return end
    } catch (error) {
      this.#release = undefined // it may be tried again
      throw report(this.#core, 'lock', error)
    }
  }

  get #now(): number {
    return this.#core.settings.clock.monotonic()
  }

  /** When a lease that was asked for at `since` is to be counted as over. */
  #endOf(since: number): number {
    const { ttl } = this.#claim
    return since + ttl - Math.min(ttl * marginPart, longestMargin)
  }

  get #isOver(): boolean {
    this.#check()
    return this.#ended || this.#controller.signal.aborted
  }

  /** A process that was held up may run its other work before its timers. */
  #check(): void {
    if (!this.#ended && this.#until <= this.#now) this.#expire()
  }

  readonly #expire = (): void => {
    this.#lose(this.#isLast ? 'it has been held for maxHold' : 'its lease is about to end')
  }

  /** Sets the timers of a lease that was asked for at `since`. */
  #watch(since: number): void {
    this.#stop()
    const { clock } = this.#core.settings
    this.#guard = clock.setTimeout(this.#expire, Math.max(0, this.#until - this.#now))
    unref(this.#guard)
    if (this.#automatic) this.#renewAt(since + this.#claim.ttl / 3)
  }

  #renewAt(instant: number): void {
    this.#isLast = instant > this.#lastRenewal
    if (this.#isLast || instant >= this.#until) return
    const { clock } = this.#core.settings
    this.#renewal = clock.setTimeout(() => void this.#renew(), Math.max(0, instant - this.#now))
    unref(this.#renewal)
  }

  /** Extends it by itself; where that fails, tries again for as long as the lease lasts. */
  async #renew(): Promise<void> {
    try {
      await this.extend()
    } catch {
      // Listeners know, and the guard ends it in time.
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
    // A lease that nobody extends just ends.
    if (this.#automatic) report(this.#core, 'lock', error)
  }
}
