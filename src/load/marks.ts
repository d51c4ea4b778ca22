/** Set as soon as a write to its key makes what the operation is about to store out of date. */
export interface Mark {
  overtaken: boolean
  /** Set as soon as a later `set` or `remove` decides what L2 is to hold: what is not sent yet must not be sent any more. */
  superseded: boolean
  /** What is to be stored is a caller's own `set`: a later write that may come to nothing must not stop it. */
  explicit?: boolean
}

const maxKeys = 10_000

/**
 * The operations in flight, by key. A write to a key marks those that began before it: they give their value to their own
 * caller and store it nowhere, so that a slow read can never put back what a `set` or `remove` has just replaced.
 */
export class Marks {
  readonly #inFlight = new Map<string, Set<Mark>>()

  /** `since`: the operation goes on from an earlier one, and is overtaken if that was. */
  begin(key: string, since?: Mark): Mark {
    const mark = { overtaken: since?.overtaken ?? false, superseded: since?.superseded ?? false }
    const marks = this.#inFlight.get(key)
    if (marks !== undefined) marks.add(mark)
    else {
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

  /** `loadsOnly`: spares what a caller stores explicitly. */
  supersede(key: string, loadsOnly = false): void {
    for (const mark of this.#inFlight.get(key) ?? []) mark.superseded ||= !loadsOnly || mark.explicit !== true
  }

  /** How many keys have an operation in flight. */
  get size(): number {
    return this.#inFlight.size
  }
}
