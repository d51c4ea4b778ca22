import { CacheError, isCacheError } from '../errors.ts'
import type { Clock } from '../runtime.ts'
import { chunksOf } from './chunks.ts'
import type { Link } from './link.ts'
import { ServerClock } from './server-clock.ts'
import type { Command, RedisReplyError, Reply } from './transport.ts'

type Signal = AbortSignal | undefined

/** What the calls of one tick share that need the server's time. */
interface Tick {
  readonly learning: Promise<void>
  /** Whether a write waits for it. */
  writing: boolean
}

/** L2: the commands that the cache needs, on physical keys and bytes. It knows nothing of what the bytes mean. */
export class RedisTier {
  readonly clock: ServerClock
  readonly #link: Link
  readonly #wall: Clock
  /** What the calls of one tick share. No longer: a promise of a request that is gone may never settle. */
  #tick: Tick | undefined
  #askedAt = -Infinity

  constructor(link: Link, clock: Clock) {
    this.#link = link
    this.#wall = clock
    this.clock = new ServerClock(clock)
  }

  /**
   * The bytes under a key, or `null`: one command, which neighbours in its tick share; two as long as the server's time is not
   * known, for which it also asks.
   */
  async read(key: string, signal?: Signal): Promise<string | null> {
    if (this.#tick?.writing === true) await this.#inTurn(this.#tick.learning)
    const learning = this.askTheTime()
    const options = { idempotent: true, reads: true, mergeable: true, signal }
    const text = toText(await this.#link.send(['GET', key], options))
    if (!this.clock.known) await learning // it came before; without the time nothing can be judged
    return text
  }

  /** The same for many keys, in one command for every thousand. */
  async readMany(keys: readonly string[], signal?: Signal): Promise<(string | null)[]> {
    if (this.#tick?.writing === true) await this.#inTurn(this.#tick.learning)
    const learning = this.askTheTime()
    const replies = chunksOf(keys, maxKeys).map((chunk) =>
      this.#link.send(['MGET', ...chunk], { idempotent: true, reads: true, signal }),
    )
    const values = (await Promise.all(replies)).flatMap((reply) =>
      Array.isArray(reply) ? reply.map(toText) : [],
    )
    if (values.length !== keys.length) throw unexpected()
    if (!this.clock.known) await learning
    return values
  }

  /** The reply to any other command that only reads; with `raw` an error of Redis is one, too. */
  ask(command: Command, options: { raw: true }): Promise<Reply | RedisReplyError>
  ask(command: Command, options?: { signal?: Signal; aside?: () => boolean }): Promise<Reply>
  ask(command: Command, options: object = {}): Promise<Reply | RedisReplyError> {
    return this.#link.send(command, { idempotent: true, reads: true, ...options })
  }

  /** Stores bytes where there is nothing; resolves to whether it did. One command, which may run twice. */
  async writeNew(key: string, bytes: string, ttl: number, leaveBy: number = Infinity): Promise<boolean> {
    const reply = await this.#link.send(['SET', key, bytes, 'PX', ttl, 'NX'], { idempotent: true, leaveBy })
    if (reply !== 'OK' && reply !== null) throw unexpected()
    return reply === 'OK'
  }

  /**
   * Removes the keys, which are those of no entries: a write that waits for the time touches none of them, and what else does so
   * does not wait. One command for every thousand.
   */
  async remove(keys: readonly string[], signal?: Signal): Promise<void> {
    await Promise.all(
      chunksOf(keys, maxKeys).map((chunk) =>
        this.#link.send(['DEL', ...chunk], { idempotent: true, signal }),
      ),
    )
  }

  /**
   * Makes sure that the server's time is known: entries carry it. Costs a request of its own where a write is the first
   * thing that an isolate does, and nothing otherwise. What is issued in the same tick keeps its place behind it.
   */
  ready(): Promise<void> | undefined {
    if (this.clock.known) return undefined
    const tick = this.#learnInThisTick()
    tick.writing = true
    return tick.learning
  }

  #learnInThisTick(): Tick {
    if (this.#tick !== undefined) return this.#tick
    const tick: Tick = { learning: this.#learn(() => !tick.writing), writing: false }
    tick.learning.catch(() => undefined) // whoever waits for it, or reads behind it, reports the failure
    this.#tick = tick
    void this.#endTick()
    return tick
  }

  async #endTick(): Promise<void> {
    await undefined
    this.#tick = undefined
  }

  /** `aside`: whether nobody waits for it. */
  async #learn(aside: () => boolean): Promise<void> {
    const sentAt = this.#wall.monotonic()
    this.#askedAt = sentAt
    try {
      this.clock.learn(await this.#link.send(['TIME'], { idempotent: true, reads: true, aside }), sentAt)
    } finally {
      this.#askedAt = -Infinity
    }
    if (!this.clock.known) throw unexpected()
  }

  /** Whether what is issued now waits for a write. */
  get waitsInTurn(): boolean {
    return this.#tick?.writing === true
  }

  /** Waits for a write that is asking for the time, so that a later call does not overtake it. */
  async #inTurn(learning: Promise<void>): Promise<void> {
    try {
      await learning
    } catch (error) {
      // The write reports it, and the others ask for themselves. Where it ran into the deadline so would they, and wait for both.
      if (isCacheError(error) && error.code === 'L2_TIMEOUT') throw error
    }
  }

  /**
   * Asks for the time along with what is sent next, where that is due. Where it is known but old, one request that asks is
   * enough, unless it never came back; where it is not, no reply can be judged that comes before it. Gives what rejects where
   * it cannot be had.
   */
  askTheTime(): Promise<void> | undefined {
    if (!this.clock.due) return undefined
    if (this.clock.known && this.#wall.monotonic() - this.#askedAt < askAgainAfter) return undefined
    return this.#learnInThisTick().learning
  }
}

const askAgainAfter = 2000

// What one command takes: a script engine's or proxy's limit on arguments is far above it.
const maxKeys = 1000

/** A text or nothing; throws for any other reply. */
export function toText(reply: unknown): string | null {
  if (reply === null || typeof reply === 'string') return reply
  throw unexpected()
}

/** The error for a reply that the command cannot have. */
export function unexpected(): CacheError {
  return new CacheError('L2_REPLY', 'Redis answered with a reply of the wrong type', { retryable: true })
}
