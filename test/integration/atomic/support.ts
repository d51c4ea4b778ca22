import { beforeEach } from 'vitest'
import { type CacheOptions, createHybridCache, type HybridCache } from '../../../src/index.ts'
import type { DevServer } from '../../../src/dev/index.ts'
import { inShort } from '../../support/cost.ts'
import { post } from '../dev/rest.ts'

/** Isolates in front of one server, under a prefix of their own in each test. */
export class Isolates {
  readonly #server: () => DevServer
  #count = 0
  prefix = ''

  constructor(server: () => DevServer) {
    this.#server = server
    beforeEach(() => {
      this.prefix = `t${++this.#count}`
    })
  }

  /** A cache as a new isolate has it; patient, because tests share their machine. */
  isolate(options: CacheOptions = {}): HybridCache<true> {
    return createHybridCache({
      keyPrefix: this.prefix,
      l2: { timeout: '15s' },
      ...options,
      redis: this.#server(),
    })
  }

  /** One that has made its first requests, in front of a database that has versions. */
  async warm(options: CacheOptions = {}): Promise<HybridCache<true>> {
    const cache = this.isolate(options)
    await cache.getOrCreate('warm-up', () => 1)
    return cache
  }

  /** The result of a plain command; its key goes without the prefix. */
  async redis(name: string, address = '', ...args: readonly (string | number)[]): Promise<unknown> {
    const words = address === '' ? [name] : [name, `${this.prefix}:${address}`, ...args]
    const { result, error } = (await post(this.#server(), '/', words)).json as {
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

  /** Lets the server's clock pass the end of an entry, which Redis itself keeps: rewrites its header. */
  async expire(address: string): Promise<void> {
    const bytes = String(await this.redis('GET', address))
    await this.redis('SET', address, bytes.replace(/^(h1\|e\|\d*\|\d+\|)\d+/, '$11700000000000'))
  }
}
