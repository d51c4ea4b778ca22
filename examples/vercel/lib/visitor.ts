import type { HybridCache } from 'hybrid-cache'
import { loadBlocked } from './origin'

/**
 * The address that a request comes from. Vercel sets this header itself, so that no visitor can choose it; a server of your own
 * must have a proxy in front that does the same.
 */
export function addressOf(headers: Headers): string {
  return headers.get('x-forwarded-for')?.split(',')[0]?.trim() || 'unknown'
}

/** From memory nearly always; the list is looked at again, behind a response, after a minute. */
export async function isBlocked(cache: HybridCache, address: string): Promise<boolean> {
  const options = { ttl: '1m', localTtl: '1m', swr: '1h', staleIfError: '1d' } as const
  const blocked = await cache.getOrCreate('blocked', loadBlocked, options)
  return blocked.includes(address)
}
