import { type LRU, lru } from 'tiny-lru'
import type { Clock } from '../runtime.ts'
import type { Check } from './check.ts'
import type { Verdict } from './policy.ts'

/** The counts of this isolate, for when Redis cannot be asked. They begin at zero. */
export class LocalCounts {
  readonly #clock: Clock
  readonly #states: LRU<unknown>
  /** The wall clock's lead over the monotonic one: read with the first request, as some platforms have no time before. */
  #ahead: number | undefined

  constructor(clock: Clock, maxEntries: number) {
    this.#clock = clock
    this.#states = lru(maxEntries)
  }

  /** Microseconds since 1970 by a clock that never jumps. */
  now(): number {
    this.#ahead ??= this.#clock.now() - this.#clock.monotonic()
    return Math.floor((this.#ahead + this.#clock.monotonic()) * 1000)
  }

  /** The policy's verdict; `take` acts upon it. */
  ask({ key, policy }: Check, cost: number, now: number): { readonly verdict: Verdict; take(): void } {
    const slot = `${key} ${policy.words(0)[0]}`
    const { verdict, state } = policy.ask(this.#states.get(slot), now, cost)
    return { verdict, take: () => void this.#states.set(slot, state) }
  }
}
