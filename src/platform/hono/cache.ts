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

/** Instead of a response: that one is for its own caller only. */
interface Passed {
  readonly passed: Refusal | 'pass'
}

/** A failure of the origin, for which a stale response may stand in. */
class OriginFailed extends Error {
  override readonly name = 'OriginFailed'
}

/** For how long it is remembered that a key's responses are not to be stored: requests do not wait for each other then. */
const passFor = 10_000

/**
 * Caches the responses of a Hono app in both tiers: those to `GET` with status 200, made once for all concurrent requests.
 *
 * Whatever could be meant for one client is passed through and not stored: other methods; requests with `Authorization`, `Cookie` or
 * `Range`, or for a WebSocket; responses with `Set-Cookie`, with `Cache-Control: private`, `no-store`, `no-cache` or already expired
 * (`max-age=0`), with a `Vary` that is not listed in `vary`, with `Content-Encoding` (compress outside of the cache), event
 * streams, or larger than `maxBytes`. Such headers that an outer middleware sets before `next()` count if the response has them;
 * those that it sets afterwards do not. `HEAD` is answered from what a `GET` has stored.
 * Of two nested ones that would store the same response in the same cache, the outer one does.
 * A status of 500 or more counts as a failure: a usable stale response (`staleIfError`) takes its place. Caching directives of the
 * client are ignored. Responses get `Age` and `Cache-Status` (RFC 9211); `If-None-Match` is answered with 304.
 *
 * Throws a `TypeError` for `swr` or `eager` without `app`. Cost: as `getOrCreate`.
 *
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import { createHybridCache } from 'hybrid-cache'
 * import { cache } from 'hybrid-cache/hono'
 *
 * const app = new Hono()
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
  /** Whether the inner handlers have run for this request. */
  #ran = false
  #inFront: Headers | undefined
  /** Whether the response to this request is decided: what is loaded from then on is not for it. */
  #isAnswered = false
  /** Whether it has begun to load for itself. */
  #isLoading = false
  /** The `fwd` parameters of `Cache-Status`, if the request was forwarded to the handlers. */
  #forward: 'fwd=stale' | 'fwd=uri-miss; stored' | undefined
  /** The error that broke its own response, such as a body whose source failed: nothing of that can be returned any more. */
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
    if (typeof name !== 'string') throw new TypeError('key must return a string')
    return namedKey(name, request, vary)
  }

  /** What is stored, or has been stored now; `undefined` if the origin fails and no stale response may stand in. */
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

  /** Aborts when this request has waited for another's load for too long. Later ones do not join that, as it may hang. */
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
    // Redis has its own deadline, and a wait for it does not count.
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
    // The context has the response that is being sent by now: neither it nor its body is what the handlers made.
    if (isOwn && this.#isAnswered) return leave(loading)
    if (answer === undefined) loading.fail(new OriginFailed('the app has not asked its handlers'))
    const { response, inFront } = answer
    const failed = response.status >= 500
    const at = timeOf(store)
    const freshness = freshnessOf(response, at)
    // Headers of an outer middleware count, too: the handlers may depend on what they tell of, such as a detected language or a token.
    const refusal = refusalOfResponse(response, vary, freshness)
    if (refusal !== undefined && !isOwn) discard(response)
    if (!this.#isAnswered) this.#forward = 'fwd=uri-miss; stored'
    if (failed) loading.fail(new OriginFailed('the origin has answered with an error'))
    if (refusal !== undefined) {
      // It answers its own client only, and says nothing about other requests.
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

  /** An error in a request breaks that one alone: for those that wait for the same load, the origin has failed. */
  #fail(error: unknown): never {
    if (!this.#isAnswered) this.#forward = 'fwd=stale'
    if (error instanceof OriginFailed) throw error
    if (this.#ran) this.#broken = { error }
    throw new OriginFailed('a request has broken off')
  }

  /** A response may shorten the life that the options give it. */
  #limit(
    store: HybridCache,
    loading: LoadContext<StoredResponse>,
    { seconds = Infinity, noStale }: Freshness,
  ): void {
    const { ttl = HybridCache.partsOf(store).core.settings.ttl } = this.#settings
    if (seconds * 1000 < toMilliseconds(ttl, 'ttl')) loading.ttl = seconds * 1000
    if (noStale) loading.set({ swr: false, staleIfError: false })
  }

  /** No other request gets it, and for a while none waits for another's. */
  async #refuse(
    store: HybridCache,
    key: string,
    loading: LoadContext<StoredResponse>,
    replaces: boolean,
  ): Promise<void> {
    loading.skip()
    const { maxTtl } = HybridCache.partsOf(store).core.settings
    const ttl = Math.min(passFor, maxTtl)
    const life = { ttl, localTtl: ttl, jitter: false, swr: false, staleIfError: false } as const
    await store.set(`pass ${key}`, 1, { l2: false, ...life })
    // What it replaces would be served again. A failure of Redis has been reported already.
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
    // Some responses cannot be constructed: they stay as they are.
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

/** After the entries of caches nearer to the origin. RFC 9211, section 2. */
function cacheStatus({ headers }: Response, said: string): string {
  const own = `hybrid-cache; ${said}`
  const before = headers.get('cache-status')
  return before ? `${before}, ${own}` : own
}

/** The request has been answered without waiting for its load: that is given to none, and not stored. */
function leave(loading: LoadContext<StoredResponse>): Passed {
  loading.skip()
  return { passed: 'pass' }
}

/** Whether a response that is not stored outdates the stored one. Any other may be about the request. */
function isNews({ status }: Response): boolean {
  return status < 400 || status === 404 || status === 410
}

/** Whether requests for a key do not wait for each other for now. Not counted: statistics are of lookups of responses only. */
function isPassed(store: HybridCache, key: string): boolean {
  const { core, view } = HybridCache.partsOf(store)
  return core.local.find(view.localKey(`pass ${key}`)) !== undefined
}

function timeOf(store: HybridCache): number {
  return nowIn(HybridCache.partsOf(store).core)
}
