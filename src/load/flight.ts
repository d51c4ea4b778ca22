import type { Mark } from '../coherence/index.ts'
import { Latch } from '../latch.ts'
import type { CopyFacts, Held, LocalEntry } from '../memory/index.ts'

/** A copy of a value, in whichever tier it was found. Its instants are the isolate's. */
export type Copy = Pick<LocalEntry, 'value' | 'encoded' | 'end' | 'staleUntil' | 'facts' | 'expired'>

/** What a load came to. */
export type Outcome =
  /** `own`: for the call that it belongs to. `held`: for the others, missing where nobody else can be given it. */
  | {
      readonly kind: 'value'
      readonly own: unknown
      readonly held: Held | undefined
      readonly found: boolean
    }
  /** `ours`: it is the fault of the flight's own call, its schema above all, and nobody else's. */
  | { readonly kind: 'error'; readonly error: unknown; readonly ours?: boolean }
  /** Nothing was made: another isolate is at it, or the origin is to be left alone for a while. */
  | { readonly kind: 'none' }
  /** Nobody waited any more. */
  | { readonly kind: 'abandoned' }

/**
 * A load on its way. Other requests read what it has come to and await nothing of it: on Workers a promise of a request that
 * is gone never settles, and what continues in another request's name is killed.
 */
export class Flight {
  /** What it is known by: its key in L1, and whether it goes by L2. */
  readonly id: string
  readonly mark: Mark
  /** L2 has been asked. */
  readonly looked: Latch = new Latch()
  readonly settled: Latch = new Latch()
  /** It is known who makes the value. Only where callers go on with a stale one before it is. */
  leased: Latch | undefined
  /** Whether L2 gave an answer: it then knows better than L1 what is there. */
  answered = false
  /** Whether it was counted as a miss of L2. One load is one miss, however often it looks. */
  missed = false
  /** What L2 had: to be replaced. */
  previous: Copy | undefined
  /** Whether another isolate is making the value. */
  elsewhere = false
  /** The making has begun: the time runs that callers give a factory. */
  readonly begun: Latch = new Latch()
  /** When that was, by the monotonic clock. */
  makingSince = 0
  outcome: Outcome | undefined
  /** Of a value that L2 had: how long it still lives, in milliseconds, and what it says of itself. */
  found: { readonly left: number; readonly facts: CopyFacts } | undefined
  /** The version that its value is at least as new as, and the addresses of its tags: as soon as they are known. */
  stamp = 0
  tags: readonly string[] = []
  /** When it began, by the monotonic clock. */
  readonly startedAt: number
  /** It goes on when nobody waits for it. */
  goesOn: boolean
  /** Its time is up: it ends with the last one who waits, even if it was to go on. */
  overdue = false
  /** Says that its time is up, and that of its own call with it. */
  late: (() => void) | undefined
  /** Whether the platform keeps it alive when its own call has ended. */
  anchored = false
  waiting = 0
  /** Counted up by its own request for as long as that is alive. */
  pulse = 0
  pulseAt = 0
  /** Settles when all is done, what is written to L2 included. Only its own request may await it. */
  work: Promise<void> = Promise.resolve()
  #controller: AbortController | undefined
  #reason: unknown

  constructor(id: string, mark: Mark, { goesOn, startedAt }: { goesOn: boolean; startedAt: number }) {
    this.id = id
    this.mark = mark
    this.startedAt = startedAt
    this.goesOn = goesOn
  }

  /** Whether anybody waits for it, or it is to go on without. */
  get isWanted(): boolean {
    return this.waiting > 0 || (this.goesOn && !this.overdue)
  }

  /** Whether there still is, or may come, something that it can give to others. */
  get isJoinable(): boolean {
    return this.outcome === undefined || (this.outcome.kind === 'value' && this.outcome.held !== undefined)
  }

  /** Aborts when nobody waits any more. Made on first use. */
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

  /** The first outcome counts. */
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
