import { expect } from 'vitest'
import type { CacheOptions, HybridCache } from '../../../src/index.ts'
import { createLocks, type Lock, type LockOptions, type Locks } from '../../../src/lock/index.ts'
import { record, World } from '../../support/world.ts'

/** Why the signal of a lock aborts. */
export const lost: unknown = expect.objectContaining({ name: 'CacheError', code: 'LOCK_LOST' })

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

/** A lock that was just acquired. */
export async function held(
  options: LockOptions = {},
  cacheOptions: CacheOptions = {},
): Promise<{ world: LockWorld; lock: Lock; errors: { error: unknown }[] }> {
  const world = new LockWorld()
  const cache = world.isolate(cacheOptions) as HybridCache<true>
  const errors = record(cache, 'error')
  const lock = await createLocks({ cache }).acquire('job', options)
  world.redis.take()
  return { world, lock: lock as Lock, errors }
}
