// What the policies say, from their definitions and in exact arithmetic: nothing here is shared with the library. Times are whole
// microseconds.

/** What would pass when, given all that has passed. */
export interface Reference {
  /** Whether so much would pass at this instant, from the last decision on. */
  would(at: bigint, cost: bigint): boolean
  take(at: bigint, cost: bigint): void
  remaining(at: bigint): bigint
  /** By when all is forgotten. */
  reset(at: bigint): bigint
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)

/** A bucket of `burst` tokens into which `quota` flow per `period`. Tokens are counted in parts of 1 / period. */
export class BucketReference implements Reference {
  readonly #full: bigint
  #level: bigint
  #at = 0n
  readonly #quota: bigint
  readonly #period: bigint

  constructor(burst: bigint, quota: bigint, period: bigint) {
    this.#full = burst * period
    this.#level = this.#full
    this.#quota = quota
    this.#period = period
  }

  #levelAt(at: bigint): bigint {
    return min(this.#full, this.#level + (at - this.#at) * this.#quota)
  }

  would(at: bigint, cost: bigint): boolean {
    return this.#levelAt(at) >= cost * this.#period
  }

  take(at: bigint, cost: bigint): void {
    this.#level = min(this.#full, this.#levelAt(at) - cost * this.#period)
    this.#at = at
  }

  remaining(at: bigint): bigint {
    return this.#levelAt(at) / this.#period
  }

  reset(at: bigint): bigint {
    const missing = this.#full - this.#levelAt(at)
    return at + (missing + this.#quota - 1n) / this.#quota
  }
}

/** A log of all hits; those of one slice count as of the newest of them, for a window and the instant at its end. */
export class LogReference implements Reference {
  readonly #limit: bigint
  readonly #span: bigint
  readonly #slice: bigint
  #slices: { readonly slice: bigint; at: bigint; cost: bigint }[] = []

  constructor(limit: bigint, span: bigint, slice: bigint) {
    this.#limit = limit
    this.#span = span
    this.#slice = slice
  }

  #used(at: bigint): bigint {
    let used = 0n
    for (const hits of this.#slices) if (hits.at + this.#span >= at) used += hits.cost
    return used
  }

  would(at: bigint, cost: bigint): boolean {
    return cost === 0n || this.#used(at) + cost <= this.#limit
  }

  take(at: bigint, cost: bigint): void {
    if (cost === 0n) return
    this.#slices = this.#slices.filter((hits) => hits.at + this.#span >= at)
    const slice = at / this.#slice
    const hits = this.#slices.find((each) => each.slice === slice)
    if (hits === undefined) this.#slices.push({ slice, at, cost })
    else {
      hits.at = at
      hits.cost += cost
    }
  }

  remaining(at: bigint): bigint {
    return max(0n, this.#limit - this.#used(at))
  }

  reset(at: bigint): bigint {
    return this.#slices.reduce((last, hits) => max(last, hits.at + this.#span + 1n), at)
  }
}

/** A count for each window since 1970. */
export class WindowReference implements Reference {
  readonly #limit: bigint
  readonly #span: bigint
  readonly #used = new Map<bigint, bigint>()

  constructor(limit: bigint, span: bigint) {
    this.#limit = limit
    this.#span = span
  }

  #usedAt(at: bigint): bigint {
    return this.#used.get(at / this.#span) ?? 0n
  }

  would(at: bigint, cost: bigint): boolean {
    return cost === 0n || this.#usedAt(at) + cost <= this.#limit
  }

  take(at: bigint, cost: bigint): void {
    this.#used.set(at / this.#span, this.#usedAt(at) + cost)
  }

  remaining(at: bigint): bigint {
    return max(0n, this.#limit - this.#usedAt(at))
  }

  reset(at: bigint): bigint {
    return (at / this.#span + 1n) * this.#span
  }
}

/** The first instant from `at` on at which so much would pass, by halving; `undefined` if it would not within `within`. */
export function firstPassing(
  reference: Reference,
  at: bigint,
  cost: bigint,
  within: bigint,
): bigint | undefined {
  let [low, high] = [at, at + within]
  if (!reference.would(high, cost)) return undefined
  while (low < high) {
    const middle = (low + high) / 2n
    if (reference.would(middle, cost)) high = middle
    else low = middle + 1n
  }
  return low
}

/** What passed, and when. */
export interface Passed {
  readonly at: bigint
  readonly cost: bigint
}

/** The most that passed in any closed window of this length: `at` to `at + span`. */
export function worstWindow(passed: readonly Passed[], span: bigint): bigint {
  let [worst, sum, first] = [0n, 0n, 0]
  for (const { at, cost } of passed) {
    sum += cost
    while ((passed[first] as Passed).at < at - span) sum -= (passed[first++] as Passed).cost
    worst = max(worst, sum)
  }
  return worst
}

/**
 * By how much any stretch of time exceeded `burst + quota * length / period`, at worst, in parts of 1 / period: at most 0 where the
 * bound was kept.
 */
export function worstExcess(
  passed: readonly Passed[],
  { burst, quota, period }: { burst: bigint; quota: bigint; period: bigint },
): bigint {
  let sum = 0n
  let lowest: bigint | undefined
  let worst = -burst * period
  for (const { at, cost } of passed) {
    const before = sum * period - at * quota
    lowest = lowest === undefined ? before : min(lowest, before)
    sum += cost
    worst = max(worst, sum * period - at * quota - lowest - burst * period)
  }
  return worst
}
