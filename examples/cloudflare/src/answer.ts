import type { EntryOptions, Factory, HybridCache, Tier } from 'hybrid-cache'

/** Who answered: L1, L2, the origin behind the cache, or a load for another request that was on its way. */
export type Source = Tier | 'origin' | 'shared'

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
  ]
  const pending = cache.getOrCreate(
    key,
    (context) => {
      tier = 'origin'
      return load(context)
    },
    options,
  )
  // L1 answers, and a load is joined, before `getOrCreate` returns. What is heard later may be another request's: events are
  // of the isolate.
  for (const stop of stopListening) stop()
  return { value: await pending, tier }
}
