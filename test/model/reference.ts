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
  readonly life: Life
  /** When it ends at the latest, however often it is used. */
  last: number
  /** Its ends, one after the other: what Redis holds of it may be given another. */
  readonly ends: End[]
}

/** Until when a value is fresh, in the model's time, and since when that holds, in the order of all that happens. */
interface End {
  readonly since: number
  readonly freshUntil: number
}

/** A moment, in the order of all that happens, and in the model's time. */
interface Moment {
  readonly since: number
  readonly now: number
}

/** How long a value lives, and by what it is found. */
export interface Life {
  readonly tags: readonly string[]
  readonly ttl: number
  /** It ends after so long without a use; 0: it does not. */
  readonly idle: number
  /** How long past its end it may be of use. */
  readonly window: number
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

/** What a call has to know. */
export interface Duty {
  /** It has to know of whatever Redis did before this. */
  readonly known: number
  /** And of these, which its own isolate did. */
  readonly own: readonly Barrier[]
  readonly begunAt: number
  /** When Redis said what the call gives; `undefined` where that may be a copy, or was made by a load. */
  readonly readAt: number | undefined
  /** Its copy of a value is no older than this: its isolate has given that another end since. */
  readonly heldSince: (id: number) => number
  /** It is to give nothing whose factory began before this, unless that is stale. */
  readonly bornAfter: number
}

/** That a call said that it gives something stale. */
export interface Staleness {
  readonly reason: 'swr' | 'error' | 'timeout'
  /** When it did, in the model's time. */
  readonly at: number
  /** The longest that the value may be past its end. */
  readonly window: number
}

// The clock of the server is learnt from a reply that may take a second, and by each isolate anew.
export const tolerance = 1100

// For so long a load may be joined whose value is there already: until its lease is given back.
const lastJoin = 2000

export class Reference {
  readonly #births = new Map<number, { place: Place; births: Birth[] }>()
  readonly #data = new Map<string, number>()
  readonly barriers: Barrier[] = []
  /** When the database was last flushed, in the order of all that happens. */
  flushed = 0
  /** Values that are to be stored nowhere, and when they were given to those who waited, in the model's time. */
  readonly kept: Map<number, number> = new Map()
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
  made({ id }: Value, { began, now, life }: { life: Life; began: number; now: number }): void {
    const birth: Birth = { at: began, written: false, life, last: 0, ends: [] }
    begin(birth, life.ttl, { since: began, now })
    this.#births.get(id)?.births.push(birth)
  }

  /** What was made together lives from when the last of it was made. */
  handed(value: Value, now: number): void {
    if (this.kept.has(value.id)) this.kept.set(value.id, now)
    for (const birth of this.#births.get(value.id)?.births ?? []) {
      birth.ends.length = 0
      begin(birth, birth.life.ttl, { since: birth.at, now })
    }
  }

  /** A value is on its way to Redis. */
  written({ id }: Value, life: Life): void {
    this.#births.get(id)?.births.push({ at: 0, written: true, life, last: 0, ends: [] })
  }

  /** Redis has taken a value that was written, and lives from when it was sent; whether it was for the first time. */
  taken(id: number, at: number, sentAt: number): boolean {
    let first = true
    for (const birth of this.#births.get(id)?.births ?? []) {
      if (!birth.written) continue
      first = birth.at === 0
      birth.at = at
      begin(birth, birth.life.ttl, { since: at, now: sentAt })
    }
    return first
  }

  /** When Redis took a value that was written. */
  takenAt({ id }: Value): number {
    return this.#births.get(id)?.births.find(({ written }) => written)?.at ?? 0
  }

  /** What Redis holds of a value lives for so long from now on, longer or shorter than before. */
  extended(id: number, ttl: number, moment: Moment): void {
    for (const birth of this.#births.get(id)?.births ?? []) begin(birth, ttl, moment)
  }

  /** What slides was used, and lives until then, if that is not past its end. */
  used(id: number, until: number, since: number): void {
    for (const { ends, life, last } of this.#births.get(id)?.births ?? [])
      if (life.idle > 0) ends.push({ since, freshUntil: Math.min(until, last) })
  }

  /** Whether it is of use only to whoever knows of its tags; all within a namespace have one. */
  hasTags(id: number): boolean {
    const known = this.#births.get(id)
    return (
      known?.place.namespace !== undefined || known?.births.some(({ life }) => life.tags.length > 0) === true
    )
  }

  /** Where the versions are that may end a written value: those of its tags, and of everything. */
  versionsOf(id: number): ReadonlySet<string> {
    const { place, births = [] } = this.#births.get(id) ?? {}
    const at = place?.namespace === undefined ? 'm:' : `m:n:${place.namespace}:`
    const tags = births.flatMap(({ life }) => life.tags).map((tag) => (tag === '*' ? '\\*' : tag))
    return new Set(['m:t:*', `${at}t:*`, ...tags.flatMap((tag) => [`${at}t:${tag}`, `${at}x:${tag}`])])
  }

  /** When what Redis holds of a value ends: of several lives that it may have, one each. */
  endsOf(id: number): readonly number[] {
    return (this.#births.get(id)?.births ?? []).map((birth) => endOf(birth, { readAt: Infinity }))
  }

  /** Until when it is of use at least to whoever puts up with `window` past its end. */
  usableUntil(id: number, window: number): number {
    const births = this.#births.get(id)?.births ?? []
    return Math.min(
      ...births.map((birth) => (birth.ends.at(-1)?.freshUntil ?? 0) + Math.min(birth.life.window, window)),
    )
  }

  /** What is wrong with a value that was given, `stale` or not; `undefined` where nothing is. */
  judge(place: Place, value: unknown, duty: Duty, stale?: Staleness): string | undefined {
    return this.#judge(place, value, duty, (birth, id) => {
      const excused = stale !== undefined && stale.reason !== 'swr'
      return (
        this.#goneBefore(birth, place, duty, excused) ??
        this.#overBefore(birth, { ...duty, since: duty.heldSince(id) }, stale)
      )
    })
  }

  /** The same of one that was only offered to a factory. */
  judgeKept(place: Place, value: unknown, duty: Duty): string | undefined {
    return this.#judge(place, value, duty, (birth) => this.#goneBefore(birth, place, duty, true))
  }

  #judge(
    place: Place,
    value: unknown,
    { begunAt }: Duty,
    wrongWith: (birth: Birth, id: number) => string | undefined,
  ): string | undefined {
    const { id, place: of } = (value ?? {}) as Partial<Value>
    const known = this.#births.get(id ?? 0)
    if (known === undefined) return 'nobody ever made this'
    if (of !== nameOf(place)) return `it is a value of ${of}`
    if ((this.kept.get(id ?? 0) ?? Infinity) < begunAt - lastJoin) return 'it was to be stored nowhere'
    let why = 'it was never made nor stored'
    for (const birth of known.births) {
      const wrong = birth.written && birth.at === 0 ? 'it was never stored' : wrongWith(birth, id ?? 0)
      if (wrong === undefined) return undefined
      why = wrong
    }
    return why
  }

  #goneBefore(birth: Birth, place: Place, duty: Duty, excused: boolean): string | undefined {
    for (const barrier of this.#known(duty)) {
      const passed = birth.written ? birth.at >= barrier.at : birth.at > barrier.at
      if (passed || !barrier.covers(place, birth.life.tags)) continue
      if (!barrier.soft || !excused) return `it is from before ${barrier.text}`
    }
    return undefined
  }

  #overBefore(
    birth: Birth,
    duty: Duty & { since: number },
    stale: Staleness | undefined,
  ): string | undefined {
    const { begunAt, readAt, bornAfter, since } = duty
    const fresh = endOf(birth, { readAt, heldSince: since })
    if (stale === undefined) {
      if (birth.at < bornAfter) return 'it was made before it was to be made anew'
      return begunAt <= fresh + tolerance ? undefined : `it ended ${begunAt - fresh} ms before`
    }
    if (stale.reason === 'swr' && bornAfter > 0) return 'it was to be made anew'
    const until = fresh + Math.min(birth.life.window, stale.window)
    return stale.at <= until + tolerance
      ? undefined
      : `it was of use until ${stale.at - until} ms before (${stale.reason})`
  }

  /** After a flush what was removed before is fenced off once an isolate has looked anew; it knows what it did itself. */
  #known({ known, own }: Duty): readonly Barrier[] {
    const told = ({ at, resolved }: Barrier): boolean =>
      resolved < known && (at > this.flushed || known > this.flushed)
    return [...own, ...this.barriers.filter(told)]
  }
}

/** A value lives for so long, from a moment on. */
function begin(birth: Birth, ttl: number, { since, now }: Moment): void {
  const { idle } = birth.life
  birth.last = now + ttl
  birth.ends.push({ since, freshUntil: now + (idle > 0 ? Math.min(idle, ttl) : ttl) })
}

/** Until when a value was fresh when Redis gave it; where that is not known, when it last may have been. */
function endOf(
  { ends }: Birth,
  { readAt, heldSince = 0 }: { readAt: number | undefined; heldSince?: number },
): number {
  if (readAt !== undefined)
    return (ends.findLast(({ since }) => since <= readAt) ?? (ends[0] as End)).freshUntil
  const later = ends.filter(({ since }) => since >= heldSince)
  return Math.max(...(later.length > 0 ? later : ends).map(({ freshUntil }) => freshUntil))
}

export function nameOf({ namespace, key }: Place): string {
  return namespace === undefined ? key : `${namespace}/${key}`
}

export function physicalKeyOf({ namespace, key }: Place): string {
  return namespace === undefined ? `m:e:${key}` : `m:n:${namespace}:e:${key}`
}
