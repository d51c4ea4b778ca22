import type { CacheErrorCode } from '../../src/index.ts'
import { Breaker, type BreakerChange, type BreakerSettings } from '../../src/redis/breaker.ts'

const defaults: BreakerSettings = { failures: 5, ratio: 0.5, minimum: 20, window: 10_000, open: 5000 }

/** A probe that does not come back is given up after this long, in milliseconds. */
export const probe = 2000

/** A breaker on a clock that the test sets, with what it told. */
export class BreakerFixture {
  now = 1_000_000
  readonly changes: BreakerChange[] = []
  readonly breaker: Breaker

  constructor(settings: Partial<BreakerSettings> = {}) {
    this.breaker = new Breaker(
      { ...defaults, ...settings },
      {
        clock: { monotonic: () => this.now } as never,
        probe,
        tell: (change) => this.changes.push(change),
      },
    )
  }

  /** The ticket of a request, which must be let go. */
  enter(): number {
    const ticket = this.breaker.enter()
    if (typeof ticket !== 'number') throw ticket
    return ticket
  }

  get refuses(): boolean {
    return typeof this.breaker.enter() !== 'number'
  }

  /** Requests that end as they begin. */
  request(failure?: CacheErrorCode, times = 1): void {
    for (let i = 0; i < times; i++) this.breaker.leave(this.enter(), failure)
  }

  fail(times = 1): void {
    this.request('L2_NETWORK', times)
  }

  opened(code: CacheErrorCode = 'L2_AUTH'): this {
    this.request(code)
    return this
  }

  /** Opened, and with a probe on its way. */
  probing(): { fixture: BreakerFixture; ticket: number } {
    this.opened()
    this.now += defaults.open
    return { fixture: this, ticket: this.enter() }
  }

  states(): string[] {
    return this.changes.map(({ state }) => state)
  }
}
