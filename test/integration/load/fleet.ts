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
import { endedBytes } from '../../support/ended.ts'
import { WarmUp } from '../../support/warm-up.ts'
import { Gate } from '../../support/world.ts'

let fleets = 0

/** Isolates that share a real Redis, under a prefix of their own, and nothing else. */
export class Fleet {
  readonly server: DevServer
  readonly prefix: string = `fleet-${fleets++}`
  readonly #warmUp = new WarmUp()

  constructor(server: DevServer) {
    this.server = server
  }

  /** A new isolate. Its first request costs two commands more than the others. */
  cold(options: CacheOptions = {}): HybridCache {
    const { url, token } = this.server
    // A deadline that even a busy machine meets.
    const redis = { url, token }
    return createHybridCache({ redis, keyPrefix: this.prefix, l2: { timeout: '5s' }, ...options })
  }

  async isolate(options: CacheOptions = {}): Promise<HybridCache> {
    return this.#warmUp.warm(this.cold(options))
  }

  isolates(count: number, options: CacheOptions = {}): Promise<HybridCache[]> {
    return Promise.all(Array.from({ length: count }, () => this.isolate(options)))
  }

  /** Runs one command, beside the caches. */
  async redis(...command: Command): Promise<unknown> {
    const { url, token } = this.server
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(command),
    })
    return ((await response.json()) as { result?: unknown }).result
  }

  /** The keys of the leases that somebody has. */
  leases(): Promise<unknown> {
    return this.redis('KEYS', `${this.prefix}:l:*`)
  }

  /** Stores a value that has ended, and is of use to whoever takes stale ones. */
  async outdated(key: string, value: unknown, options: CacheOptions = { swr: '1m' }): Promise<void> {
    const { swr, staleIfError } = options
    const life = { ttl: '1m', ...(swr && { swr }), ...(staleIfError && { staleIfError }) } as const
    await this.cold().set(key, value, life)
    await this.end(key)
  }

  /** Lets the server's clock pass the end of a value. */
  async end(key: string): Promise<void> {
    const address = `${this.prefix}:e:${key}`
    await this.redis('SET', address, endedBytes(await this.redis('GET', address)), 'KEEPTTL')
  }

  /** HTTP requests / billed commands of what is done in `run`. */
  async cost(run: () => unknown): Promise<string> {
    this.server.resetStats()
    await run()
    return inShort(this.server.stats())
  }

  /** How often a command has run since the last reset. */
  count(command: string): number {
    return this.server.stats().byCommand[command] ?? 0
  }
}

/** Where values come from: counts how often it is asked, and answers when the test lets it. */
export class Origin extends Gate {
  calls = 0
  readonly #name: string

  constructor(name = 'made') {
    super()
    this.#name = name
  }

  readonly make = async (): Promise<string> => {
    const value = `${this.#name} ${++this.calls}`
    await this.pass()
    return value
  }
}

/** The way of one isolate to Redis, which dies with it: from then on nothing that it sends arrives, or is answered. */
export class MortalTransport implements Transport {
  readonly #transport: Transport
  dead = false

  constructor({ url, token }: DevServer) {
    this.#transport = createUpstashTransport({ url, token })
  }

  async send(
    commands: readonly Command[],
    options: SendOptions,
  ): Promise<readonly (Reply | RedisReplyError)[]> {
    if (!this.dead) return this.#transport.send(commands, options)
    return new Promise((_, reject) => {
      options.signal.addEventListener('abort', () => reject(options.signal.reason as Error))
    })
  }
}
