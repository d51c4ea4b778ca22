import type { Clock } from '../runtime.ts'

/** An unconditional write, which decides what L2 holds. */
export interface Decider {
  /** Whether it has been sent: what has not yet comes behind what is sent now. */
  readonly sent: boolean
  /** Whether it succeeded. */
  readonly done: boolean
  readonly ended: { readonly isOpen: boolean; readonly opened: Promise<void> }
}

/** The writes to a key that were issued after a given one, in order. */
export interface Later {
  /** Missing for the given one itself. */
  readonly by?: Decider
  next?: Later
}

/** A mark on an operation in flight. `overtaken`: a write to its key has outdated what it is about to store. */
export interface Mark {
  overtaken: boolean
  /** A later `set` or `remove` decides what L2 holds: what is not sent yet must not be sent any more. */
  superseded: boolean
  /** By what was learned since, anything older than this version is out of date. */
  version: number
  /** The same for its key alone, without mere expiry: an older copy is unusable, even as a stale one. */
  removed: number
  /** Like `removed`, but learned from the reply that also brings the operation's value; if that does not come, this becomes `removed`. */
  told: number
  /** Not every change up to this version is known. An older copy may be used only as stale, and must not become new. */
  doubted: number
  /** What it asked for along with its value: changes in the same reply came before the value was read. */
  asking: object | undefined
  /** It only reads: if its result is not stored, only L1 lacks it. */
  readonly reads: boolean
  /** When it began, by the monotonic clock. */
  readonly begun: number
  /** For a caller's own `set`, which a later write that may fail must not stop: the last of those writes. */
  explicit?: Later
}

const maxKeys = 10_000
const maxOnKey = 1000

/**
 * The operations in flight, by key. A write to a key marks those that began before it: they return their value to their own
 * caller and store it nowhere, so that a slow read can never put back what a `set` or `remove` has just replaced.
 */
export class Marks {
  readonly #inFlight = new Map<string, Set<Mark>>()
  readonly #clock: Clock
  readonly #fence: number

  /** What takes longer than `fence`, in milliseconds, may be forgotten first: no load stores anything after that. */
  constructor(clock: Clock, fence: number) {
    this.#clock = clock
    this.#fence = fence
  }

  /** `since`: the operation continues an earlier one, and inherits its mark. */
  begin(key: string, { since, reads = false }: { since?: Mark; reads?: boolean } = {}): Mark {
    const mark: Mark = {
      overtaken: since?.overtaken ?? false,
      superseded: since?.superseded ?? false,
      version: since?.version ?? 0,
      removed: since?.removed ?? 0,
      told: since?.told ?? 0,
      doubted: since?.doubted ?? 0,
      asking: undefined,
      reads,
      begun: this.#clock.monotonic(),
    }
    const marks = this.#inFlight.get(key)
    if (marks !== undefined) {
      if (marks.size < maxOnKey || forgetOldest(marks, mark, this.#fence)) marks.add(mark)
      else mark.overtaken = true
    } else {
      this.#makeRoom()
      this.#inFlight.set(key, new Set([mark]))
    }
    return mark
  }

  /**
   * An operation whose request was cancelled never ends, and leaves its mark behind: if there are too many, those of the oldest key
   * are dropped, and count as overtaken.
   */
  #makeRoom(): void {
    if (this.#inFlight.size < maxKeys) return
    for (const key of this.#inFlight.keys()) {
      this.overtake(key)
      this.#inFlight.delete(key)
      return
    }
  }

  end(key: string, mark: Mark): void {
    const marks = this.#inFlight.get(key)
    if (marks?.delete(mark) === true && marks.size === 0) this.#inFlight.delete(key)
  }

  overtake(key: string): void {
    for (const mark of this.#inFlight.get(key) ?? []) mark.overtaken = true
  }

  overtakeWhere(reaches: (key: string) => boolean): void {
    for (const key of this.#inFlight.keys()) if (reaches(key)) this.overtake(key)
  }

  /** Without `by`: spares a caller's own `set`. */
  supersede(key: string, by?: Decider): void {
    const last: Later | undefined = by && { by }
    for (const mark of this.#inFlight.get(key) ?? []) {
      if (mark.explicit === undefined) mark.superseded = true
      else if (last !== undefined) {
        // If one has succeeded, those after it do not matter.
        if (mark.explicit.by?.done !== true) mark.explicit.next = last
        mark.explicit = last
      }
    }
  }

  /** A key was invalidated at `version`, or only expired (`keepsStale`); `except`: operations whose value comes in the same reply. */
  raise(
    key: string,
    version: number,
    { except, keepsStale = false }: { except?: object | undefined; keepsStale?: boolean },
  ): void {
    for (const mark of this.#inFlight.get(key) ?? []) {
      const isNews = raise(mark, version, except)
      if (keepsStale) continue
      if (isNews) mark.removed = Math.max(mark.removed, version)
      else mark.told = Math.max(mark.told, version)
    }
  }

  /** The value that was to come with the changes did not: any copy at hand is older than they are. */
  unanswered(mark: Mark): void {
    mark.asking = undefined
    mark.removed = Math.max(mark.removed, mark.told)
  }

  /** Everything may have been invalidated up to `version`; `except` as in `raise`. */
  raiseAll(version: number, except: object | undefined): void {
    for (const marks of this.#inFlight.values()) for (const mark of marks) doubt(mark, version, except)
  }

  /** For the operations that asked this: more is known than their reply told. */
  raiseOf(asking: object | undefined, version: number): void {
    if (asking === undefined) return
    for (const marks of this.#inFlight.values())
      for (const mark of marks) if (mark.asking === asking) doubt(mark, version, undefined)
  }

  /** How many keys have an operation in flight. */
  get size(): number {
    return this.#inFlight.size
  }
}

/**
 * Makes room for a mark by dropping the first that is a read, or began more than a fence before it, or else, unless the new one is a
 * read, the oldest. That learns of nothing from now on, and its result is stored nowhere.
 */
function forgetOldest(marks: Set<Mark>, { reads, begun }: Mark, fence: number): boolean {
  let [oldest] = reads ? [] : marks
  for (const mark of marks) {
    if (!mark.reads && begun - mark.begun <= fence) continue
    oldest = mark
    break
  }
  if (oldest === undefined) return false
  oldest.overtaken = true
  oldest.superseded = true
  return marks.delete(oldest)
}

function raise(mark: Mark, version: number, except: object | undefined): boolean {
  if (except !== undefined && mark.asking === except) return false
  mark.version = Math.max(mark.version, version)
  return true
}

function doubt(mark: Mark, version: number, except: object | undefined): void {
  if (raise(mark, version, except)) mark.doubted = Math.max(mark.doubted, version)
}
