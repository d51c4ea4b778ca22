import { HybridCache } from '../../cache.ts'

/** What a request is answered from: a key in one cache, through whichever view of it. */
interface Claim {
  readonly core: unknown
  readonly localKey: string
}

const claims = new WeakMap<Request, Claim[]>()

/**
 * Does `work`, unless an outer middleware is doing the same for the same request: that waits for the inner ones, and this one would
 * wait for that. Resolves to whether it was done.
 */
export async function unlessClaimed(
  request: Request,
  [store, key]: readonly [HybridCache, string],
  work: () => Promise<void>,
): Promise<boolean> {
  const { core, view } = HybridCache.partsOf(store)
  const claim = { core, localKey: view.localKey(key) }
  const others = claims.get(request) ?? []
  if (others.some((each) => each.core === core && each.localKey === claim.localKey)) return false
  claims.set(request, [...others, claim])
  try {
    await work()
  } finally {
    claims.set(request, others)
  }
  return true
}
