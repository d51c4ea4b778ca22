// A cached JSON route on Bun, and a route that invalidates it. Run it with
//
//   npm run build && bun examples/bun.ts
//
// UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN tell which database; `npx hybrid-cache dev` starts a local one.
// In a project of your own: `bun add hybrid-cache`.
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
  await Bun.sleep(100)
  return { base, eur: 0.92, at: new Date().toISOString() }
}

const server = Bun.serve({
  port: Number(process.env.PORT ?? 3000),
  hostname: '127.0.0.1',
  routes: {
    '/rates/:base': {
      GET: async ({ params: { base } }) =>
        Response.json(await cache.getOrCreate(base, () => loadRates(base))),
      DELETE: async ({ params: { base } }) => {
        await cache.remove(base)
        return new Response(null, { status: 204 })
      },
    },
  },
  fetch: () => new Response('try /rates/usd', { status: 404 }),
})
console.log(`Listening on ${server.url}`)
