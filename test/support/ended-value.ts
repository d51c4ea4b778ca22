import type { CacheOptions, EntryOptions, HybridCache } from '../../src/index.ts'
import { World } from './world.ts'

/** A value that has just ended, and the isolate that stored it. */
export interface EndedValue {
  readonly world: World
  readonly cache: HybridCache
}

/** A world in which 'old' under 'k' has lived for its ten seconds, in both tiers. */
export async function endedValue(entry: EntryOptions, options: CacheOptions = {}): Promise<EndedValue> {
  const world = new World()
  const cache = await world.warm(options)
  await cache.set('k', 'old', { ttl: '10s', ...entry })
  await world.clock.advance(10_000)
  world.redis.take()
  return { world, cache }
}
