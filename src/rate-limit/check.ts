import { report } from '../report.ts'
import { CheckRateLimits } from '../lua/index.ts'
import type { RedisParts } from '../parts.ts'
import { requestTimedOut, unexpected, withDeadline } from '../redis/index.ts'
import type { WaitUntil } from '../runtime.ts'
import type { Denials } from './denials.ts'
import { fallBack } from './fall-back.ts'
import type { LocalCounts } from './local.ts'
import type { Verdict } from './policy.ts'
import { type Asked, isTooMuch, type Judged, type RateLimitResult, toResult } from './result.ts'

/** What to do with a check if Redis fails: let it pass, deny it, or count in this isolate. */
export type OnError = 'open' | 'closed' | 'local'

/** What a limiter works with. */
export interface Limits {
  readonly parts: RedisParts
  readonly onError: OnError
  /** Milliseconds that a check waits for Redis. */
  readonly timeout: number
  readonly denials: Denials
  readonly local: LocalCounts
}

/** Further options of a check. */
export interface CheckOptions {
  /** Ends the call: it then rejects with the signal's reason, and may have counted. */
  readonly signal?: AbortSignal | undefined
  /** Keeps background work alive after the answer. Default: that of the cache, or the platform's own (Vercel). */
  readonly waitUntil?: WaitUntil | undefined
}

/** One policy asked about one identifier. */
export interface Check extends Asked {
  readonly limits: Limits
  /** In Redis. */
  readonly key: string
}

/**
 * Takes the costs from all limits or from none, or just looks: from memory if one of them is known to deny, else in one
 * request, else by `onError`. The result of a limit that was not asked, because another denies, is `undefined`.
 */
export async function check(
  checks: readonly [Check, ...Check[]],
  takes: boolean,
  { signal, waitUntil }: CheckOptions,
): Promise<(RateLimitResult | undefined)[]> {
  if (waitUntil !== undefined && typeof waitUntil !== 'function')
    throw new TypeError('waitUntil must be a function that takes a promise')
  signal?.throwIfAborted()
  if (takes) {
    const recalled = checks.map((each) => each.limits.denials.recall(each))
    if (recalled.some((result) => result !== undefined)) return recalled
  }
  const { core, view, executor } = checks[0].limits.parts
  const { clock } = core.settings
  const sentAt = clock.monotonic()
  const generations = checks.map(({ limits }) => limits.denials.generation)
  const run = executor.run(CheckRateLimits, {
    keys: checks.map(({ key }) => key),
    args: wordsOf(checks, takes),
    signal,
  })
  try {
    const ms = Math.min(...checks.map(({ limits }) => limits.timeout))
    const judgements = read(
      checks,
      await withDeadline(() => run, { ms, clock, late: () => requestTimedOut(ms, 'timeout') }).outcome,
    )
    return judgements.map((judged, i) => {
      const each = checks[i] as Check
      const { denials } = each.limits
      const result = toResult(each, judged)
      if (!result.success && generations[i] === denials.generation)
        denials.remember(each, result, judged, sentAt)
      return result
    })
  } catch (error) {
    // If its reason is a `CacheError`, such as that of a lock's signal, it could be mistaken for a failure of Redis.
    signal?.throwIfAborted()
    report(core, 'rateLimit', error)
    const pending = ended(run)
    void (waitUntil === undefined ? view : view.boundTo({ waitUntil })).background(pending)
    return fallBack(checks, takes, pending)
  }
}

/** The arguments of the script. If one costs more than ever passes, nothing can be taken from any. */
function wordsOf(checks: readonly Check[], takes: boolean): string[] {
  const mode = takes && !checks.some(isTooMuch) ? 'take' : 'look'
  return [mode, ...checks.flatMap((each) => each.policy.words(isTooMuch(each) ? 0 : each.cost)).map(String)]
}

const wordsPerKey = 5

/** What the reply of the script says about each. Throws for a reply that it cannot have given. */
export function read(checks: readonly Check[], reply: unknown): Judged[] {
  const isReply = Array.isArray(reply) && reply.length === 1 + checks.length * wordsPerKey
  if (!isReply || !reply.every(Number.isSafeInteger)) throw unexpected()
  const [now, ...words] = reply as [number, ...number[]]
  return checks.map((_, i) => {
    const [state, retryAt, resetAt, used, rest] = words.slice(i * wordsPerKey)
    const verdict = { ok: state === 1, retryAt, resetAt, used, rest } as Verdict
    return { now, verdict, blocked: state === -1 }
  })
}

async function ended(run: Promise<unknown>): Promise<void> {
  try {
    await run
  } catch {
    // No caller waits for it any more, and the breaker has been told.
  }
}
