// When a value is fresh. Pure functions of their arguments: every instant is milliseconds, on one clock.

/** How long an entry is to live, counted from `now`. */
export interface Lifetime {
  /** Milliseconds until its absolute end. */
  readonly ttl: number
  /** The idle window in milliseconds; 0 for an entry that does not slide. */
  readonly idle: number
  /** Milliseconds that L1 may keep a copy. */
  readonly localTtl: number
}

/** The instants of an entry stored at `now`. */
export function instantsOf(life: Lifetime, now: number): { created: number; fresh: number; end: number } {
  const end = now + life.ttl
  return { created: now, fresh: end, end: life.idle > 0 ? end : 0 }
}

/** How long Redis is to keep an entry that nobody uses, in milliseconds. */
export function physicalTtl(life: Lifetime): number {
  return life.idle > 0 ? Math.min(life.idle, life.ttl) : life.ttl
}

/** Milliseconds for which an entry that ends at `fresh` is still fresh; zero or less when it no longer is. */
export function remaining(fresh: number, now: number): number {
  return fresh - now
}

/** The copy that L1 holds, by the isolate's own clock. */
export interface LocalLife {
  /** When it was put there. */
  readonly from: number
  /** Its hard end. */
  readonly until: number
  /** The end of the entry itself, which a copy never outlives. */
  readonly end: number
  /** The idle window in milliseconds; 0 where it does not slide. */
  readonly idle: number
  /** Until when it lives if nobody uses it; the same as `until` where it does not slide. */
  idleUntil: number
}

/**
 * A copy from the future is not fresh: the clock was set back, and how long ago it was stored is unknown. Without that
 * check a clock set back by an hour would keep every copy for an hour too long.
 */
export function isFreshLocally(life: LocalLife, now: number): boolean {
  return now < life.until && now >= life.from && now < life.idleUntil
}

/** Whether a use at `now` is to extend the copy: once half of its idle window has gone. */
export function isSlideDue(life: LocalLife, now: number): boolean {
  return life.idle > 0 && life.idleUntil - now <= life.idle / 2
}
