import type { Core } from './core.ts'
import type { EventName, Listener, Operation } from './events.ts'
import { Invalidation } from './invalidation.ts'
import { type BatchFactory, createMany, type Factory, getOrLoad, toCall } from './load/index.ts'
import type { EntryOptions, ReadOptions, WriteOptions } from './options.ts'
import { getValue, readLocal, readMany } from './read/index.ts'
import { assertKey, listOf } from './redis/index.ts'
import type { SchemaOutput, StandardSchema } from './schema.ts'
import { Scripts } from './scripts/index.ts'
import type { CacheStats } from './stats.ts'
import { tracedOperation } from './trace.ts'
import type { RequestContext, View } from './view.ts'
import { replace, toWrite, writeMany } from './write/index.ts'

/** Whether a cache can run scripts follows from how it was made. */
type ScriptsOf<HasRedis extends boolean> = HasRedis extends true ? Scripts : undefined

const none: EntryOptions = Object.freeze({})

/**
 * A cache of two tiers: L1 in the memory of this isolate, L2 in Redis. Made by `createHybridCache`.
 *
 * Methods reject with a `TypeError` for misuse, before anything is sent, and with a `CacheError` if a write could not be
 * done; reads survive a failing Redis. Costs are given as HTTP requests / billed commands. Calls issued in the same tick share
 * one request. An isolate's first read, and each sent before that is answered, also asks Redis for the time and the versions
 * (two more commands, three for a load with `stampede: 'global'`); and at most once per `coherence.interval` a read also asks what
 * other isolates have invalidated (one more).
 */
export class HybridCache<out HasRedis extends boolean = boolean> extends Invalidation {
  readonly #core: Core
  readonly #view: View
  #scripts: Scripts | undefined

  /** @internal */
  constructor(core: Core, view: View) {
    super(core, view)
    this.#core = core
    this.#view = view
  }

  /** What the functions on top (`hybrid-cache/atomic` and others) work with. @internal */
  static partsOf(cache: HybridCache): { core: Core; view: View } {
    return { core: cache.#core, view: cache.#view }
  }

  /**
   * The value of a key, or `undefined` if neither tier has a fresh one. A failing Redis is a miss and an `error` event.
   * Cost: L1 hit 0/0, otherwise 1/1.
   *
   * @example
   * ```ts
   * import { createHybridCache } from 'hybrid-cache'
   *
   * const cache = createHybridCache()
   * const name = await cache.get<string>('user:1:name')
   * ```
   */
  async get<Schema extends StandardSchema>(
    key: string,
    options: ReadOptions & { readonly schema: Schema },
  ): Promise<SchemaOutput<Schema> | undefined>
  async get<T = unknown>(key: string, options?: ReadOptions): Promise<T | undefined>
  async get(key: string, options: ReadOptions = none): Promise<unknown> {
    assertKey(key)
    const local = this.#local(key, options, 'get')
    if (local !== undefined && options.schema === undefined) return local
    return await tracedOperation(this.#core.trace, 'get', (note) =>
      getValue(this.#core, this.#view, { key, options, local, note }),
    )
  }

  /**
   * The value of a key. If neither tier has a fresh one, the factory makes it, once for all concurrent callers (`stampede`), and
   * both tiers keep it. What the factory throws is rethrown unchanged, and after `timeout` the call rejects with
   * `FACTORY_TIMEOUT`, unless there is a stale value within the longer of `swr` and `staleIfError`. A failing Redis costs at most its
   * deadline, once. `undefined` is returned but not stored; a value that cannot be stored is returned, with an `error` event.
   * The write to L2 runs in the background if there is a `waitUntil` (see `bind`), and is awaited otherwise.
   * Cost: L1 hit 0/0, L2 hit 1/1, load 2/2, 2/4 over what was removed or has expired; with a lease (`'global'`, refreshes) 1/2 and 2/7.
   *
   * @example
   * ```ts
   * import { createHybridCache } from 'hybrid-cache'
   *
   * const cache = createHybridCache()
   * const rates = await cache.getOrCreate(
   *   'rates',
   *   async ({ signal }) => {
   *     const response = await fetch('https://example.com/rates.json', { signal })
   *     if (!response.ok) throw new Error(`the origin says ${response.status}`)
   *     return response.json()
   *   },
   *   { ttl: '10m', localTtl: '30s', staleIfError: '1h' },
   * )
   * ```
   */
  async getOrCreate<T, S = T>(key: string, factory: Factory<T, S>, options: EntryOptions = none): Promise<T> {
    assertKey(key)
    const local = options.forceRefresh === true ? undefined : this.#local(key, options, 'getOrCreate')
    const eager = options.eager ?? this.#core.settings.load.beta > 0
    if (local !== undefined && options.schema === undefined && eager === false) return local as T
    if (typeof factory !== 'function')
      throw new TypeError('getOrCreate takes a factory: a function that makes the value')
    return await tracedOperation(this.#core.trace, 'getOrCreate', async (note) => {
      const call = toCall(this.#core, this.#view, { key, factory, options, note })
      return (await getOrLoad(this.#core, call, local)) as T
    })
  }

  /**
   * Stores a value in both tiers. Rejects if it cannot be serialised (`SERIALIZE`), is too large (`TOO_LARGE`), or if L2 could
   * not be reached; in the last case L1's copy is dropped, as it is unknown what L2 holds. Never retried; after a timeout it may
   * still be executed. Other isolates learn of it as they do of a removal: see `remove`.
   * Cost: 1/4; 2/5 if it is the first thing that the isolate asks of Redis.
   *
   * @example
   * ```ts
   * import { createHybridCache } from 'hybrid-cache'
   *
   * const cache = createHybridCache()
   * await cache.set('session:42', { user: 'ada' }, { ttl: '1h', sliding: '10m' })
   * ```
   */
  async set(key: string, value: unknown, options: WriteOptions = none): Promise<void> {
    const write = { key, value, options, operation: 'set' } as const
    await tracedOperation(this.#core.trace, 'set', async () =>
      replace(this.#core, [toWrite(this.#core, this.#view, write)]),
    )
  }

  /**
   * The values of many keys: a `Map` of those found, in the order asked, each key once. Cost: keys in L1 0/0, all others
   * together one request, of one command per thousand.
   *
   * @example
   * ```ts
   * import { createHybridCache } from 'hybrid-cache'
   *
   * const cache = createHybridCache()
   * const users = await cache.getMany<{ name: string }>(['user:1', 'user:2'])
   * for (const [key, user] of users) console.log(key, user.name)
   * ```
   */
  async getMany<Schema extends StandardSchema>(
    keys: readonly string[],
    options: ReadOptions & { readonly schema: Schema },
  ): Promise<Map<string, SchemaOutput<Schema>>>
  async getMany<T = unknown>(keys: readonly string[], options?: ReadOptions): Promise<Map<string, T>>
  async getMany(keys: readonly string[], options: ReadOptions = none): Promise<Map<string, unknown>> {
    const list = listOf(keys)
    return await tracedOperation(this.#core.trace, 'getMany', async (note) => {
      const found = await readMany(this.#core, this.#view, list, options)
      note({ 'cache.keys': list.length, 'cache.hits': found.size })
      return found
    })
  }

  /**
   * The values of many keys. The factory is called with all keys for which neither tier has a fresh value (that `schema` accepts),
   * normally once; again for keys that another load failed to bring; and in the background for those to refresh (`swr`, `eager`). It
   * returns a `Map`: keys absent from that are absent from the result, and not stored; extra keys are ignored. If keys fail without
   * a usable stale value, rejects with the first error, after everything else was stored. Cost: keys in L1 0/0; the others 1/1 per
   * thousand to read, and one command each (three over what was removed or has expired), a thousand per request, to store what was made.
   *
   * @example
   * ```ts
   * import { createHybridCache } from 'hybrid-cache'
   *
   * const cache = createHybridCache()
   * const load = async (ids: readonly string[]) => new Map(ids.map((id) => [id, { id }]))
   * const users = await cache.getOrCreateMany(['user:1', 'user:2'], (missing) => load(missing), { ttl: '1h' })
   * ```
   */
  async getOrCreateMany<T, S = T>(
    keys: readonly string[],
    factory: BatchFactory<T, S>,
    options: EntryOptions = none,
  ): Promise<Map<string, T>> {
    const list = listOf(keys)
    return await tracedOperation(this.#core.trace, 'getOrCreateMany', async (note) => {
      note({ 'cache.keys': list.length })
      return createMany(this.#core, this.#view, { keys: list, factory, options })
    })
  }

  /**
   * Stores many values, given as a `Map` or as pairs, with the same options. All are encoded before anything is sent, so that
   * with one bad value none is stored. Not atomic: if L2 fails midway, the call rejects and some may be stored.
   * Cost: one request (several if they do not fit into one), four commands per value.
   *
   * @example
   * ```ts
   * import { createHybridCache } from 'hybrid-cache'
   *
   * const cache = createHybridCache()
   * await cache.setMany(new Map([['user:1', 'Ada'], ['user:2', 'Alan']]), { ttl: '1h' })
   * ```
   */
  async setMany(entries: Iterable<readonly [string, unknown]>, options: WriteOptions = none): Promise<void> {
    await tracedOperation(this.#core.trace, 'setMany', () =>
      writeMany(this.#core, this.#view, entries, options),
    )
  }

  /**
   * The value that L1 holds for a key, synchronously, or `undefined`. Cost: 0/0; a use that extends a sliding entry sends 1/3 in the
   * background.
   */
  getLocal<T = unknown>(key: string): T | undefined {
    assertKey(key)
    return readLocal(this.#core, this.#view, key, 'getLocal') as T | undefined
  }

  /**
   * The same cache under a name of its own: keys are separate; L1's size limits, events and statistics are shared.
   * The name is 1 to 64 letters, digits or `_ . { } -`; namespaces do not nest. Cheap, 0/0.
   *
   * @example
   * ```ts
   * import { createHybridCache } from 'hybrid-cache'
   *
   * const tenant = createHybridCache().namespace('tenant-7')
   * await tenant.set('plan', 'pro')
   * ```
   */
  namespace(name: string): HybridCache<HasRedis> {
    return new HybridCache(this.#core, this.#view.inNamespace(name))
  }

  /**
   * The same cache for one request: its background work goes through `context.waitUntil`, so that it outlives the response.
   * Takes the `ctx` of a Worker, or any object with that method. Cheap, 0/0.
   *
   * @example
   * ```ts
   * import { createHybridCache } from 'hybrid-cache'
   *
   * declare const ctx: { waitUntil(work: Promise<unknown>): void }
   * const cache = createHybridCache().bind(ctx)
   * ```
   */
  bind(context: RequestContext): HybridCache<HasRedis> {
    return new HybridCache(this.#core, this.#view.boundTo(context))
  }

  /** What the cache did since it was created, all namespaces and bound views together. */
  stats(): CacheStats {
    return this.#core.counters.with(this.#core.local.usage, this.#core.coherence.push?.stats)
  }

  /**
   * Calls `listener` for every event of that name, of all namespaces and bound views; returns a function that unsubscribes it.
   * What a listener throws is ignored.
   *
   * @example
   * ```ts
   * import { createHybridCache } from 'hybrid-cache'
   *
   * const cache = createHybridCache()
   * const stop = cache.on('error', ({ operation, error }) => console.warn(operation, error.code))
   * stop()
   * ```
   */
  on<Name extends EventName>(event: Name, listener: Listener<Name>): () => void {
    return this.#core.events.on(event, listener)
  }

  /**
   * Closes the connection of `coherence.push`, for all namespaces and bound views; while it is open, a process does not exit by
   * itself. The cache goes on as one without push; there is nothing else to close. Cost: 0/0.
   *
   * @example
   * ```ts
   * import { createHybridCache, fromEnv } from 'hybrid-cache'
   * import { push } from 'hybrid-cache/push'
   *
   * const cache = createHybridCache({ redis: fromEnv(), coherence: { push: push() } })
   * await cache.close()
   * ```
   */
  async close(): Promise<void> {
    this.#core.coherence.push?.close()
  }

  /**
   * Runs Lua scripts on the Redis of this cache; `undefined`, in the types too, if it has none. Their keys are separate from
   * those of entries, and each namespace has its own.
   */
  get scripts(): ScriptsOf<HasRedis> {
    const { executor } = this.#core
    if (executor !== undefined)
      this.#scripts ??= new Scripts(executor, (key) => this.#view.physicalKey('s', key))
    return this.#scripts as ScriptsOf<HasRedis>
  }

  #local(key: string, options: ReadOptions, operation: Operation): unknown {
    return options.l1 === false ? undefined : readLocal(this.#core, this.#view, key, operation)
  }
}
