import type { CacheOptions, EventName, HybridCache } from '../../../src/index.ts'
import type { ScenarioInput } from './input.ts'

export type Api = typeof import('../../../src/index.ts')
export type PerIsolate = typeof import('../../../src/platform/cloudflare.ts').perIsolate
export type Push = typeof import('../../../src/push/index.ts').push
export type UpstashRedis = typeof import('@upstash/redis/cloudflare').Redis

/** What is under test, and what it did while it was loaded. */
export interface Subject {
  readonly api: Api
  readonly perIsolate: PerIsolate
  readonly push: Push
  readonly Redis: UpstashRedis
  readonly input: ScenarioInput
  /** A cache that was created while the main module loaded. */
  readonly early: HybridCache
  /** What stepped into the traps until then. */
  readonly touched: readonly string[]
}

/** What it took, counted at the server, without the trim of the log. */
export interface Cost {
  readonly requests: number
  readonly commands: number
}

/** One check; what it returns, if anything, is reported as seen. */
export type Check = (tools: Toolbox) => Promise<string | void>
export type Checks = Readonly<Record<string, Check>>

/** What a check works with. Its keys in Redis are its own. */
export class Toolbox {
  readonly subject: Subject
  readonly prefix: string

  constructor(subject: Subject, number: number) {
    this.subject = subject
    this.prefix = `${subject.input.run}.${number}`
  }

  /** A cache, which stands for a new isolate: it shares Redis with the others of the check, and nothing else. */
  isolate(options: CacheOptions = {}): HybridCache {
    const { url, token } = this.subject.input
    return this.subject.api.createHybridCache({
      redis: { url, token },
      keyPrefix: this.prefix,
      // Far above what is needed: only the checks of the deadline itself may ever meet it.
      l2: { timeout: '5s' },
      ...options,
    })
  }

  /** Lets the database have versions, and know the scripts, as one that is in use does. */
  async use(): Promise<void> {
    const cache = this.isolate({ keyPrefix: this.prefix })
    try {
      await cache.remove('used')
      await cache.getOrCreate('used', () => 1)
      await cache.set('used', 1)
    } catch {
      // Then the checks will tell.
    }
  }

  /** The same, after its first request, which costs two commands more than the others. */
  async warmIsolate(options: CacheOptions = {}): Promise<HybridCache> {
    const cache = this.isolate(options)
    await cache.get('warm')
    return cache
  }

  /** Runs one command, beside the cache. */
  async redis(...command: readonly (string | number)[]): Promise<unknown> {
    const { url, token } = this.subject.input
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(command),
    })
    return ((await response.json()) as { result?: unknown }).result
  }

  /** Requests and commands that the server saw while `work` ran. */
  async costOf(work: () => unknown): Promise<Cost> {
    const before = await this.#counters()
    await work()
    const after = await this.#counters()
    return { requests: after.requests - before.requests, commands: after.commands - before.commands }
  }

  async #counters(): Promise<Cost> {
    return (await this.helper('stats')) as Cost
  }

  /** Asks the helper server of the test. */
  async helper(path: string): Promise<unknown> {
    return (await fetch(`${this.subject.input.helper}/${path}`)).json()
  }
}

/** Waits until `condition` holds; the check's own deadline ends it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** The events of a cache, of these names, as they come. */
export function record(cache: HybridCache, ...names: readonly EventName[]): string[] {
  const seen: string[] = []
  for (const name of names) cache.on(name, (event) => void seen.push(describe(name, event)))
  return seen
}

function describe(name: string, event: object): string {
  const { tier, reason, error } = event as { tier?: string; reason?: string; error?: { code: string } }
  return [name, tier, reason, error?.code].filter((part) => part !== undefined).join(' ')
}
