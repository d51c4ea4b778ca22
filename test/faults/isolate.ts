import {
  type CacheOptions,
  type Clock,
  createHybridCache,
  type HybridCache,
  type RedisSource,
} from '../../src/index.ts'
import { isOfRedis, type Shown } from './shown.ts'

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown }

/** One isolate under test: its cache, and what must hold for whatever it does. */
export class Isolate {
  readonly name: string
  readonly cache: HybridCache<true>
  /** How often it was answered when it asked what others had done. */
  checks = 0
  readonly #shown: Shown
  readonly #background: Promise<unknown>[] = []

  constructor(name: string, shown: Shown, options: CacheOptions & { redis: RedisSource; clock: Clock }) {
    this.name = name
    this.#shown = shown
    const on = shown.listeners((event) => void (this.checks += event === 'check' ? 1 : 0))
    const cache = createHybridCache({ ...options, on, trace: shown.trace })
    this.cache = cache.bind({ waitUntil: (work) => void this.#background.push(work) })
  }

  /** A call that may fail because of Redis, and of nothing else. */
  async attempt<T>(call: Promise<T>): Promise<Outcome<T>> {
    try {
      return { ok: true, value: await call }
    } catch (error) {
      this.#shown.take(error)
      if (!isOfRedis(error)) throw new Error(`a rejection that is no failure of Redis`, { cause: error })
      return { ok: false, error }
    }
  }

  /** What was begun behind calls must end, and never reject: rule R6. */
  async rest(): Promise<void> {
    const results = await Promise.allSettled(this.#background.splice(0))
    for (const result of results)
      if (result.status === 'rejected')
        throw new Error('R6: background work rejected', { cause: result.reason })
  }
}
