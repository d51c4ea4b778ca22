import type { Mark } from '../coherence/index.ts'
import { Latch } from '../latch.ts'
import type { CopyFacts, Held, LocalEntry } from '../memory/index.ts'

/** A copy of a value, from either tier. Its instants are on the isolate's clock. */
export type Copy = Pick<LocalEntry, 'value' | 'encoded' | 'end' | 'staleUntil' | 'facts' | 'expired'>

/** The outcome of a load. */
export type Outcome =
  /** `own`: for the call that it belongs to. `held`: for the others, missing if they cannot be given it. */
  | {
      readonly kind: 'value'
      readonly own: unknown
      readonly held: Held | undefined
      readonly found: boolean
    }
  /** `ours`: the fault of the flight's own call alone, above all of its schema. */
  | { readonly kind: 'error'; readonly error: unknown; readonly ours?: boolean }
  /** Nothing was made: another isolate is loading it, or the origin is resting after a failure. */
  | { readonly kind: 'none' }
  /** No caller waited any more. */
  | { readonly kind: 'abandoned' }

/**
 * A load in flight. Other requests read its outcome and await nothing of it: on Workers a promise of a request that is gone never
 * settles, and work that continues on behalf of another request is killed.
 */
export class Flight {
  /** Made of its key in L1, and whether it uses L2. */
  readonly id: string
  readonly mark: Mark
  /** Opens when L2 has been asked. */
  readonly looked: Latch = new Latch()
  readonly settled: Latch = new Latch()
  /** Opens when it is known who makes the value. Only if callers return a stale one before that. */
  leased: Latch | undefined
  /** Whether L2 answered: then its copy counts, and not that of L1. */
  answered = false
  /** Whether it was counted as a miss of L2. One load is one miss, however often it reads L2. */
  missed = false
  /** L2's old copy, which is to be replaced. */
  previous: Copy | undefined
  /** Whether another isolate is making the value. */
  elsewhere = false
  /** The factory has begun, here or in another isolate, and with it the callers' timeouts. */
  readonly begun: Latch = new Latch()
  /** When that was, by the monotonic clock. */
  makingSince = 0
  outcome: Outcome | undefined
  /** For a value that L2 had: how long it still lives, in milliseconds, and its facts. */
  found: { readonly left: number; readonly facts: CopyFacts } | undefined
  /** The version that its value is at least as new as, and the addresses of its tags, once they are known. */
  stamp = 0
  tags: readonly string[] = []
  /** When it began, by the monotonic clock. */
  readonly startedAt: number
  /** It goes on when no caller waits for it. */
  goesOn: boolean
  /** Its `timeout` has passed: it ends when the last caller leaves, even if it was to go on. */
  overdue = false
  /** Marks it as overdue: for its own call, when that has waited for `timeout`. */
  late: (() => void) | undefined
  /** Whether the platform keeps it alive when its own call has ended. */
  anchored = false
  waiting = 0
  /** Incremented by its own request for as long as that is alive. */
  pulse = 0
  pulseAt = 0
  /** Settles when everything is done, the write to L2 included. Only its own request may await it. */
  work: Promise<void> = Promise.resolve()
  #controller: AbortController | undefined
  #reason: unknown

  constructor(id: string, mark: Mark, { goesOn, startedAt }: { goesOn: boolean; startedAt: number }) {
    this.id = id
    this.mark = mark
    this.startedAt = startedAt
    this.goesOn = goesOn
  }

  /** Whether a caller waits for it, or it is to go on without. */
  get isWanted(): boolean {
    return this.waiting > 0 || (this.goesOn && !this.overdue)
  }

  /** Whether it has, or may still get, a value that others can be given. */
  get isJoinable(): boolean {
    return this.outcome === undefined || (this.outcome.kind === 'value' && this.outcome.held !== undefined)
  }

  /** Aborts when no caller waits any more. Created on first use. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.outcome?.kind === 'abandoned') this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Its factory, or another isolate's, is at work from `now` on, by the monotonic clock. */
  begin(now: number): void {
    this.makingSince = now
    this.begun.open()
  }

  /** Only the first outcome counts. */
  settle(outcome: Outcome): void {
    if (this.outcome !== undefined) return
    this.outcome = outcome
    this.looked.open()
    this.leased?.open()
    this.begun.open()
    this.settled.open()
  }

  abandon(reason: unknown): void {
    if (this.outcome !== undefined) return
    this.#reason = reason
    this.settle({ kind: 'abandoned' })
    this.#controller?.abort(reason)
  }
}
