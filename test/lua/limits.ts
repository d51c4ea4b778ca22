import { beforeEach, expect } from 'vitest'
import { CheckRateLimits } from '../../src/lua/index.ts'
import { type RateLimitPolicy, slidingWindow } from '../../src/rate-limit/index.ts'
import type { Lua, Word } from './lua.ts'

/** One key of a reply, and the instant of the server. */
export interface Answer {
  readonly now: number
  readonly state: number
  readonly retryAt: number
  readonly resetAt: number
  readonly used: number
  readonly rest: number
}

/** In microseconds, as the script counts. */
export const minute = 60_000_000

export const sliding: RateLimitPolicy = slidingWindow({ limit: 10, window: '1m' })

/** How much of a limit an answer leaves. */
export function left(policy: RateLimitPolicy, { now, used, rest }: Answer): number {
  return policy.remaining(now, { ok: true, retryAt: 0, resetAt: 0, used, rest })
}

/** Asks for the key `k`, and looks at what is kept of it. */
export interface Limits {
  /** The same for other keys, several at once. */
  checkAll(mode: string, asked: readonly (readonly [string, RateLimitPolicy, number])[]): Promise<Answer[]>
  ask(mode: string, policy: RateLimitPolicy, cost?: number): Promise<Answer>
  take(policy: RateLimitPolicy, cost?: number): Promise<Answer>
  bytes(): Promise<unknown>
  ttl(): Promise<number>
  /** The instant of the server, in microseconds. */
  now(): Promise<number>
  /** Replaces what is kept. */
  put(state: string): Promise<unknown>
}

/** The same for each test of a suite, before which nothing is kept. */
export function limits(lua: () => Lua): Limits {
  beforeEach(async () => expect(await lua().redis('DBSIZE')).toBe(0))
  const checkAll: Limits['checkAll'] = async (mode, asked) => {
    const words = asked.flatMap(([, policy, cost]) => policy.words(cost)) as Word[]
    const reply = await lua().call(
      CheckRateLimits,
      asked.map(([key]) => key),
      [mode, ...words],
    )
    const [now = 0, ...numbers] = reply as number[]
    return asked.map((_, i) => {
      const [state = 0, retryAt = 0, resetAt = 0, used = 0, rest = 0] = numbers.slice(5 * i)
      return { now, state, retryAt, resetAt, used, rest }
    })
  }
  const ask: Limits['ask'] = async (mode, policy, cost = 1) =>
    (await checkAll(mode, [['k', policy, cost]]))[0] as Answer
  return {
    checkAll,
    ask,
    take: (policy, cost) => ask('take', policy, cost),
    bytes: () => lua().redis('GET', 'k'),
    ttl: async () => Number(await lua().redis('PTTL', 'k')),
    async now() {
      const [seconds, micros] = (await lua().redis('TIME')) as [string, string]
      return Number(seconds) * 1e6 + Number(micros)
    },
    put: (state) => lua().redis('SET', 'k', state),
  }
}
