// A Worker whose isolate has many caches, which know nothing of each other: what one learns from Redis, the others do not.
import { createHybridCache, type CacheOptions, type HybridCache } from '../../src/index.ts'
import { perIsolate } from '../../src/platform/cloudflare.ts'
import type { RequestContext } from '../../src/index.ts'
import type { ScenarioInput } from './scenario/input.ts'

declare const SCENARIO: ScenarioInput

const { url, token, run } = SCENARIO

type Bind = (env: object, ctx: RequestContext) => HybridCache

const binds = new Map<string, Bind>()

/** The cache of that name, made with these options when it is first asked for. */
function bindOf(name: string, options: CacheOptions): Bind {
  let bind = binds.get(name)
  if (bind === undefined) {
    const prefix = { redis: { url, token }, keyPrefix: `${run}.${name}` }
    bind = perIsolate(() => createHybridCache({ ...options, ...prefix, l2: { timeout: '5s' } }))
    binds.set(name, bind)
  }
  return bind
}

type Route = (cache: HybridCache, key: string) => Promise<unknown>

/** Each entry has its own key as its only tag. */
const routes: Record<string, Route> = {
  set: (cache, key) => cache.set(key, 'old'),
  setTagged: (cache, key) => cache.set(key, 'old', { tags: [key] }),
  ask: (cache, key) => cache.getOrCreate(key, () => 'new'),
  askRedis: (cache, key) => cache.get(key, { l1: false }),
  remove: (cache, key) => cache.remove(key),
  removeByTag: (cache, key) => cache.removeByTag(key),
  clear: (cache) => cache.clear(),
}

interface Coherent {
  fetch(request: Request, env: object, ctx: RequestContext): Promise<Response>
}

/** `/<cache>/<route>/<key>?options=<JSON>` */
const coherent: Coherent = {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url)
    const [, name = '', route = '', key = ''] = pathname.split('/')
    const options = JSON.parse(searchParams.get('options') ?? '{}') as CacheOptions
    return Response.json((await routes[route]?.(bindOf(name, options)(env, ctx), key)) ?? null)
  },
}

export default coherent
