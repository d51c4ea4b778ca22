/** A value of the cache under test: which place it is of, and how new it is. */
export interface Value {
  readonly place: string
  serial: number
  readonly secret: string
}

export const secretValue = 'canary-value-1'

/** What a call may still be given: nothing below `fresh`; below `removed` not even where a stale value will do. */
interface Floor {
  fresh: number
  removed: number
}

/**
 * What has been acknowledged, and thus what may still be returned: rules R1, R2 and R9. One thing happens after the other, so that it
 * is known which value is the newest; isolates know what they did themselves, and of others what they have asked.
 */
export class Ledger {
  /** What happened last, for who has to find out why a rule was broken. */
  readonly #trail: string[] = []
  #serial = 0
  readonly #lies: boolean
  /** What all isolates have been told of as done. */
  readonly #done = new Map<string, Floor>()
  readonly #known = new Map<string, Map<string, Floor>>()
  /** Writes that failed: they may have been executed, and may be executed late. */
  readonly #loose = new Set<number>()

  /** Where the server `lies`, nothing follows from an acknowledgement; what is of one place still is of no other. */
  constructor({ lies }: { lies: boolean }) {
    this.#lies = lies
  }

  note(what: string): void {
    if (this.#trail.push(what) > 80) this.#trail.shift()
  }

  make(place: string): Value {
    this.note(`  made ${place} #${this.#serial + 1}`)
    return { place, serial: ++this.#serial, secret: secretValue }
  }

  /** A write of these values was acknowledged to an isolate. */
  stored(isolate: string, values: readonly Value[]): void {
    for (const { place, serial } of values) this.note(`  ${isolate} stored ${place} #${serial}`)
    for (const { place, serial } of values) this.#raise(isolate, place, { fresh: serial, removed: serial })
  }

  /** Whether they were stored nobody knows. */
  uncertain(values: readonly Value[]): void {
    for (const { place, serial } of values) this.note(`  perhaps stored: ${place} #${serial}`)
    for (const { serial } of values) this.#loose.add(serial)
  }

  /**
   * A removal of these places was acknowledged; `soft`: what was there may stand in where nothing better is had; `here`: others need
   * not hear of it.
   */
  removed(
    isolate: string,
    places: readonly string[],
    { soft = false, here = false }: { soft?: boolean; here?: boolean },
  ): void {
    const fresh = this.#serial + 1
    this.note(`  ${isolate} ended ${places.join(', ')}${soft ? ', softly' : ''}, below #${fresh}`)
    for (const place of places) {
      const floor = { fresh, removed: soft ? 0 : fresh }
      if (here) raise(this.#of(isolate), place, floor)
      else this.#raise(isolate, place, floor)
    }
  }

  /** The isolate has been answered when it asked what others had done. */
  learned(isolate: string): void {
    for (const [place, floor] of this.#done) raise(this.#of(isolate), place, floor)
  }

  /** Throws where a call was given what it must not be given. */
  judge(isolate: string, place: string, value: unknown, stale = false): void {
    if (value === undefined) return
    const found = value as Partial<Value>
    if (found.place !== place || found.secret !== secretValue)
      throw new Error(`R1: ${isolate} asked for ${place} and got ${JSON.stringify(value)}`)
    const serial = Number(found.serial)
    // R8: a caller changed it, and others got to see that.
    if (!Number.isSafeInteger(serial)) throw new Error(`R8: ${isolate} got ${JSON.stringify(value)}`)
    this.note(`  ${isolate} got ${place} #${serial}`)
    const floor = this.#of(isolate).get(place) ?? { fresh: 0, removed: 0 }
    const least = stale ? floor.removed : floor.fresh
    if (serial < least && !this.#lies && !this.#loose.has(serial))
      throw new Error(
        `R2/R9: ${isolate} got ${place} #${serial}, older than #${least}\n${this.#trail.join('\n')}`,
      )
    ;(found as { serial: unknown }).serial = 'changed by a caller'
  }

  #raise(isolate: string, place: string, floor: Floor): void {
    raise(this.#of(isolate), place, floor)
    raise(this.#done, place, floor)
  }

  #of(isolate: string): Map<string, Floor> {
    let floors = this.#known.get(isolate)
    if (floors === undefined) this.#known.set(isolate, (floors = new Map<string, Floor>()))
    return floors
  }
}

function raise(floors: Map<string, Floor>, place: string, { fresh, removed }: Floor): void {
  const before = floors.get(place) ?? { fresh: 0, removed: 0 }
  floors.set(place, {
    fresh: Math.max(before.fresh, fresh),
    removed: Math.max(before.removed, removed),
  })
}
