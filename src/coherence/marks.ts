/** A write that decides what L2 is to hold. */
export interface Decider {
  /** Whether it succeeded. */
  readonly done: boolean
  readonly ended: { readonly isOpen: boolean; readonly opened: Promise<void> }
}

/** The writes to a key that came later than one, in order. */
export interface Later {
  /** Missing for that one itself. */
  readonly by?: Decider
  next?: Later
}

/** Set as soon as a write to its key makes what the operation is about to store out of date. */
export interface Mark {
  overtaken: boolean
  /** Set as soon as a later `set` or `remove` decides what L2 is to hold: what is not sent yet must not be sent any more. */
  superseded: boolean
  /** Something that was learned since makes whatever is older than this version out of date. */
  version: number
  /** The same of its key alone, without what only expired: a stale copy that is older is of no use, not even as such. */
  removed: number
  /** Like `removed`, but the operation's value is to come in the same answer; if it does not, this becomes `removed`. */
  told: number
  /** Not everything up to this version was told. What is older may be stale at best, and must not become new. */
  doubted: number
  /** What it asked for along with its value: news that came in the same answer were there before the value. */
  asking: object | undefined
  /** It only reads: what it brings is missed by nobody but L1. */
  readonly reads: boolean
  /** What is to be stored is a caller's own `set`, which a later write that may come to nothing must not stop: the last of those. */
  explicit?: Later
}

const maxKeys = 10_000
const maxOnKey = 1000

/**
 * The operations in flight, by key. A write to a key marks those that began before it: they give their value to their own
 * caller and store it nowhere, so that a slow read can never put back what a `set` or `remove` has just replaced.
 */
export class Marks {
  readonly #inFlight = new Map<string, Set<Mark>>()

  /** `since`: the operation goes on from an earlier one, and is overtaken if that was. */
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
    }
    const marks = this.#inFlight.get(key)
    if (marks !== undefined) {
      if (marks.size < maxOnKey || forgetOldest(marks, reads)) marks.add(mark)
      else mark.overtaken = true
    } else {
      this.#makeRoom()
      this.#inFlight.set(key, new Set([mark]))
    }
    return mark
  }

  /**
   * An operation whose request was cancelled never ends, and leaves its mark behind: where there are too many, the oldest go,
   * and count as overtaken.
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

  /** Without a decider: spares what a caller stores explicitly. */
  supersede(key: string, by?: Decider): void {
    const last: Later | undefined = by && { by }
    for (const mark of this.#inFlight.get(key) ?? []) {
      if (mark.explicit === undefined) mark.superseded = true
      else if (last !== undefined) {
        // Where one has succeeded nobody needs to know of those behind it.
        if (mark.explicit.by?.done !== true) mark.explicit.next = last
        mark.explicit = last
      }
    }
  }

  /** A key was invalidated at `version`, or only expired (`keepsStale`); `except` for those whose value comes behind this very news. */
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

  /** The value that was to come with the news did not: what is at hand is older than they are. */
  unanswered(mark: Mark): void {
    mark.asking = undefined
    mark.removed = Math.max(mark.removed, mark.told)
  }

  /** Everything may have been invalidated up to `version`; `except` as in `raise`. */
  raiseAll(version: number, except: object | undefined): void {
    for (const marks of this.#inFlight.values()) for (const mark of marks) doubt(mark, version, except)
  }

  /** Those who asked this hear that more is known than they were told. */
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
 * Makes room by forgetting a read, or else, for what is no read itself, the oldest. That hears of nothing from now on, and what it
 * brings is stored nowhere.
 */
function forgetOldest(marks: Set<Mark>, forRead: boolean): boolean {
  let [oldest] = forRead ? [] : marks
  for (const mark of marks) {
    if (!mark.reads) continue
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
