import type { RateLimitPolicy, Verdict } from './policy.ts'
import { Window, type WindowOptions } from './window.ts'

interface State {
  readonly at: number
  readonly used: number
}

/** The arithmetic is that of `_fixed_window.lua`. */
class FixedWindow extends Window {
  constructor(options: WindowOptions) {
    super('fixed-window', 'fixedWindow', options)
  }

  words(cost: number): readonly (string | number)[] {
    return ['f', cost, this.limit, this.window * 1000, 0, 0, 0, 0]
  }

  ask(state: State | undefined, clock: number, cost: number): { verdict: Verdict; state: State } {
    const span = this.window * 1000
    const { at, used: kept } = state ?? { at: 0, used: 0 }
    const now = at > clock && at <= clock + span ? at : clock
    const start = now - (now % span)
    const before = at < start || at > clock + span ? 0 : kept
    const ok = cost <= 0 || before + cost <= this.limit
    const used = ok ? Math.max(0, before + cost) : before
    const resetAt = start + span
    return { verdict: { ok, retryAt: ok ? 0 : resetAt, resetAt, used, rest: 0 }, state: { at: now, used } }
  }
}

/**
 * `limit` in each of the consecutive windows since 1970, by UTC: the simplest policy. Around the end of a window up to twice the
 * limit may pass within a window's length. Some 30 bytes per identifier.
 * A bad number is a `TypeError`.
 *
 * @example
 * ```ts
 * import { fixedWindow } from 'hybrid-cache/rate-limit'
 *
 * const policy = fixedWindow({ limit: 1000, window: '1d' })
 * console.log(policy.limit) // 1000
 * ```
 */
export function fixedWindow(options: WindowOptions): RateLimitPolicy {
  return new FixedWindow(options)
}
