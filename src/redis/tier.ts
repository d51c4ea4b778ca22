import { CacheError, isCacheError } from '../errors.ts'
import type { Clock } from '../runtime.ts'
import { chunksOf } from './chunks.ts'
import type { Link } from './link.ts'
import { ServerClock } from './server-clock.ts'
import type { Command, RedisReplyError, Reply } from './transport.ts'

type Signal = AbortSignal | undefined

/** What calls of one tick that need the server's time share. */
interface Tick {
  readonly learning: Promise<void>
  /** What all of them wait for, if a write needs the time first. */
  turn?: Promise<unknown>
}

/** L2: the commands that the cache needs, on physical keys and bytes. It does not know what the bytes mean. */
export class RedisTier {
  readonly clock: ServerClock
  readonly #link: Link
  readonly #wall: Clock
  /** Shared by the calls of one tick, no longer: a promise of a request that is gone may never settle. */
  #tick: Tick | undefined
  #askedAt = -Infinity

  constructor(link: Link, clock: Clock) {
    this.#link = link
    this.#wall = clock
    this.clock = new ServerClock(clock)
  }

  /**
   * The bytes under a key, or `null`: one command, which adjacent reads of its tick share; two as long as the server's time is not
   * known, as it asks for that, too.
   */
  async read(key: string, signal?: Signal): Promise<string | null> {
    const { turn } = this
    if (turn !== undefined) await turn
    const learning = this.askTheTime()
    const options = { idempotent: true, reads: true, mergeable: true, signal }
    const text = toText(await this.#link.send(['GET', key], options))
    if (!this.clock.known) await learning // it came before; without the time nothing can be judged
    return text
  }

  /** The same for many keys, in one command per thousand. */
  async readMany(keys: readonly string[], signal?: Signal): Promise<(string | null)[]> {
    const { turn } = this
    if (turn !== undefined) await turn
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

  /** Stores bytes if the key is missing; resolves to whether it did. One command, which may run twice. */
  async writeNew(key: string, bytes: string, ttl: number, leaveBy: number = Infinity): Promise<boolean> {
    const reply = await this.#link.send(['SET', key, bytes, 'PX', ttl, 'NX'], { idempotent: true, leaveBy })
    if (reply !== 'OK' && reply !== null) throw unexpected()
    return reply === 'OK'
  }

  /**
   * Removes keys that are not those of entries: no write that waits for the time touches them, and what does touch them does not
   * wait. One command per thousand.
   */
  async remove(keys: readonly string[], signal?: Signal): Promise<void> {
    await Promise.all(
      chunksOf(keys, maxKeys).map((chunk) =>
        this.#link.send(['DEL', ...chunk], { idempotent: true, signal }),
      ),
    )
  }

  /**
   * Makes sure that the server's time is known: entries carry it. Costs a request of its own if a write is the first thing that an
   * isolate does, and nothing otherwise. Returns the turn of this tick: a call waits for that alone, and is then sent at once, so that
   * all keep their order. Resolves to the reason if the time is not available.
   */
  ready(): Promise<unknown> | undefined {
    if (this.clock.known) return undefined
    const tick = this.#learnInThisTick()
    return (tick.turn ??= tick.learning.catch(unlessLate))
  }

  /**
   * What a call that reads or writes entries waits for before it is sent, so that it does not overtake a write that is asking for the
   * time. Rejects if that ran into the deadline.
   */
  get turn(): Promise<unknown> | undefined {
    return this.#tick?.turn
  }

  #learnInThisTick(): Tick {
    if (this.#tick !== undefined) return this.#tick
    const tick: Tick = { learning: this.#learn(() => tick.turn === undefined) }
    tick.learning.catch(() => undefined) // the calls that wait for it, or read after it, report the failure
    this.#tick = tick
    void this.#endTick()
    return tick
  }

  async #endTick(): Promise<void> {
    await undefined
    this.#tick = undefined
  }

  /** `aside`: whether no caller waits for it. */
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

  /**
   * Asks for the time along with what is sent next, if that is due. If it is known but old, one request that asks is enough, unless
   * it never came back; if it is not known, no reply that comes before it can be judged. Returns a promise that rejects if it is not
   * available.
   */
  askTheTime(): Promise<void> | undefined {
    if (!this.clock.due) return undefined
    if (this.clock.known && this.#wall.monotonic() - this.#askedAt < askAgainAfter) return undefined
    return this.#learnInThisTick().learning
  }
}

const askAgainAfter = 2000

/**
 * Why the time is not available: the write reports it, and the others ask for themselves. Throws if it ran into the deadline: so would
 * they, and wait for both.
 */
function unlessLate(error: unknown): unknown {
  if (isCacheError(error) && error.code === 'L2_TIMEOUT') throw error
  return error
}

// Keys per command: a script engine's or proxy's limit on arguments is far above it.
const maxKeys = 1000

/** A string or `null`; throws for any other reply. */
export function toText(reply: unknown): string | null {
  if (reply === null || typeof reply === 'string') return reply
  throw unexpected()
}

/** The error for a reply that the command cannot have. */
export function unexpected(): CacheError {
  return new CacheError('L2_REPLY', 'Redis answered with a reply of the wrong type', { retryable: true })
}
