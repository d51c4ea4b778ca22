import type { EntryOptions, Factory, HybridCache, Tier } from 'hybrid-cache'

/**
 * Who answered: L1, L2, the origin behind the cache, a load in flight for another request, or nobody in time, so that
 * it is a value that has ended.
 */
export type Source = Tier | 'origin' | 'shared' | 'stale'

/** `cache.getOrCreate`, which also tells who answered. */
export async function answer<T>(
  cache: HybridCache,
  key: string,
  load: Factory<T, unknown>,
  options: EntryOptions,
): Promise<{ value: T; tier: Source }> {
  let tier: Source = 'l2'
  const stopListening = [
    cache.on('hit', (hit) => {
      tier = hit.tier
    }),
    cache.on('join', () => {
      tier = 'shared'
    }),
    cache.on('stale', () => {
      tier = 'stale'
    }),
  ]
  const pending = cache.getOrCreate(
    key,
    async (context) => {
      tier = 'stale' // unless the origin has the value before the call ends
      const loaded = await load(context)
      tier = 'origin'
      return loaded
    },
    options,
  )
  // L1 answers, stale or not, and a load is joined, before `getOrCreate` returns. What is heard later may be another request's: events are
  // of the isolate.
  for (const stop of stopListening) stop()
  return { value: await pending, tier }
}
