import type { EntryOptions, Factory, HybridCache, Tier } from 'hybrid-cache'

/** `cache.getOrCreate`, which also tells who answered: L1, L2, or the origin behind the cache. */
export async function answer<T>(
  cache: HybridCache,
  key: string,
  load: Factory<T>,
  options: EntryOptions,
): Promise<{ value: T; tier: Tier | 'origin' }> {
  let tier: Tier | 'origin' = 'l2'
  const stopListening = cache.on('hit', (hit) => {
    tier = hit.tier
  })
  const pending = cache.getOrCreate(
    key,
    (context) => {
      tier = 'origin'
      return load(context)
    },
    options,
  )
  // L1 answers before `getOrCreate` returns. A hit that is heard later may be another request's: events are of the isolate.
  stopListening()
  return { value: await pending, tier }
}
