// What a read may give. Not how, nor by which versions: only what happened, in which order, and what was promised.

/** Where a value is: what the database has one version of. */
export interface Place {
  readonly namespace: string | undefined
  readonly key: string
}

/** A value, which says of itself what it is of. `version`: that of its data. */
export interface Value {
  readonly id: number
  readonly place: string
  readonly version: number
}

/** One way in which a value came into being: made by a load, or written. Loads that find their value unchanged make it anew. */
interface Birth {
  /** When its factory began; or, where it was written, when Redis took it: nobody knows beforehand. */
  at: number
  readonly written: boolean
  readonly tags: readonly string[]
  readonly ttl: number
  readonly window: number
  /** In the model's time; `Infinity` while it is still being made. */
  freshUntil: number
  staleUntil: number
}

/** Something that was taken away, or replaced, and whoever knows that is never given what was there before. */
export interface Barrier {
  readonly text: string
  /** When Redis did it, or a little before. */
  readonly at: number
  /** When its caller was told: who asks after that has to know. */
  readonly resolved: number
  /** It ends freshness only. */
  readonly soft: boolean
  readonly covers: (place: Place, tags: readonly string[]) => boolean
}

/** What a call has to know, and how much staleness it puts up with. */
export interface Duty {
  /** It has to know of whatever Redis did before this. */
  readonly known: number
  /** And of these, which its own isolate did. */
  readonly own: readonly Barrier[]
  readonly begunAt: number
  /** Whether it said that it gives something stale, and why. */
  readonly stale: ReadonlySet<string>
  /** The longest that a value may be past its end. */
  readonly window: number
}

// The clock of the server is learnt from a reply that may take a second, and by each isolate anew.
const tolerance = 1100

export class Reference {
  readonly #births = new Map<number, { place: Place; births: Birth[] }>()
  readonly #data = new Map<string, number>()
  readonly barriers: Barrier[] = []
  #count = 0

  /** The version of the data now. */
  version(place: Place): number {
    return this.#data.get(nameOf(place)) ?? 1
  }

  /** The data change. */
  change(place: Place): void {
    this.#data.set(nameOf(place), this.version(place) + 1)
  }

  /** A value of the data as they are now. */
  value(place: Place): Value {
    const value = { id: ++this.#count, place: nameOf(place), version: this.version(place) }
    this.#births.set(value.id, { place, births: [] })
    return value
  }

  /** A load has made a value, from data as they were when its factory began. */
  made(
    { id }: Value,
    {
      began,
      now,
      tags,
      ttl,
      window,
    }: { began: number; now: number; tags: readonly string[]; ttl: number; window: number },
  ): void {
    const freshUntil = now + ttl
    const birth = {
      at: began,
      written: false,
      tags,
      ttl,
      window,
      freshUntil,
      staleUntil: freshUntil + window,
    }
    this.#births.get(id)?.births.push(birth)
  }

  /** What was made together lives from when the last of it was made. */
  handed(value: Value, now: number): void {
    for (const birth of this.#births.get(value.id)?.births ?? []) {
      birth.freshUntil = now + birth.ttl
      birth.staleUntil = birth.freshUntil + birth.window
    }
  }

  /** A value is on its way to Redis. */
  written(
    { id }: Value,
    { tags, ttl, window }: { tags: readonly string[]; ttl: number; window: number },
  ): void {
    const birth = { at: 0, written: true, tags, ttl, window, freshUntil: -Infinity, staleUntil: -Infinity }
    this.#births.get(id)?.births.push(birth)
  }

  /** Redis has taken a value that was written; whether it was for the first time. */
  taken(id: number, at: number, now: number): boolean {
    let first = true
    for (const birth of this.#births.get(id)?.births ?? []) {
      if (!birth.written) continue
      first = birth.at === 0
      birth.at = at
      birth.freshUntil = now + birth.ttl
      birth.staleUntil = birth.freshUntil + birth.window
    }
    return first
  }

  /** When Redis took a value that was written. */
  takenAt({ id }: Value): number {
    return this.#births.get(id)?.births.find(({ written }) => written)?.at ?? 0
  }

  /** Whatever is there lives for so much longer. */
  extended(key: string, until: number): void {
    for (const { place, births } of this.#births.values()) {
      if (place.key !== key) continue
      for (const birth of births) {
        birth.freshUntil = Math.max(birth.freshUntil, until)
        birth.staleUntil = Math.max(birth.staleUntil, until + birth.window)
      }
    }
  }

  /** What is wrong with a value that was given; `undefined` where nothing is. `kept`: it was only offered to a factory. */
  judge(place: Place, value: unknown, duty: Duty, kept = false): string | undefined {
    const { id, place: of } = (value ?? {}) as Partial<Value>
    const known = this.#births.get(id ?? 0)
    if (known === undefined) return 'nobody ever made this'
    if (of !== nameOf(place)) return `it is a value of ${of}`
    let why = 'it was never made nor stored'
    for (const birth of known.births) {
      const wrong = this.#wrongWith(birth, place, duty, kept)
      if (wrong === undefined) return undefined
      why = wrong
    }
    return why
  }

  #wrongWith(birth: Birth, place: Place, duty: Duty, kept: boolean): string | undefined {
    if (birth.written && birth.at === 0) return 'it was never stored'
    const excused = kept || duty.stale.has('error') || duty.stale.has('timeout')
    for (const barrier of this.#known(duty)) {
      const passed = birth.written ? birth.at >= barrier.at : birth.at > barrier.at
      if (passed || !barrier.covers(place, birth.tags)) continue
      if (!barrier.soft || !excused) return `it is from before ${barrier.text}`
    }
    if (kept) return undefined
    const until =
      duty.stale.size === 0 ? birth.freshUntil : Math.min(birth.staleUntil, birth.freshUntil + duty.window)
    return duty.begunAt <= until + tolerance ? undefined : `it ended ${duty.begunAt - until} ms before`
  }

  #known({ known, own }: Duty): readonly Barrier[] {
    return [...own, ...this.barriers.filter(({ resolved }) => resolved < known)]
  }
}

export function nameOf({ namespace, key }: Place): string {
  return namespace === undefined ? key : `${namespace}/${key}`
}
