import { AcquireFencedLock, ExtendLock, ReleaseFencedLock } from '../lua/index.ts'
import type { RedisParts } from '../parts.ts'
import { unexpected } from '../redis/index.ts'

/**
 * The state of a lock when it was released. `released`: still held by this holder. `expired`: its lease had expired, and nobody has
 * held it since, as far as Redis knows. `lost`: another holder has it, or has had it since.
 */
export type LockRelease = 'released' | 'expired' | 'lost'

/** What Redis answered to a claim. */
export interface Answer {
  /** The number of the holder; 0 if another has the lock. */
  readonly fence: number
  /** How long the current holder's lease lasts from now on, in milliseconds. */
  readonly left: number
}

const ends: ReadonlyMap<unknown, LockRelease> = new Map([
  [1, 'released'],
  [0, 'expired'],
  [-1, 'lost'],
])

/** One caller's claim to a lock: its requests to Redis, each repeatable, under a token that cannot be guessed. */
export class Claim {
  /** How long a lease lasts, in milliseconds. */
  readonly ttl: number
  readonly #executor: RedisParts['executor']
  readonly #keys: readonly [lock: string, fence: string]
  readonly #token = crypto.randomUUID()

  constructor({ executor, view }: RedisParts, name: string, ttl: number) {
    this.#executor = executor
    this.#keys = [view.physicalKey('k', name), view.physicalKey('f', name)]
    this.ttl = ttl
  }

  /** Takes the lock if it is free, or the token's own. */
  async take(signal: AbortSignal | undefined): Promise<Answer> {
    const args = [this.#token, String(this.ttl)]
    const reply: unknown = await this.#executor.run(AcquireFencedLock, { keys: this.#keys, args, signal })
    if (
      !Array.isArray(reply) ||
      reply.length !== 2 ||
      !reply.every((part) => Number.isSafeInteger(part) && part >= 0)
    )
      throw unexpected()
    const [fence, left] = reply as [number, number]
    return { fence, left }
  }

  /** Renews the lease; whether it was still there. */
  async extend(fence: number): Promise<boolean> {
    const args = [`${fence}|${this.#token}`, String(this.ttl)]
    const run = { keys: [this.#keys[0]], args, signal: undefined }
    const reply = await this.#executor.run(ExtendLock, run)
    if (reply !== 0 && reply !== 1) throw unexpected()
    return reply === 1
  }

  /** Ends the claim, whatever became of it. A `fence` of 0: not known. */
  async giveBack(fence: number): Promise<LockRelease> {
    const args = [this.#token, String(fence)]
    const run = { keys: this.#keys, args, signal: undefined }
    const end = ends.get(await this.#executor.run(ReleaseFencedLock, run))
    if (end === undefined) throw unexpected()
    return end
  }
}
