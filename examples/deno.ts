// A cached JSON route on Deno, and a route that invalidates it. Run it with
//
//   npm run build && deno run -A examples/deno.ts
//
// UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN tell which database; `npx hybrid-cache dev` starts a local one.
// In a project of your own: `deno add npm:hybrid-cache`, or `deno add hybrid-cache@jsr:@hybrid-cache/hybrid-cache`.
import { createHybridCache, fromEnv } from 'hybrid-cache'

interface Rates {
  base: string
  eur: number
  at: string
}

const cache = createHybridCache({ redis: fromEnv(), keyPrefix: 'rates', ttl: '10m', localTtl: '30s' })
cache.on('error', ({ operation, error }) => console.warn(operation, error.code))

/** Stands for what is slow or costs money: a database, somebody's API. */
async function loadRates(base: string): Promise<Rates> {
  await new Promise((resolve) => setTimeout(resolve, 100))
  return { base, eur: 0.92, at: new Date().toISOString() }
}

Deno.serve({ port: Number(Deno.env.get('PORT') ?? 8000), hostname: '127.0.0.1' }, async (request) => {
  const { pathname } = new URL(request.url)
  const base = pathname.match(/^\/rates\/(\w{3})$/)?.[1]
  if (base === undefined) return new Response('try /rates/usd', { status: 404 })

  if (request.method === 'DELETE') {
    await cache.remove(base)
    return new Response(null, { status: 204 })
  }
  return Response.json(await cache.getOrCreate(base, () => loadRates(base)))
})
