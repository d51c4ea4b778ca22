// When a value is fresh. Pure functions of their arguments: every instant is milliseconds, on one clock.

/** How long an entry is to live, counted from `now`. */
export interface Lifetime {
  /** Milliseconds until its absolute expiry. */
  readonly ttl: number
  /** The idle window in milliseconds; 0 for an entry that does not slide. */
  readonly idle: number
  /** Milliseconds that L1 may trust a copy without asking L2. */
  readonly localTtl: number
  /** Milliseconds after its expiry for which a stale copy may still be usable. 0 for an entry that slides. */
  readonly staleFor: number
}

/** The instants of an entry stored at `now`. */
export function instantsOf(
  { ttl, idle, staleFor }: Lifetime,
  now: number,
): { created: number; fresh: number; stale: number; end: number } {
  const end = now + ttl
  if (idle > 0) return { created: now, fresh: now + unusedTtl({ ttl, idle }), stale: 0, end }
  return { created: now, fresh: end, stale: staleFor > 0 ? end + staleFor : 0, end: 0 }
}

/** How long an unused entry lives, in milliseconds. */
export function unusedTtl({ ttl, idle }: Pick<Lifetime, 'ttl' | 'idle'>): number {
  return idle > 0 ? Math.min(idle, ttl) : ttl
}

/**
 * How long Redis is to keep an entry, in milliseconds: for `fence` at least, even if it expires sooner, so that a load that began
 * before it can see that it was there.
 */
export function physicalTtl(life: Lifetime, fence: number): number {
  return Math.max(unusedTtl(life) + life.staleFor, fence)
}

/** Milliseconds for which an entry that expires at `fresh` is still fresh; zero or less once it is not. */
export function remaining(fresh: number, now: number): number {
  return fresh - now
}

/**
 * When an entry expires, or would have if it had not been expired by its key, and until when a copy of it is usable: until then,
 * or until its stale window ends. By a clock that is `offset` ahead.
 */
export function endsOf(
  { fresh, end, stale }: { readonly fresh: number; readonly end: number; readonly stale: number },
  offset: number,
): { end: number; staleUntil: number } {
  const natural = (fresh > 0 ? fresh : end) + offset
  return { end: natural, staleUntil: Math.max(natural, stale + offset) }
}

/** The life of a copy in L1, by the isolate's own clock. */
export interface LocalLife {
  /** When it was stored. */
  readonly from: number
  /** Until when it is fresh, and may be served. */
  readonly until: number
  /** Until when it may be served stale: after that, L2 may have a newer one, and is asked first. */
  readonly trusted: number
  /** When the entry itself expires, and its value becomes stale. */
  readonly end: number
  /** Until when it is usable as a stale copy. */
  readonly staleUntil: number
  /** The idle window in milliseconds; 0 if it does not slide. */
  readonly idle: number
  /** Until when the entry lives if unused, however long the copy is trusted; `until` if it does not slide. */
  idleUntil: number
}

/**
 * A copy from the future is not fresh: the clock was set back, and how long ago it was stored is unknown. Without this
 * check a clock set back by an hour would keep every copy for an hour too long.
 */
export function isFreshLocally(life: LocalLife, now: number): boolean {
  return now < life.until && now >= life.from && now < life.idleUntil
}

/** Whether a copy is no longer usable, even as a stale one. */
export function isOverLocally(life: LocalLife, now: number): boolean {
  return now >= life.staleUntil || now < life.from || (life.idle > 0 && now >= life.idleUntil)
}

/**
 * Whether a value that is fresh for `left` more milliseconds is to be refreshed already. The longer it took to make and the
 * nearer its expiry, the likelier: `took * beta * -ln(random) >= left`, which readers decide independently, and yet rarely twice.
 * Source: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention" (XFetch), 2015.
 * `random` is in [0, 1). A load that no clock could measure counts as a millisecond.
 */
export function isEarly(
  left: number,
  took: number,
  { beta, random }: { beta: number; random: number },
): boolean {
  return Math.max(took, 1) * beta * -Math.log(1 - random) >= left
}

/**
 * Whether a use at `now` is to extend an entry that lives until `idleUntil` if unused, and until `end` at most: once half of its
 * idle window has passed, and if there is anything to gain.
 */
export function isSlideDue({ idle, idleUntil, end }: Sliding, now: number): boolean {
  return idle > 0 && idleUntil < end && idleUntil - now <= idle / 2
}

type Sliding = Pick<LocalLife, 'idle' | 'idleUntil' | 'end'>
