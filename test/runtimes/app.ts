// A Worker as a user writes one: a cache for all requests of the isolate, bound to each of them.
import { createHybridCache, type HybridCache, isCacheError } from '../../src/index.ts'
import { perIsolate } from '../../src/platform/cloudflare.ts'
import type { RequestContext } from '../../src/index.ts'
import type { ScenarioInput } from './scenario/input.ts'

declare const SCENARIO: ScenarioInput

const { helper, token, run } = SCENARIO
const cacheOf = perIsolate(() =>
  createHybridCache({ redis: { url: `${helper}/gate`, token }, keyPrefix: run, l2: { timeout: '5s' } }),
)

type Route = (cache: HybridCache, key: string) => Promise<unknown>

const routes: Record<string, Route> = {
  load: (cache, key) => cache.getOrCreate(key, () => `made for ${key}`),
  get: async (cache, key) => (await cache.get(key)) ?? null,
  set: async (cache, key) => (await cache.set(key, `set for ${key}`)) ?? null,
  local: async (cache, key) => cache.getLocal(key) ?? null,
}

interface App {
  fetch(request: Request, env: object, ctx: RequestContext): Promise<Response>
}

const app: App = {
  async fetch(request, env, ctx) {
    const [, name = '', key = ''] = new URL(request.url).pathname.split('/')
    try {
      return Response.json(await routes[name]?.(cacheOf(env, ctx), key))
    } catch (error) {
      const what = isCacheError(error) ? error.code : String(error)
      return Response.json({ error: what }, { status: 500 })
    }
  },
}

export default app
