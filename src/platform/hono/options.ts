import { HybridCache } from '../../cache.ts'
import { type Duration, longestTimer, toMilliseconds } from '../../duration.ts'
import type { EntryOptions } from '../../options.ts'
import { wholeNumber } from '../../validate.ts'
import type { CacheOf, HonoContext } from './context.ts'
import type { App } from './refresh.ts'

/** Options of `cache`. Those of the entries are the same as those of `getOrCreate`. */
export interface CacheMiddlewareOptions<Context extends HonoContext = HonoContext> extends Pick<
  EntryOptions,
  'ttl' | 'localTtl' | 'swr' | 'staleIfError' | 'jitter' | 'eager' | 'stampede' | 'l1' | 'l2'
> {
  /**
   * The cache that keeps the responses, or a function that gives it: `(c: Context<{ Bindings: Env }>) => cacheOf(c.env, c.executionCtx)`
   * on Workers, with the `Context` of Hono. An app that is mounted under a path sees its requests without that path, and would share
   * keys with other apps: give each `store.namespace(...)`, or mount it with `{ replaceRequest: false }`.
   */
  readonly cache: CacheOf<Context>
  /**
   * Headers of the request that a response may depend on: they become part of the key. Requests with `authorization` or `cookie` are
   * cached only if these are listed. Default: none.
   */
  readonly vary?: readonly string[] | undefined
  /** The key of a request, instead of its URL: whatever the response depends on has to be in it. `vary` is added. */
  readonly key?: ((context: Context) => string | Promise<string>) | undefined
  /** Tags of what is stored, for `removeByTag`. */
  readonly tags?: readonly string[] | ((context: Context) => readonly string[]) | undefined
  /** The largest body that is stored, in bytes. Default 512 KiB. */
  readonly maxBytes?: number | undefined
  /**
   * How long a request waits for another's handlers at most; then it runs its own, whose response is not stored.
   * Default 10 s, `l2.timeout` at least.
   */
  readonly maxWait?: Duration | undefined
  /** The app itself. `swr` and `eager` need it, to refresh a response in the background. */
  readonly app?: App | undefined
}

/** The same, complete and checked. */
export interface Settings extends Pick<CacheMiddlewareOptions, 'cache' | 'key' | 'tags' | 'app' | 'ttl'> {
  readonly vary: readonly string[]
  readonly maxBytes: number
  /** In milliseconds. */
  readonly maxWait: number
  readonly entry: EntryOptions
}

const ofEntries = [
  'ttl',
  'localTtl',
  'swr',
  'staleIfError',
  'jitter',
  'eager',
  'stampede',
  'l1',
  'l2',
] as const
// Handlers run for their own request, for as long as they take: the cache's own options are not meant for them.
const asLongAsItTakes: EntryOptions = { timeout: false }
const nothingBehind: EntryOptions = { swr: false, eager: false, softTimeout: false }

/** Throws a `TypeError` for invalid options. */
export function resolve(options: CacheMiddlewareOptions): Settings {
  const {
    cache,
    key,
    tags,
    vary = [],
    maxBytes = 512 * 1024,
    maxWait = '10s',
    app,
    ttl,
    swr,
    eager,
  } = options
  if (!(cache instanceof HybridCache) && typeof cache !== 'function')
    throw new TypeError('cache takes the cache, or a function of the context that returns it')
  if (!Array.isArray(vary) || !vary.every(isHeaderName))
    throw new TypeError('vary must be a list of names of request headers')
  if (app === undefined && (swr || eager))
    throw new TypeError('swr and eager need `app`: a background refresh calls it again')
  const given = ofEntries.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]))
  const entry: EntryOptions = {
    ...(Object.fromEntries(given) as EntryOptions),
    ...asLongAsItTakes,
    ...(app === undefined && nothingBehind),
  }
  return {
    cache,
    key,
    tags,
    app,
    ttl,
    vary: vary.map((name) => name.toLowerCase()),
    maxBytes: wholeNumber(maxBytes, 'maxBytes'),
    maxWait: Math.min(toMilliseconds(maxWait, 'maxWait'), longestTimer),
    entry,
  }
}

/** Not `*` either, which covers more than headers. */
function isHeaderName(name: unknown): name is string {
  return typeof name === 'string' && name !== '*' && /^[\w!#$%&'*+.^`|~-]+$/.test(name)
}
