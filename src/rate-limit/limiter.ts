import { type Duration, spanOf } from '../duration.ts'
import { report } from '../report.ts'
import { CheckRateLimits } from '../lua/index.ts'
import { type Check, check, type CheckOptions, type Limits, read } from './check.ts'
import { identify } from './identifier.ts'
import { RateLimitPolicy, units } from './policy.ts'
import { type Judged, type RateLimitResult, toResult } from './result.ts'

/** The policy of a limiter, or a function that gives one for an identifier; `timeout` does not cover the time that it takes. */
export type PolicySource = RateLimitPolicy | ((id: string) => RateLimitPolicy | Promise<RateLimitPolicy>)

/** Options of {@link RateLimiter.limit} and {@link RateLimiter.peek}. */
export interface LimitOptions extends CheckOptions {
  /** How much it counts: an integer from 0, which consumes nothing, to 10^12. Default 1. */
  readonly cost?: number | undefined
  /**
   * The policy for this call instead of the limiter's. If it has no `name` of its own, it goes on with the limiter's counts:
   * what has been used stays used. But a shorter window drops, for a longer one too, what lies before it.
   */
  readonly policy?: RateLimitPolicy | undefined
}

/** Options of the methods that change the state of a limit. */
export interface ManageOptions {
  /** The policy whose counts are meant. Default: the limiter's. */
  readonly policy?: RateLimitPolicy | undefined
  /** Ends the call: it then rejects with the signal's reason, and may have taken effect. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Limits how often something may happen, across all isolates, by the clock of Redis. Made by `createRateLimiter`.
 *
 * `limit` and `peek` never reject because of Redis; the others do, with a `CacheError`. Misuse is a `TypeError`. Costs are given
 * as HTTP requests / billed commands; calls of one tick share a request. One more request if Redis does not know the script yet.
 */
export class RateLimiter {
  readonly #limits: Limits
  readonly #name: string
  readonly #policy: PolicySource

  /** @internal */
  constructor(limits: Limits, name: string, policy: PolicySource) {
    this.#limits = limits
    this.#name = name
    this.#policy = policy
  }

  /** What `limitAll` asks. @internal */
  static checkOf(limiter: RateLimiter, id: string, options: LimitOptions): Check | Promise<Check> {
    return limiter.#check(id, options)
  }

  /**
   * Whether something may happen once more, and if so counts it. What is denied consumes nothing. Asked again before `retryAfter`
   * has passed, it is denied from the memory of this isolate; it is never let through from there.
   *
   * An identifier is any non-empty string. A `cost` above what ever passes at once is denied, with a `retryAfter` of
   * `Infinity`. If Redis fails, or takes longer than the limiter's `timeout`, `onError` decides, the result says `degraded`, and
   * the cache emits `error`. Never retried. Rejects with the reason of `signal`.
   * Cost: 1/4; 1/3 if it denies or `cost` is 0; 0/0 if it has just denied the same.
   *
   * @example
   * ```ts
   * import { createHybridCache, fromEnv } from 'hybrid-cache'
   * import { createRateLimiter, gcra } from 'hybrid-cache/rate-limit'
   *
   * const cache = createHybridCache({ redis: fromEnv() })
   * const limiter = createRateLimiter({ cache, policy: gcra({ limit: 100, period: '1m', burst: 20 }) })
   * const { success, retryAfter } = await limiter.limit('user:42', { cost: 2 })
   * console.log(success ? 'go on' : `wait ${retryAfter} ms`)
   * ```
   */
  async limit(id: string, options: LimitOptions = {}): Promise<RateLimitResult> {
    return this.#ask(id, options, true)
  }

  /**
   * What `limit` would answer now, without counting anything: `remaining` is what is left before it. Redis is always asked.
   * Cost: 1/3.
   */
  async peek(id: string, options: LimitOptions = {}): Promise<RateLimitResult> {
    return this.#ask(id, options, false)
  }

  /**
   * Gives back what was counted for something that did not happen after all, never more than was; resolves to what is left then,
   * whether or not a block lasts. Only for what Redis has counted, not for a `degraded` result. Never retried: after an
   * `L2_TIMEOUT` or `L2_NETWORK` it may have been given back. Cost: 1/5; 1/3 if there is nothing to give back.
   */
  async refund(id: string, cost = 1, options: ManageOptions = {}): Promise<number> {
    units(cost, 'cost')
    return this.#change(id, options, async (one, { executor }) => {
      const args = ['give', ...one.policy.words(-cost)].map(String)
      const run = { keys: [one.key], args, signal: options.signal }
      const [judged] = read([one], await executor.run(CheckRateLimits, run))
      return toResult(one, judged as Judged).remaining
    })
  }

  /** Deletes what was counted for this identifier, and its block. There are no patterns. Cost: 1/1. */
  async reset(id: string, options: ManageOptions = {}): Promise<void> {
    await this.#change(id, options, ({ key }, { redis }) => redis.remove([key], options.signal))
  }

  /**
   * Denies every request of this identifier for `duration` from now, with the reason `blocked`. The counts stay. A later
   * `block` replaces this one. Never retried. Cost: 1/5.
   */
  async block(id: string, duration: Duration, options: ManageOptions = {}): Promise<void> {
    await this.#block(id, spanOf(duration, 'duration'), options)
  }

  /** Ends a block. Other limiters may have it in memory until it would have ended. Cost: 1/5; 1/3 if there is none. */
  async unblock(id: string, options: ManageOptions = {}): Promise<void> {
    await this.#block(id, 0, options)
  }

  async #block(id: string, duration: number, options: ManageOptions): Promise<void> {
    await this.#change(id, options, ({ key, policy }, { executor }) => {
      const args = ['block', ...policy.words(0).with(1, duration)].map(String)
      return executor.run(CheckRateLimits, { keys: [key], args, signal: options.signal })
    })
  }

  async #ask(id: string, options: LimitOptions, takes: boolean): Promise<RateLimitResult> {
    const checked = this.#check(id, options)
    const [result] = await check([checked instanceof Promise ? await checked : checked], takes, options)
    return result as RateLimitResult
  }

  /** Changes a limit, after which denials remembered here no longer count. */
  async #change<T>(
    id: string,
    options: ManageOptions,
    change: (one: Check, parts: Limits['parts']) => Promise<T>,
  ): Promise<T> {
    const { parts, denials } = this.#limits
    const checked = this.#check(id, options)
    const one = checked instanceof Promise ? await checked : checked
    denials.forget(one.key)
    try {
      return await change(one, parts)
    } catch (error) {
      throw report(parts.core, 'rateLimit', error)
    } finally {
      denials.forget(one.key)
    }
  }

  /** Synchronous if nothing has to be awaited: calls of one tick then share a request, and keep their order. */
  #check(id: string, { cost = 1, policy }: LimitOptions): Check | Promise<Check> {
    units(cost, 'cost', 0)
    const name = identify(id)
    const source = policy ?? this.#policy
    const chosen = typeof source === 'function' ? source(id) : source
    if (typeof name === 'string' && !(chosen instanceof Promise)) return this.#checkOf(name, chosen, cost)
    return this.#checkLater(name, chosen, cost)
  }

  async #checkLater(
    name: string | Promise<string>,
    policy: RateLimitPolicy | Promise<RateLimitPolicy>,
    cost: number,
  ): Promise<Check> {
    const both = await Promise.all([name, policy])
    return this.#checkOf(...both, cost)
  }

  #checkOf(id: string, policy: RateLimitPolicy, cost: number): Check {
    if (!(policy instanceof RateLimitPolicy)) throw notAPolicy()
    const name = policy.name ?? this.#name
    const key = this.#limits.parts.view.physicalKey('r', `${name}:${id}`)
    return { limits: this.#limits, key, policy, name, cost }
  }
}

export function notAPolicy(): TypeError {
  return new TypeError('policy must be made by gcra, tokenBucket, slidingWindow or fixedWindow')
}
