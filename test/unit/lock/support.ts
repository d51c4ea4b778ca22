import type { CacheOptions, HybridCache } from '../../../src/index.ts'
import { createLocks, type Locks } from '../../../src/lock/index.ts'
import { World } from '../../support/world.ts'

/** Isolates with locks, in front of one fake Redis and on one clock. */
export class LockWorld extends World {
  locks(options: CacheOptions = {}): Locks {
    return createLocks({ cache: this.isolate(options) as HybridCache<true> })
  }

  /** The instants at which requests left, counted from now on. */
  times(): number[] {
    const start = this.clock.monotonic()
    const instants: number[] = []
    this.redis.before = () => void instants.push(this.clock.monotonic() - start)
    return instants
  }

  /** What is kept under the key of a lock. */
  held(name: string, prefix = 'hc'): string | undefined {
    return this.redis.values.get(`${prefix}:k:${name}`)?.value
  }

  /** Lets requests run, and loses their answers: as often as said. */
  loseAnswers(times: number = Infinity): void {
    let left = times
    this.redis.after = () => {
      if (left-- > 0) throw new TypeError('fetch failed')
    }
  }
}
