import { HybridCache } from '../../cache.ts'
import { nowIn } from '../../core.ts'
import { toMilliseconds } from '../../duration.ts'
import {
  capture,
  type Freshness,
  freshnessOf,
  namedKey,
  notModified,
  type Refusal,
  refusalOfRequest,
  refusalOfResponse,
  requestKey,
  revive,
  type StoredResponse,
  withHeaders,
} from '../../http/index.ts'
import { flightId, type LoadContext } from '../../load/index.ts'
import {
  addInFront,
  cacheFor,
  headersInFront,
  type HonoContext,
  type HonoMiddleware,
  replaceResponse,
  staying,
} from './context.ts'
import { unlessClaimed } from './nesting.ts'
import { type CacheMiddlewareOptions, resolve, type Settings } from './options.ts'
import { type Answer, type App, discard, refresh, refreshOf } from './refresh.ts'

/** Said instead of a response: this one is for its own caller only. */
interface Passed {
  readonly passed: Refusal | 'pass'
}

/** A response of the origin that is no success, whose place a stale one may take. */
class OriginFailed extends Error {
  override readonly name = 'OriginFailed'
}

/** For how long it is remembered that a key's responses are not to be stored: nobody waits for another's then. */
const passFor = 10_000

/**
 * Caches the responses of a Hono app in both tiers: what `GET` answers with 200, once for all who ask at a time.
 *
 * Passed on and not stored is what could be meant for one client: other methods; requests with `Authorization`, `Cookie` or
 * `Range`, or for a WebSocket; responses with `Set-Cookie`, with `Cache-Control: private`, `no-store`, `no-cache` or without life
 * (`max-age=0`), with a `Vary` that is not listed in `vary`, with `Content-Encoding` (compress outside of the cache), event
 * streams, or larger than `maxBytes`. What a middleware in front has set of these before `next()` counts where the response has it; what
 * it sets afterwards does not. `HEAD` is answered from what a `GET` has stored.
 * Of two that would keep the same response in the same cache, one behind the other, the first counts.
 * A status of 500 or more counts as a failure: a stale response takes its place within `staleIfError`. What a client says of
 * caching in its request is not heeded. Answers have `Age` and `Cache-Status` (RFC 9211); `If-None-Match` is answered with 304.
 *
 * Throws a `TypeError` for `swr` or `eager` without `app`. Cost: as `getOrCreate`.
 *
 * @example
 * ```ts
 * import { createHybridCache } from 'hybrid-cache'
 * import { cache, type HonoMiddleware } from 'hybrid-cache/hono'
 *
 * declare const app: { use(path: string, middleware: HonoMiddleware): void } // new Hono()
 * const store = createHybridCache()
 * app.use('/products/*', cache({ cache: store, ttl: '1m', staleIfError: '1h', tags: ['products'] }))
 * ```
 */
export function cache<Context extends HonoContext = HonoContext>(
  options: CacheMiddlewareOptions<Context>,
): HonoMiddleware {
  const settings = resolve(options as unknown as CacheMiddlewareOptions)
  return (context, next) => new Handling(settings, context, next).answer()
}

/** One request. */
class Handling {
  readonly #settings: Settings
  readonly #context: HonoContext
  readonly #next: () => Promise<void>
  /** Whether the handlers behind this one have run for this request. */
  #ran = false
  #inFront: Headers | undefined
  /** Whether it is known what this request is answered with: what is loaded from then on is not for it. */
  #isAnswered = false
  /** Whether what it waits for is its own by now. */
  #isLoading = false
  /** What was asked for it beyond the cache. */
  #forward: 'fwd=stale' | 'fwd=uri-miss; stored' | undefined
  /** What has broken its own answer, such as a body whose source has gone: nothing of that is left to be given. */
  #broken: { readonly error: unknown } | undefined

  constructor(settings: Settings, context: HonoContext, next: () => Promise<void>) {
    this.#settings = settings
    this.#context = context
    this.#next = next
  }

  async answer(): Promise<void> {
    const request = this.#context.req.raw
    const refreshing = refreshOf(request)
    if (refreshing !== undefined) return refreshing.run(this.#settings, this.#context, this.#next)
    const refusal = refusalOfRequest(request, this.#settings.vary)
    if (refusal !== undefined) return this.#pass(`fwd=bypass; detail=${refusal}`)
    const given = cacheFor(this.#settings.cache, this.#context)
    const store = this.#settings.app === undefined ? staying(given) : given
    const key = await this.#key()
    if (!(await unlessClaimed(request, [store, key], () => this.#answerFrom(store, key)))) await this.#next()
  }

  async #answerFrom(store: HybridCache, key: string): Promise<void> {
    if (isPassed(store, key)) return this.#pass('fwd=uri-miss; detail=pass')
    const found =
      this.#context.req.raw.method === 'HEAD'
        ? await store.get<StoredResponse>(`http ${key}`, this.#settings.entry)
        : await this.#find(store, key)
    if (found === undefined) return this.#pass('fwd=uri-miss')
    if ('passed' in found) return this.#pass(`fwd=uri-miss; detail=${found.passed}`)
    return this.#give(store, found)
  }

  async #key(): Promise<string> {
    const { key, vary } = this.#settings
    const request = this.#context.req.raw
    if (key === undefined) return requestKey(request, vary)
    const name = await key(this.#context)
    if (typeof name !== 'string') throw new TypeError('key must give a string: what stands for the request')
    return namedKey(name, request, vary)
  }

  /** What is stored, or is now; `undefined` where the origin fails and nothing may take its place. */
  async #find(store: HybridCache, key: string): Promise<StoredResponse | Passed | undefined> {
    const { entry, tags } = this.#settings
    const own = typeof tags === 'function' ? tags(this.#context) : (tags ?? [])
    const { signal, stop } = this.#patience(store, key)
    try {
      return await store.getOrCreate<StoredResponse | Passed, StoredResponse>(
        `http ${key}`,
        (loading) => this.#load(store, key, loading).catch((error: unknown) => this.#fail(error)),
        { ...entry, tags: own, signal },
      )
    } catch (error) {
      if (this.#broken !== undefined) throw this.#broken.error
      if (error instanceof OriginFailed || signal.aborted) return undefined
      throw error
    } finally {
      stop()
      this.#isAnswered = true
    }
  }

  /** Aborts when others have kept this request waiting for too long. Who comes next does not join them, for they may hang. */
  #patience(store: HybridCache, key: string): { signal: AbortSignal; stop: () => void } {
    const { core, view } = HybridCache.partsOf(store)
    const { clock } = core.settings
    const others = core.flights.current(
      flightId(view.localKey(`http ${key}`), this.#settings.entry.l2 === false),
    )
    const controller = new AbortController()
    const end = (): void => {
      if (this.#isLoading) return
      this.#isAnswered = true
      if (others !== undefined) core.flights.end(others)
      controller.abort(new OriginFailed('another request has not been answered in time'))
    }
    // Redis has its own deadline, and is not what is waited for too long.
    const timer = clock.setTimeout(end, Math.max(this.#settings.maxWait, core.settings.link.timeout))
    return { signal: controller.signal, stop: () => clock.clearTimeout(timer) }
  }

  async #load(
    store: HybridCache,
    key: string,
    loading: LoadContext<StoredResponse>,
  ): Promise<StoredResponse | Passed> {
    const { app, vary, maxBytes } = this.#settings
    const isOwn = !this.#isAnswered && (app === undefined || loading.stale === undefined)
    if (!isOwn && app === undefined) return leave(loading)
    this.#isLoading = true
    const answer = isOwn ? await this.#run() : await refresh(app as App, this.#settings, this.#context)
    // The context has the response by now that is on its way: neither it nor its body is what the handlers made.
    if (isOwn && this.#isAnswered) return leave(loading)
    if (answer === undefined) loading.fail(new OriginFailed('the app has not asked its handlers'))
    const { response, inFront } = answer
    const failed = response.status >= 500
    const at = timeOf(store)
    const freshness = freshnessOf(response, at)
    // Also of what was set in front: the handlers may depend on what it tells of, such as a language that was found there, or a token.
    const refusal = refusalOfResponse(response, vary, freshness)
    if (refusal !== undefined && !isOwn) discard(response)
    if (!this.#isAnswered) this.#forward = 'fwd=uri-miss; stored'
    if (failed) loading.fail(new OriginFailed('the origin has answered with an error'))
    if (refusal !== undefined) {
      // Only its own client is answered so: nothing follows for the others.
      if (response.status === 304) loading.skip()
      else await this.#refuse(store, key, loading, isNews(response))
      return { passed: refusal }
    }
    this.#limit(store, loading, freshness)
    const captured = await capture(response, { maxBytes, at, inFront })
    if ('stored' in captured) return captured.stored
    if (isOwn) replaceResponse(this.#context, captured.tooLarge)
    else discard(captured.tooLarge)
    await this.#refuse(store, key, loading, true)
    return { passed: 'too-large' }
  }

  /** What breaks in a request breaks that one alone: for those who wait for the same, the origin has failed. */
  #fail(error: unknown): never {
    if (!this.#isAnswered) this.#forward = 'fwd=stale'
    if (error instanceof OriginFailed) throw error
    if (this.#ran) this.#broken = { error }
    throw new OriginFailed('a request has broken off')
  }

  /** A response may say that it lives for less than the options do. */
  #limit(
    store: HybridCache,
    loading: LoadContext<StoredResponse>,
    { seconds = Infinity, noStale }: Freshness,
  ): void {
    const { ttl = HybridCache.partsOf(store).core.settings.ttl } = this.#settings
    if (seconds * 1000 < toMilliseconds(ttl, 'ttl')) loading.ttl = seconds * 1000
    if (noStale) loading.set({ swr: false, staleIfError: false })
  }

  /** Nobody else is given it, and for a while nobody waits for another's. */
  async #refuse(
    store: HybridCache,
    key: string,
    loading: LoadContext<StoredResponse>,
    replaces: boolean,
  ): Promise<void> {
    loading.skip()
    const { maxTtl } = HybridCache.partsOf(store).core.settings
    const life = { ttl: Math.min(passFor, maxTtl), swr: false, staleIfError: false } as const
    await store.set(`pass ${key}`, 1, { l2: false, ...life })
    // What it takes the place of would be given away again. Where Redis fails, that was told.
    if (replaces && loading.stale !== undefined) await store.remove(`http ${key}`).catch(() => undefined)
  }

  async #run(): Promise<Answer> {
    this.#ran = true
    const inFront = (this.#inFront = headersInFront(this.#context))
    await this.#next()
    return { response: this.#context.res, inFront }
  }

  async #pass(status: string): Promise<void> {
    if (!this.#ran) await this.#run()
    const { res } = this.#context
    // Some responses no constructor makes: they stay as they are.
    replaceResponse(this.#context, withHeaders(res, { 'cache-status': cacheStatus(res, status) }))
  }

  #give(store: HybridCache, found: StoredResponse): void {
    const request = this.#context.req.raw
    const whole = revive(found, timeOf(store))
    const response =
      notModified(whole, request) ?? (request.method === 'HEAD' ? new Response(null, whole) : whole)
    addInFront(response, this.#inFront ?? headersInFront(this.#context), found.added)
    response.headers.set('cache-status', cacheStatus(response, this.#forward ?? 'hit'))
    replaceResponse(this.#context, response)
  }
}

/** Behind what the caches have said that are nearer to the origin. RFC 9211, section 2. */
function cacheStatus({ headers }: Response, said: string): string {
  const own = `hybrid-cache; ${said}`
  const before = headers.get('cache-status')
  return before ? `${before}, ${own}` : own
}

/** The request has been answered without what it was to load: nobody is given that, and nothing is stored. */
function leave(loading: LoadContext<StoredResponse>): Passed {
  loading.skip()
  return { passed: 'pass' }
}

/** Whether a response that is not stored says that what is stored is no more. Else it may be about the request. */
function isNews({ status }: Response): boolean {
  return status < 400 || status === 404 || status === 410
}

/** Whether nobody waits for another's response for now. Statistics count lookups of responses only. */
function isPassed(store: HybridCache, key: string): boolean {
  const { core, view } = HybridCache.partsOf(store)
  return core.local.find(view.localKey(`pass ${key}`)) !== undefined
}

function timeOf(store: HybridCache): number {
  return nowIn(HybridCache.partsOf(store).core)
}
