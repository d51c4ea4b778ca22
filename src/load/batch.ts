// One factory for many keys: each key has a flight of its own, and those that need a factory share one call.
import { Latch } from '../latch.ts'
import { nextTask } from '../runtime.ts'
import { type Described, LoadContext, NotModified, type StaleValue, thrown } from './context.ts'
import type { Flight } from './flight.ts'

/** Makes the values of the missing keys. A key that is absent from the `Map` has no value, and nothing is stored for it. */
export type BatchFactory<T, S = T> = (
  missing: readonly string[],
  context: BatchContext<S>,
) => ReadonlyMap<string, T> | Promise<ReadonlyMap<string, T>>

interface Part {
  readonly flight: Flight
  readonly round: Round
  /** What the factory makes of its key, once it has been asked to. */
  value?: Promise<unknown>
  /** Opens when the time of its key runs. */
  readonly begun: Latch
}

interface Request {
  readonly context: LoadContext
  readonly part: Part
  /** Says whether the factory is about to run for it. */
  readonly start: (runs: boolean) => void
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** What a factory for many keys is given: ways to say more about each than its value says. */
export class BatchContext<S = unknown> {
  readonly #requests: ReadonlyMap<string, Request>
  #signal: AbortSignal | undefined

  /** @internal */
  constructor(requests: ReadonlyMap<string, Request>) {
    this.#requests = requests
  }

  /** Aborts when no caller waits for any of the values any more. */
  get signal(): AbortSignal {
    this.#signal ??= whenAllAborted([...this.#requests.values()].map(({ context }) => context.signal))
    return this.#signal
  }

  /** The value of a key to be replaced, if there still is one. `undefined`, too, if it and the call have more than 32 tags together. */
  stale(key: string): StaleValue<S> | undefined {
    return this.#of(key).context.stale as StaleValue<S> | undefined
  }

  /**
   * Sets options of a key's entry: `ttl` or `expiresAt`, `localTtl`, `swr`, `staleIfError`, `negativeTtl`, `tags`, `etag`,
   * `lastModified`.
   */
  set(key: string, options: Described): void {
    this.#of(key).context.set(options)
  }

  /** The value of a key is returned to its callers, but not stored. */
  skip(key: string): void {
    this.#of(key).context.skip()
  }

  /** The stale value of a key is still right, and is stored again as fresh; what the `Map` has for it is ignored. */
  notModified(key: string): void {
    const { context, reject } = this.#of(key)
    if (context.stale === undefined) throw new TypeError('notModified() needs a stale value: see stale(key)')
    reject(new NotModified('the value has not changed'))
  }

  /**
   * There is no value for a key: a usable stale one is returned, else the call rejects with `reason`; a string becomes the message of
   * an `Error`.
   */
  fail(key: string, reason: unknown): void {
    this.#of(key).reject(thrown(reason))
  }

  #of(key: string): Request {
    const request = this.#requests.get(key)
    if (request === undefined) throw new TypeError('this key is not one of those to load')
    return request
  }
}

/**
 * Collects the keys of one call that need a factory, and runs it once for those that the call waits for, and once for those that
 * are refreshed in the background: no caller is to wait for what these need first.
 */
export class Batch {
  readonly #awaited: Round
  readonly #behind: Round
  readonly #parts = new Map<string, Part>()

  constructor(factory: BatchFactory<unknown, unknown>, signal: AbortSignal | undefined) {
    this.#awaited = new Round(factory, signal)
    this.#behind = new Round(factory, signal)
  }

  /** A call has no flight yet, as a schema checks what L1 has: the factory waits until it has one, or has ended. */
  begin(): Latch {
    const begun = new Latch()
    this.#awaited.expect(begun)
    return begun
  }

  /** The flight of a key reads L2, or asks for its lease: the factory waits until it has. */
  expect(key: string, flight: Flight, isBehind: boolean): void {
    const round = isBehind ? this.#behind : this.#awaited
    this.#parts.set(key, { flight, round, begun: new Latch() })
    round.expect(flight.leased ?? flight.looked)
  }

  /** Waits until the factory is about to run for a key. `false`: it will not, as no caller waits for its value any more. */
  turn(context: LoadContext): Promise<boolean> {
    const part = this.#parts.get(context.key) as Part
    return new Promise((start) => {
      part.value = part.round.ask(context, part, start)
    })
  }

  /** The factory of one key, whose turn it is. */
  readonly make = ({ key }: LoadContext): Promise<unknown> => {
    const { begun, value } = this.#parts.get(key) as Part
    begun.open()
    return value as Promise<unknown>
  }
}

/** Keys for one run of the factory, once L2 was asked for all of them. Those that another isolate is making come later. */
class Round {
  readonly #factory: BatchFactory<unknown, unknown>
  readonly #signal: AbortSignal | undefined
  #requests = new Map<string, Request>()
  #asking = 0

  constructor(factory: BatchFactory<unknown, unknown>, signal: AbortSignal | undefined) {
    this.#factory = factory
    this.#signal = signal
  }

  expect(asked: Latch): void {
    this.#asking++
    void asked.opened.then(() => {
      if (--this.#asking === 0) void this.#run()
    })
  }

  ask(context: LoadContext, part: Part, start: (runs: boolean) => void): Promise<unknown> {
    const value = new Promise<unknown>((resolve, reject) => {
      this.#requests.set(context.key, { context, part, start, resolve, reject })
    })
    value.catch(() => undefined) // its caller may leave before it awaits it
    // The others have run already: this one waited for another isolate.
    if (this.#asking === 0) void this.#run()
    return value
  }

  async #run(): Promise<void> {
    // A caller that leaves abandons its flights one after another: only then is it known which of them others wait for.
    if (this.#signal?.aborted) await nextTask()
    const requests = this.#requests
    this.#requests = new Map()
    for (const [key, { part, start }] of requests) {
      const runs = part.flight.outcome === undefined
      if (!runs) requests.delete(key)
      start(runs)
    }
    if (requests.size === 0) return
    // The time of each runs before the factory does, unless its flight ends this very moment.
    await Promise.all(
      [...requests.values()].map(({ part: { begun, flight } }) =>
        Promise.race([begun.opened, flight.settled.opened]),
      ),
    )
    try {
      const values = await this.#factory([...requests.keys()], new BatchContext(requests))
      if (typeof values?.get !== 'function')
        throw new TypeError('the factory of getOrCreateMany must return a Map')
      for (const [key, { resolve }] of requests) resolve(values.get(key))
    } catch (error) {
      for (const { reject } of requests.values()) reject(error)
    }
  }
}

function whenAllAborted(signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController()
  const check = (): void => {
    if (signals.every(({ aborted }) => aborted)) controller.abort(signals[0]?.reason)
  }
  for (const signal of signals) signal.addEventListener('abort', check, { once: true })
  check()
  return controller.signal
}
