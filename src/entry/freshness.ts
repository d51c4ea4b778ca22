// When a value is fresh. Pure functions of their arguments: every instant is milliseconds, on one clock.

/** How long an entry is to live, counted from `now`. */
export interface Lifetime {
  /** Milliseconds until its absolute end. */
  readonly ttl: number
  /** The idle window in milliseconds; 0 for an entry that does not slide. */
  readonly idle: number
  /** Milliseconds that L1 may trust a copy without asking L2. */
  readonly localTtl: number
  /** Milliseconds after its end for which a stale copy may still be of use. 0 for an entry that slides. */
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

/** How long an entry lives that nobody uses, in milliseconds. */
export function unusedTtl({ ttl, idle }: Pick<Lifetime, 'ttl' | 'idle'>): number {
  return idle > 0 ? Math.min(idle, ttl) : ttl
}

/**
 * How long Redis is to keep an entry, in milliseconds: for `fence` at least, also where it lives shorter, so that what began
 * to load before it can tell that it was there.
 */
export function physicalTtl(life: Lifetime, fence: number): number {
  return Math.max(unusedTtl(life) + life.staleFor, fence)
}

/** Milliseconds for which an entry that ends at `fresh` is still fresh; zero or less when it no longer is. */
export function remaining(fresh: number, now: number): number {
  return fresh - now
}

/**
 * When an entry ends, or would have ended if it had not been expired by its key, and until when a copy of it is of use: until then,
 * or until its stale window ends. By a clock that is `offset` ahead.
 */
export function endsOf(
  { fresh, end, stale }: { readonly fresh: number; readonly end: number; readonly stale: number },
  offset: number,
): { end: number; staleUntil: number } {
  const natural = (fresh > 0 ? fresh : end) + offset
  return { end: natural, staleUntil: Math.max(natural, stale + offset) }
}

/** The copy that L1 holds, by the isolate's own clock. */
export interface LocalLife {
  /** When it was put there. */
  readonly from: number
  /** Until when it is fresh, and may be given away. */
  readonly until: number
  /** Until when it may be given away stale: past that, L2 may know better, and is asked first. */
  readonly trusted: number
  /** When the entry itself ends, and its value is stale. */
  readonly end: number
  /** When a stale copy is of no use any more. */
  readonly staleUntil: number
  /** The idle window in milliseconds; 0 where it does not slide. */
  readonly idle: number
  /** Until when the entry lives if nobody uses it, however long the copy is trusted; `until` where it does not slide. */
  idleUntil: number
}

/**
 * A copy from the future is not fresh: the clock was set back, and how long ago it was stored is unknown. Without that
 * check a clock set back by an hour would keep every copy for an hour too long.
 */
export function isFreshLocally(life: LocalLife, now: number): boolean {
  return now < life.until && now >= life.from && now < life.idleUntil
}

/** Whether a copy is of no use any more, not even where nothing better can be had. */
export function isOverLocally(life: LocalLife, now: number): boolean {
  return now >= life.staleUntil || now < life.from || (life.idle > 0 && now >= life.idleUntil)
}

/**
 * Whether a value that is fresh for `left` milliseconds more is to be made anew already. The longer it took to make and the
 * nearer its end, the likelier: `took * beta * -ln(random) >= left`, which many readers decide apart and yet seldom twice.
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
 * Whether a use at `now` is to extend what lives until `idleUntil` if nobody uses it, and until `end` at most: once half of its idle
 * window has gone, and if there is anything to gain.
 */
export function isSlideDue({ idle, idleUntil, end }: Sliding, now: number): boolean {
  return idle > 0 && idleUntil < end && idleUntil - now <= idle / 2
}

type Sliding = Pick<LocalLife, 'idle' | 'idleUntil' | 'end'>
