import { assertSegment } from '../redis/index.ts'
import { wholeNumberWithin } from '../validate.ts'

/** How a policy counts. */
export type RateLimitAlgorithm = 'gcra' | 'token-bucket' | 'sliding-window' | 'fixed-window'

/** What every policy takes. */
export interface PolicyOptions {
  /**
   * What its counts are kept under, and clients see in `RateLimit-Policy`: 1 to 64 letters, digits or `_ . { } -`.
   * Two policies of one name share their counts, also if one replaces the other in a later deployment; what lies before the shorter
   * window is then lost to the longer one. Default: made of the algorithm and its numbers, so that only equal ones share.
   */
  readonly name?: string | undefined
}

/** What an algorithm decides about one cost. Instants are whole microseconds. */
export interface Verdict {
  readonly ok: boolean
  /** When the cost may pass, if it may not now. */
  readonly retryAt: number
  /** When all counts have expired. */
  readonly resetAt: number
  /** How much counts, and a remainder: only the policy knows in which unit. */
  readonly used: number
  readonly rest: number
}

/** The largest limit and cost. */
export const mostUnits = 1e12

/**
 * How much may pass, and when. Made by {@link gcra}, {@link tokenBucket}, {@link slidingWindow} and {@link fixedWindow}; it holds
 * numbers only, and may be shared by any number of limiters.
 */
export abstract class RateLimitPolicy {
  /** How it counts. */
  readonly algorithm: RateLimitAlgorithm
  /** What its counts are kept under; `undefined` if none was given. */
  readonly name: string | undefined
  /** The most that passes at once. */
  readonly limit: number
  /** How much passes per `window` in the long run. */
  readonly quota: number
  /** In milliseconds. */
  readonly window: number
  /** Made of its numbers: equal for equal policies only. */
  readonly key: string
  /** For how many milliseconds what was counted may matter, at most. @internal */
  abstract readonly span: number

  /** @internal */
  constructor(
    algorithm: RateLimitAlgorithm,
    { name }: PolicyOptions,
    { limit, quota, window }: { limit: number; quota: number; window: number },
  ) {
    if (name !== undefined) assertSegment(name, 'the name of a policy')
    this.algorithm = algorithm
    this.name = name
    this.limit = limit
    this.quota = quota
    this.window = window
    this.key = [algorithm, limit, ...(limit === quota ? [] : [quota]), window].join('-')
  }

  /** What the script needs to know of it and of a cost: the algorithm and seven integers. @internal */
  abstract words(cost: number): readonly (string | number)[]
  /** The same in this isolate: a verdict, and the state to keep if it is acted upon. @internal */
  abstract ask(
    state: unknown,
    now: number,
    cost: number,
  ): { readonly verdict: Verdict; readonly state: unknown }
  /** What is left at an instant, by a verdict of that instant. @internal */
  abstract remaining(now: number, verdict: Verdict): number
}

/** Throws a `TypeError` unless `value` can be a limit. */
export function units(value: number, name: string, least = 1): number {
  return wholeNumberWithin(value, name, least, mostUnits)
}
