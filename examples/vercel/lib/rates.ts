import { isCacheError } from 'hybrid-cache'
import { type Counter, counter } from 'hybrid-cache/atomic'
import { waitUntil } from 'hybrid-cache/vercel'
import { cacheOf } from './cache'
import { bases, loadRates, type Rates } from './origin'

/**
 * Fresh for 2 seconds; for a minute more an old value is given at once while a new one is made behind the response, by one
 * instance for all; for an hour it is better than an error.
 */
const options = { ttl: '2s', swr: '1m', staleIfError: '1h', stampede: 'global' } as const

export function ratesOf(base: string): Promise<Rates> {
  return cacheOf().getOrCreate(`rates:${base}`, () => loadRates(base), options)
}

/** How often a base was asked for, today. */
export function visitsOf(base: string): Counter {
  return counter(cacheOf(), `${new Date().toISOString().slice(0, 10)}:${base}`, { ttl: '2d' })
}

// The two routes of the API are the same in both runtimes.

export async function get(base: string): Promise<Response> {
  if (!bases.includes(base)) return Response.json({ error: `one of ${bases.join(', ')}` }, { status: 404 })
  const started = performance.now()
  const rates = await ratesOf(base)
  const took = performance.now() - started
  // Behind the response: nobody waits for it. A count that fails is told to the listeners of the cache.
  waitUntil(
    visitsOf(base)
      .increment()
      .catch(() => undefined),
  )
  return Response.json(rates, { headers: { 'server-timing': `cache;dur=${took.toFixed(1)}` } })
}

/** A removal that Redis has not confirmed is no success: the caller is told to try again. */
export async function remove(base: string): Promise<Response> {
  try {
    await cacheOf().remove(`rates:${base}`)
    return new Response(null, { status: 204 })
  } catch (error) {
    if (!isCacheError(error)) throw error
    return Response.json({ error: 'try again later' }, { status: 503 })
  }
}
