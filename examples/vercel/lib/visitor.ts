import type { HybridCache } from 'hybrid-cache'
import { loadBlocked } from './origin'

/**
 * The address that a request comes from. Vercel overwrites `x-real-ip`, so that no visitor can choose it. Elsewhere read the header
 * that your own proxy overwrites; without such a proxy any visitor can send any address. Requests without one share one limit.
 */
export function addressOf(headers: Headers): string {
  return headers.get('x-real-ip') || 'unknown'
}

/** From memory nearly always; the list is looked at again, behind a response, after a minute. */
export async function isBlocked(cache: HybridCache, address: string): Promise<boolean> {
  const options = { ttl: '1m', localTtl: '1m', swr: '1h', staleIfError: '1d' } as const
  const blocked = await cache.getOrCreate('blocked', loadBlocked, options)
  return blocked.includes(address)
}
