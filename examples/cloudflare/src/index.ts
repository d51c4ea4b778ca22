// A shop's API on Cloudflare Workers behind a two-tier cache: every isolate keeps copies in its own memory (L1), and all of
// them share one Upstash Redis (L2).
import { createHybridCache, fromEnv, type HybridCache, isCacheError } from 'hybrid-cache'
import { perIsolate } from 'hybrid-cache/cloudflare'
import { answer } from './answer.ts'
import { loadProduct, loadStock, loadTrend, type Product, type Stock, type Trend } from './origin.ts'
import { reserve } from './reserve.ts'

interface Env {
  readonly UPSTASH_REDIS_REST_URL: string
  readonly UPSTASH_REDIS_REST_TOKEN: string
  readonly CACHE_PREFIX: string
}

// All that is needed of the two Cloudflare types; with @cloudflare/workers-types, use those.
interface Context {
  waitUntil(work: Promise<unknown>): void
}

/** Made on the first request of an isolate and kept; each request gets a view of it that is bound to its own `ctx`. */
const cacheOf = perIsolate((env: Env) =>
  createHybridCache({
    redis: fromEnv(env),
    keyPrefix: env.CACHE_PREFIX,
    coherence: { interval: '2s' }, // how often an isolate asks what others have removed, at most
    on: { error: ({ operation, error }) => console.warn(`cache: ${operation} failed, ${error.code}`) },
  }),
)

// `ttl` is how long a value is fresh, `localTtl` how long an isolate may answer from its own copy without asking Redis.
const resources = {
  products: { load: loadProduct, options: { ttl: '10m', localTtl: '30s' } },
  stock: { load: loadStock, options: { ttl: '1m', localTtl: '2s' } },
  // Slow to make, and of use for a while after its end: one isolate at a time makes it, for all. For 3 s an old one is given
  // away at once, while a new one is made; for a minute it is better than an error.
  trends: {
    load: loadTrend,
    options: { ttl: '2s', localTtl: '10s', swr: '3s', staleIfError: '1m', stampede: 'global' },
  },
} as const

export default {
  async fetch(request: Request, env: Env, ctx: Context): Promise<Response> {
    let cache: HybridCache<true>
    try {
      cache = cacheOf(env, ctx)
    } catch (error) {
      // A missing or unsafe setting. The message says which, and never holds the URL or the token.
      return Response.json({ error: (error as Error).message }, { status: 500 })
    }
    return route(request, cache)
  },
}

async function route(request: Request, cache: HybridCache<true>): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url)
  if (pathname === '/stats') return Response.json(cache.stats())
  const [, kind, id] = /^\/(products|stock|trends|reserve|tags)\/(\w{1,40})$/.exec(pathname) ?? []
  if (kind === undefined || id === undefined) return Response.json({ error: 'not found' }, { status: 404 })
  if (kind === 'reserve') {
    if (request.method === 'POST') return reserve(cache, id)
    return Response.json({ error: 'use POST' }, { status: 405 })
  }
  if (kind === 'tags') {
    if (request.method === 'DELETE') return invalidate(() => cache.removeByTag(id))
    return Response.json({ error: 'use DELETE' }, { status: 405 })
  }
  const key = `${kind}:${id}`
  if (request.method === 'DELETE') return invalidate(() => cache.remove(key))
  if (request.method !== 'GET') return Response.json({ error: 'use GET or DELETE' }, { status: 405 })

  const { load, options } = resources[kind as keyof typeof resources]
  const isDown = searchParams.has('down') // plays an origin that fails; only `trends` listens
  try {
    const { value, tier } = await answer<Product | Stock | Trend>(
      cache,
      key,
      async (context) => {
        const loaded = await load(id, context.signal, isDown)
        // Known only now: `DELETE /tags/bath` takes all products of that category away, wherever they are.
        if ('category' in loaded) context.tags = [loaded.category]
        return loaded
      },
      options,
    )
    return Response.json(value, { headers: { 'x-cache': tier } })
  } catch (error) {
    // What the origin threw comes out as it was. For the log: others need not know what is behind this.
    console.warn(`origin: ${(error as Error).message}`)
    return Response.json({ error: 'try again later' }, { status: 502 })
  }
}

/** A removal that Redis has not confirmed is no success: the caller is told to try again. */
async function invalidate(remove: () => Promise<void>): Promise<Response> {
  try {
    await remove()
    return new Response(null, { status: 204 })
  } catch (error) {
    if (!isCacheError(error)) throw error
    return Response.json({ error: error.code }, { status: 503, headers: { 'retry-after': '1' } })
  }
}
