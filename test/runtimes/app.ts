// A Worker as a user writes one: a cache for all requests of the isolate, bound to each of them.
import { HybridCache } from '../../src/cache.ts'
import { createHybridCache, type EntryOptions, isCacheError, type LoadContext } from '../../src/index.ts'
import { perIsolate } from '../../src/platform/cloudflare.ts'
import type { RequestContext } from '../../src/index.ts'
import type { ScenarioInput } from './scenario/input.ts'

declare const SCENARIO: ScenarioInput

const { helper, token, run } = SCENARIO

let unbound: HybridCache | undefined
/** The same cache for requests that do not bind it: nothing can be done behind them. */
function shared(): HybridCache {
  unbound ??= createHybridCache({
    redis: { url: `${helper}/gate`, token },
    keyPrefix: run,
    l2: { timeout: '5s' },
  })
  return unbound
}
const cacheOf = perIsolate(shared)

/** What a request asks for: `/<route>/<key>?options=<JSON>`. */
interface Query {
  readonly key: string
  readonly options: EntryOptions
}

type Route = (cache: HybridCache, query: Query) => Promise<unknown>

/** A factory whose value, and for how long it takes, the test decides. */
async function ask({ key, signal }: LoadContext): Promise<string> {
  return (await fetch(`${helper}/origin/${key}`, { signal })).text()
}

const routes: Record<string, Route> = {
  load: (cache, { key }) => cache.getOrCreate(key, () => `made for ${key}`),
  get: async (cache, { key }) => (await cache.get(key)) ?? null,
  set: async (cache, { key }) => (await cache.set(key, `set for ${key}`)) ?? null,
  local: async (cache, { key }) => cache.getLocal(key) ?? null,

  ask: (cache, { key, options }) => cache.getOrCreate(key, ask, options),
  throw: (cache, { key, options }) =>
    cache.getOrCreate(
      key,
      async (context) => {
        throw new RangeError(await ask(context))
      },
      options,
    ),
  skip: (cache, { key, options }) =>
    cache.getOrCreate(
      key,
      (context) => {
        context.skip()
        return ask(context)
      },
      options,
    ),
  /** 10,000 callers in one request: which values they got, and how many. */
  crowd: async (cache, { key, options }) => {
    const calls = Array.from({ length: 10_000 }, () => cache.getOrCreate(key, ask, options))
    const values = await Promise.all(calls)
    return [...new Set(values), values.length]
  },
  loads: async (cache) => ({
    ...cache.stats().loads,
    flights: HybridCache.partsOf(cache).core.flights.size,
    marks: HybridCache.partsOf(cache).core.marks.size,
  }),
}

interface App {
  fetch(request: Request, env: object, ctx: RequestContext): Promise<Response>
}

const app: App = {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url)
    const [, name = '', key = ''] = pathname.split('/')
    const options = JSON.parse(searchParams.get('options') ?? '{}') as EntryOptions
    const cache = searchParams.has('unbound') ? shared() : cacheOf(env, ctx)
    try {
      return Response.json(await routes[name]?.(cache, { key, options }))
    } catch (error) {
      const what = isCacheError(error) ? error.code : String(error)
      return Response.json({ error: what }, { status: 500 })
    }
  },
}

export default app
