import { beforeEach } from 'vitest'
import type { DevServer } from '../../../src/dev/index.ts'
import {
  type CacheOptions,
  type Command,
  createHybridCache,
  type HybridCache,
  type RedisReplyError,
  type Reply,
  type SendOptions,
  type Transport,
} from '../../../src/index.ts'
import { createUpstashTransport } from '../../../src/redis/upstash.ts'
import { inShort } from '../../support/cost.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { WarmUp } from '../../support/warm-up.ts'
import { Gate } from '../../support/world.ts'
import { post } from '../dev/rest.ts'

/** How often isolates look at the log, in milliseconds of their clock, which only a test moves. */
export const interval = 5000

/** Isolates in front of one server, on one clock, under a prefix of their own in each test. */
export class Fleet {
  readonly #server: () => DevServer
  #count = 0
  #warmUp = new WarmUp()
  prefix = ''
  clock: ManualClock = new ManualClock()

  constructor(server: () => DevServer) {
    this.#server = server
    beforeEach(() => {
      this.prefix = `fleet${++this.#count}`
      this.clock = new ManualClock()
      this.#warmUp = new WarmUp()
    })
  }

  /** A cache as a new isolate has it. */
  isolate(options: CacheOptions = {}): HybridCache<true> {
    const { url, token } = this.#server()
    return createHybridCache({
      keyPrefix: this.prefix,
      clock: this.clock,
      coherence: { interval },
      // A reply that a test holds back for an interval is late, and not lost.
      l2: { timeout: '20s' },
      localTtl: '10m',
      ttl: '1h',
      redis: { url, token },
      ...options,
    }) as HybridCache<true>
  }

  /** One that has made its first request. */
  async warm(options: CacheOptions = {}): Promise<HybridCache<true>> {
    return this.#warmUp.warm(this.isolate(options))
  }

  /** One over a connection whose replies a test can hold back. */
  async slow(options: CacheOptions = {}): Promise<{ cache: HybridCache<true>; line: Line }> {
    const line = new Line(this.#server())
    return { cache: await this.warm({ ...options, redis: line }), line }
  }

  /** The interval passes, and an isolate makes a request: whatever others did before is known to it then. */
  async catchUp(cache: HybridCache): Promise<void> {
    await this.clock.advance(interval)
    await cache.get('something else', { l1: false })
  }

  /** The result of a plain command. */
  async redis(...command: readonly (string | number)[]): Promise<unknown> {
    const { result, error } = (await post(this.#server(), '/', command)).json as {
      result?: unknown
      error?: string
    }
    if (error !== undefined) throw new Error(error)
    return result
  }

  /** HTTP requests / billed commands of an operation. */
  async cost(run: () => unknown): Promise<string> {
    this.#server().resetStats()
    await run()
    return inShort(this.#server().stats())
  }
}

/** A connection to the server. Commands are executed at once; who waits for their replies may have to wait. */
export class Line implements Transport {
  readonly dialect = 'upstash'
  readonly #transport: Transport
  #held: { readonly has: string; readonly gate: Gate } | undefined

  constructor({ url, token }: DevServer) {
    this.#transport = createUpstashTransport({ url, token })
  }

  async send(
    commands: readonly Command[],
    options: SendOptions,
  ): Promise<readonly (Reply | RedisReplyError)[]> {
    const replies = await this.#transport.send(commands, options)
    const held = this.#held
    if (held !== undefined && commands.some((command) => command.includes(held.has))) {
      this.#held = undefined
      await held.gate.pass()
    }
    return replies
  }

  /** Holds back the next reply to a command that has this word. */
  hold(has: string): Gate {
    const gate = new Gate()
    this.#held = { has, gate }
    return gate
  }
}
