import {
  type CacheEvents,
  type CacheOptions,
  createHybridCache,
  type EventName,
  type HybridCache,
} from '../../src/index.ts'
import { FakeRedis, nameOf } from './fake-redis.ts'
import { ManualClock } from './manual-clock.ts'

/** One database and any number of isolates in front of it, all on one clock that a test moves. */
export class World {
  readonly clock: ManualClock = new ManualClock()
  readonly redis: FakeRedis = new FakeRedis(this.clock)
  readonly #seeded = new Set<string>()
  readonly #seeds: boolean

  /** Nobody has used the database yet where `unseeded`; otherwise it has versions. */
  constructor({ unseeded = false }: { unseeded?: boolean } = {}) {
    this.#seeds = !unseeded
  }

  /** A cache as a new isolate has it. */
  isolate(options: CacheOptions = {}): HybridCache<true> {
    const { keyPrefix = 'hc', redis = this.redis } = options
    if (this.#seeds && !this.#seeded.has(keyPrefix)) this.redis.seed(keyPrefix)
    this.#seeded.add(keyPrefix)
    return createHybridCache({ clock: this.clock, ...options, redis })
  }

  /** One that has made its first request, so that later requests hold nothing but what was asked for. */
  async warm(options: CacheOptions = {}): Promise<HybridCache<true>> {
    const cache = this.isolate(options)
    await cache.get('warm-up', { l1: false })
    this.redis.take()
    return cache
  }

  /** A cache without Redis. */
  memoryOnly(options: CacheOptions = {}): HybridCache {
    return createHybridCache({ clock: this.clock, ...options })
  }

  /** Makes Redis fail from now on, as a broken connection does. */
  cut(): void {
    this.redis.before = () => {
      throw new TypeError('fetch failed')
    }
  }

  /** Holds back requests that contain this command, or script by its own name, until the test lets them go on. */
  hold(command: string, when: 'before' | 'after' = 'before'): Gate {
    const gate = new Gate()
    this.redis[when] = async (commands) => {
      if (commands.some((each) => each[0] === command || nameOf(each) === command)) await gate.pass()
    }
    return gate
  }

  /** Holds back the next request, and none after it, until the test lets it go on. */
  holdNext(): Gate {
    const gate = new Gate()
    this.redis.before = () => {
      this.redis.before = undefined
      return gate.pass()
    }
    return gate
  }
}

/** Where requests wait for a test. */
export class Gate {
  #open!: () => void
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve
  })
  #reach!: () => void
  /** Resolves when the first one has come. */
  readonly reached: Promise<void> = new Promise<void>((resolve) => {
    this.#reach = resolve
  })

  pass(): Promise<void> {
    this.#reach()
    return this.#opened
  }

  open(): void {
    this.#open()
  }
}

/** Collects the events of the named kinds. */
export function record<Name extends EventName>(cache: HybridCache, ...names: Name[]): CacheEvents[Name][] {
  const events: CacheEvents[Name][] = []
  for (const name of names) cache.on(name, (event) => events.push(event))
  return events
}

/** Whether a call has come to an end, and to which. */
export function watch(call: Promise<unknown>): { value?: unknown; error?: unknown } {
  const state: { value?: unknown; error?: unknown } = {}
  call.then(
    (value) => (state.value = value),
    (error: unknown) => (state.error = error),
  )
  return state
}
