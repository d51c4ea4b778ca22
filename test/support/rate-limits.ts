import type { Command, RedisReplyError, Reply, SendOptions, Transport } from '../../src/index.ts'
import { CheckRateLimits } from '../../src/lua/index.ts'
import {
  fixedWindow,
  gcra,
  type RateLimitPolicy,
  slidingWindow,
  tokenBucket,
} from '../../src/rate-limit/index.ts'
import { createUpstashTransport } from '../../src/redis/upstash.ts'
import type { Clock } from '../../src/runtime.ts'
import {
  BucketReference,
  LogReference,
  type Passed,
  type Reference,
  WindowReference,
  worstExcess,
  worstWindow,
} from './rate-reference.ts'

/** A policy with what it must do, made of the same numbers. */
export interface Case {
  readonly title: string
  readonly policy: RateLimitPolicy
  readonly reference: () => Reference
  /** Longer than anybody has to wait, in microseconds. */
  readonly longest: bigint
  /** Says how its bound was exceeded; `undefined` where it was kept. */
  readonly broken: (passed: readonly Passed[]) => string | undefined
}

const micros = (ms: number): bigint => BigInt(ms) * 1000n

function bucketCase(kind: 'gcra' | 'tokenBucket', quota: number, period: number, burst: number): Case {
  const policy =
    kind === 'gcra'
      ? gcra({ limit: quota, period, burst })
      : tokenBucket({ capacity: burst, refillRate: quota, interval: period })
  const numbers = { burst: BigInt(burst), quota: BigInt(quota), period: micros(period) }
  return {
    title: `${kind} ${quota} per ${period} ms, ${burst} at once`,
    policy,
    reference: () => new BucketReference(numbers.burst, numbers.quota, numbers.period),
    longest: (numbers.burst * numbers.period) / numbers.quota + 2n,
    broken: (passed) => {
      const excess = worstExcess(passed, numbers)
      return excess > 0n ? `${excess} parts of 1 / ${numbers.period} too much` : undefined
    },
  }
}

export const gcraCase = (limit: number, period: number, burst: number): Case =>
  bucketCase('gcra', limit, period, burst)

export const bucketCaseOf = (capacity: number, refillRate: number, interval: number): Case =>
  bucketCase('tokenBucket', refillRate, interval, capacity)

export function slidingCase(limit: number, window: number): Case {
  const span = micros(window)
  const slice = limit <= 60 ? 1n : (span + 59n) / 60n
  return {
    title: `slidingWindow ${limit} per ${window} ms`,
    policy: slidingWindow({ limit, window }),
    reference: () => new LogReference(BigInt(limit), span, slice),
    longest: span + 2n,
    broken: (passed) => {
      const worst = worstWindow(passed, span)
      return worst > BigInt(limit) ? `${worst} in a window` : undefined
    },
  }
}

export function fixedCase(limit: number, window: number): Case {
  const span = micros(window)
  return {
    title: `fixedWindow ${limit} per ${window} ms`,
    policy: fixedWindow({ limit, window }),
    reference: () => new WindowReference(BigInt(limit), span),
    longest: span,
    broken: (passed) => {
      const counts = new Map<bigint, bigint>()
      for (const { at, cost } of passed) counts.set(at / span, (counts.get(at / span) ?? 0n) + cost)
      const worst = [...counts.values()].toSorted((a, b) => (a < b ? 1 : -1))[0] ?? 0n
      const rolling = worstWindow(passed, span)
      if (worst > BigInt(limit)) return `${worst} in a window of the clock`
      return rolling > 2n * BigInt(limit) ? `${rolling} in a window` : undefined
    },
  }
}

/** One decision about one identifier, as the server made it. */
export interface Decision {
  readonly key: string
  readonly mode: string
  readonly at: bigint
  readonly cost: bigint
  readonly ok: boolean
  readonly retryAt: bigint
  readonly resetAt: bigint
}

/** The way to a server, which writes down what limits were decided. */
export class Recorder implements Transport {
  readonly dialect = 'upstash'
  readonly decisions: Decision[] = []
  readonly #transport: Transport

  constructor(server: { readonly url: string; readonly token: string }) {
    this.#transport = createUpstashTransport(server)
  }

  async send(
    commands: readonly Command[],
    options: SendOptions,
  ): Promise<readonly (Reply | RedisReplyError)[]> {
    const replies = await this.#transport.send(commands, options)
    for (const [i, command] of commands.entries()) this.#note(command, replies[i])
    return replies
  }

  #note([name, script, count, ...rest]: Command, reply: unknown): void {
    if (!Array.isArray(reply)) return
    if (script !== CheckRateLimits.sha1.upstash && !(name === 'EVAL' && String(script).includes('sliding')))
      return
    const [keys, [mode, ...words]] = [rest.slice(0, Number(count)), rest.slice(Number(count))]
    const [at, ...numbers] = reply as number[]
    for (const [i, key] of keys.entries()) {
      const [state, retryAt = 0, resetAt = 0] = numbers.slice(5 * i)
      this.decisions.push({
        key: String(key),
        mode: String(mode),
        at: BigInt(at ?? 0),
        cost: BigInt(words[8 * i + 1] ?? 0),
        ok: state === 1,
        retryAt: BigInt(retryAt),
        resetAt: BigInt(resetAt),
      })
    }
  }
}

/** The clock of an isolate that is off: by a fixed time, or because it runs too fast or too slow. */
export function wrongClock(ahead: number): Clock {
  return {
    now: () => Date.now() + ahead,
    monotonic: () => performance.now() + ahead,
    setTimeout: (run, ms) => setTimeout(run, ms),
    clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  }
}
