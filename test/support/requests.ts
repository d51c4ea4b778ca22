import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock, EntryOptions, HybridCache } from '../../src/index.ts'
import type { ManualClock } from './manual-clock.ts'
import { Origin } from './origin.ts'
import { World } from './world.ts'

/** One request to a Worker: its timers, and what it asks of Redis, end with it. */
export class Request {
  alive = true
  /** What it was asked to wait for. */
  readonly background: Promise<unknown>[] = []

  waitUntil(work: Promise<unknown>): void {
    this.background.push(work)
  }

  /** As a client that goes away does, or a response that was sent while there was nothing to wait for. */
  end(): void {
    this.alive = false
  }
}

/** A clock whose timers belong to the request that set them: they never fire once it has ended. */
export class RequestClock implements Clock {
  readonly #clock: ManualClock
  readonly #current = new AsyncLocalStorage<Request>()

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  /** Runs something in the name of a request. */
  within<T>(request: Request, run: () => T): T {
    return this.#current.run(request, run)
  }

  /** Whose code it is that runs now. */
  get current(): Request | undefined {
    return this.#current.getStore()
  }

  now(): number {
    return this.#clock.now()
  }

  monotonic(): number {
    return this.#clock.monotonic()
  }

  setTimeout(run: () => void, ms: number): unknown {
    const request = this.current
    return this.#clock.setTimeout(() => {
      if (request?.alive === false) return
      if (request === undefined) run()
      else this.within(request, run)
    }, ms)
  }

  clearTimeout(timer: unknown): void {
    this.#clock.clearTimeout(timer)
  }
}

/** Asks for `k` in the name of a request, which is handed the background work if `bound`. */
export type Ask = (request: Request, options?: EntryOptions, bound?: boolean) => Promise<string>

/** One isolate that serves many requests. */
export interface RequestIsolate {
  readonly world: World
  readonly clock: RequestClock
  readonly cache: HybridCache
  readonly origin: Origin<string>
  readonly ask: Ask
}

export async function requestIsolate(): Promise<RequestIsolate> {
  const world = new World()
  const clock = new RequestClock(world.clock)
  const cache = await world.warm({ clock })
  world.redis.before = () =>
    clock.current?.alive === false ? new Promise<never>(() => undefined) : undefined
  const origin = new Origin<string>()
  const ask: Ask = (request, options = {}, bound = true) =>
    clock.within(request, () =>
      (bound ? cache.bind(request) : cache).getOrCreate('k', origin.factory, options),
    )
  return { world, clock, cache, origin, ask }
}
