import { expect } from 'vitest'
import type { CacheOptions, EntryOptions, HybridCache, LoadContext } from '../../src/index.ts'
import { settle } from './manual-clock.ts'
import { flightsOf, marksOf } from './origin.ts'
import { Request, RequestClock } from './requests.ts'
import { World } from './world.ts'

/** How a factory ends. */
export type End = 'value' | 'null' | 'undefined' | 'skip' | 'fail' | 'function'

/** One step of a random history. Callers and runs are picked by number, modulo how many there are. */
export type Step =
  | { readonly do: 'call'; readonly key: string; readonly options: EntryOptions; readonly leaves: boolean }
  | { readonly do: 'leave' | 'die'; readonly pick: number }
  | { readonly do: 'end'; readonly pick: number; readonly end: End }
  | { readonly do: 'set' | 'remove' | 'removeLocal'; readonly key: string }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'redis'; readonly works: boolean }
  | { readonly do: 'settle' }

/** Says of itself which key it is for, and which generation of that key it is of. */
interface Made {
  readonly key: string
  readonly generation: number
}

interface Call {
  readonly key: string
  readonly options: EntryOptions
  /** Of the key, when the call began. */
  readonly generation: number
  /** What it may be given: nothing from before the last write that was done when it began. */
  readonly least: number
  readonly controller: AbortController | undefined
  /** A write to the key was on its way when it began: whether before or after the write's own end nobody can say. */
  readonly blurred: boolean
  readonly request: Request
  state: 'waiting' | 'done'
}

interface Running {
  readonly call: Call
  /** Of the key, when the factory began: a call that had joined may have to load itself, later than it began. */
  readonly generation: number
  readonly context: LoadContext
  readonly finish: (value: unknown) => void
  readonly fail: (error: Error) => void
  ended: boolean
}

/** One isolate under a random history, and what must hold at each of its steps. */
export class LoadModel {
  readonly #world = new World()
  /** Only where requests may die: to follow them costs time. */
  readonly #clock: RequestClock | undefined
  readonly #cache: HybridCache
  readonly #calls: Call[] = []
  readonly #runs: Running[] = []
  readonly #generations = new Map<string, number>()
  readonly #writing = new Map<string, number>()
  readonly #done = new Map<string, number>()
  /** A value that cannot be shared has those who joined load alone. */
  #unshared = false
  #failure: unknown

  constructor(kind: 'isolate' | 'memoryOnly', options: CacheOptions, mortal: boolean) {
    this.#clock = mortal ? new RequestClock(this.#world.clock) : undefined
    this.#cache = this.#world[kind]({
      l2: { retries: 0 },
      clock: this.#clock ?? this.#world.clock,
      ...options,
    })
    this.#redis(true)
  }

  /** The isolate's first request tells it what was invalidated before it began: what it loads meanwhile may be too old. */
  async start(): Promise<void> {
    await this.#cache.get('warm-up', { l1: false })
  }

  async step(step: Step): Promise<void> {
    switch (step.do) {
      case 'call':
        return this.#call(step.key, step.options, step.leaves)
      case 'leave':
        return this.#leave(step.pick)
      case 'die':
        return this.#die(step.pick)
      case 'end':
        return this.#end(this.#active[step.pick % Math.max(1, this.#active.length)], step.end)
      case 'advance':
        return this.#world.clock.advance(step.ms)
      case 'redis':
        return this.#redis(step.works)
      case 'settle':
        return settle()
      default:
        return this.#write(step.do, step.key)
    }
  }

  /** At no time do two factories make the same generation of a key, unless somebody asked for that. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
    const seen = new Set<string>()
    for (const { call, context } of this.#active) {
      const { forceRefresh, stampede, l2 } = call.options
      if (
        this.#unshared ||
        call.blurred ||
        forceRefresh === true ||
        stampede === 'off' ||
        context.signal.aborted
      )
        continue
      const flight = `${call.key} ${call.generation} ${l2}`
      expect(seen, 'two loads of one generation').not.toContain(flight)
      seen.add(flight)
    }
  }

  /** Once every factory has ended, nobody waits, and nothing is left behind. */
  async end(): Promise<void> {
    this.#redis(true)
    for (let round = 0; round < 30 && this.#waiting > 0; round++) {
      for (const run of this.#active) this.#end(run, 'value')
      await this.#world.clock.advance(1000)
    }
    expect(this.#waiting, 'callers that hang').toBe(0)
    for (const run of this.#active) this.#end(run, 'value')
    await this.#world.clock.advance(60_000)
    await this.#askAgain()
    this.check()
    expect(flightsOf(this.#cache), 'flights').toBe(0)
    if (this.#calls.every(({ request }) => request.alive)) expect(marksOf(this.#cache), 'marks').toBe(0)
    expect(this.#world.clock.pending, 'timers').toBe(0)
  }

  /** What the dead have left behind goes when its key is asked for again. */
  async #askAgain(): Promise<void> {
    if (this.#calls.every(({ request }) => request.alive)) return
    for (const key of new Set(this.#calls.map((call) => call.key)))
      for (const l2 of [true, false]) await this.#cache.getOrCreate(key, () => 1, { l1: false, l2 })
    await this.#world.clock.advance(1000)
  }

  get #active(): Running[] {
    return this.#runs.filter(({ ended, call }) => !ended && call.request.alive)
  }

  get #waiting(): number {
    return this.#calls.filter(({ state, request }) => state === 'waiting' && request.alive).length
  }

  #generation(key: string): number {
    return this.#generations.get(key) ?? 0
  }

  #call(key: string, options: EntryOptions, leaves: boolean): void {
    if (options.forceRefresh === true) this.#generations.set(key, this.#generation(key) + 1)
    const controller = leaves ? new AbortController() : undefined
    const call: Call = {
      key,
      options,
      generation: this.#generation(key),
      least: this.#done.get(key) ?? 0,
      controller,
      blurred: this.#writing.has(key),
      request: new Request(),
      state: 'waiting',
    }
    this.#calls.push(call)
    const factory = (context: LoadContext): Promise<unknown> =>
      new Promise((finish, fail) => {
        this.#runs.push({ call, generation: this.#generation(key), context, finish, fail, ended: false })
      })
    const given = controller === undefined ? options : { ...options, signal: controller.signal }
    const ask = (): Promise<unknown> => this.#cache.getOrCreate(key, factory, given)
    const outcome = this.#clock?.within(call.request, ask) ?? ask()
    void outcome
      .then(
        (value) => this.#gave(call, value),
        (reason: unknown) => this.#refused(call, reason),
      )
      .catch((failure: unknown) => void (this.#failure ??= failure))
      .finally(() => (call.state = 'done'))
  }

  #gave(call: Call, value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    const { key, generation } = value as Made
    expect(key, 'the key').toBe(call.key)
    expect(generation, 'a value from before a write').toBeGreaterThanOrEqual(call.least)
  }

  #refused(call: Call, reason: unknown): void {
    const own = call.controller?.signal
    if (own?.aborted === true && reason === own.reason) return
    if (call.options.timeout !== undefined && (reason as { code?: string }).code === 'FACTORY_TIMEOUT') return
    expect((reason as Error).message, 'the reason of another').toBe(`origin of ${call.key}`)
  }

  #leave(pick: number): void {
    const waiting = this.#calls.filter(({ state, controller }) => state === 'waiting' && controller)
    waiting[pick % Math.max(1, waiting.length)]?.controller?.abort(new Error('gone'))
  }

  /** Its factory never ends, nor do its timers and what it asks of Redis. */
  #die(pick: number): void {
    const alive = this.#calls.filter(({ request }) => request.alive)
    alive[pick % Math.max(1, alive.length)]?.request.end()
  }

  #redis(works: boolean): void {
    this.#world.redis.before = () => {
      if (this.#clock?.current?.alive === false) return new Promise<never>(() => undefined)
      if (!works) throw new TypeError('fetch failed')
      return undefined
    }
  }

  #end(run: Running | undefined, end: End): void {
    if (run === undefined) return
    run.ended = true
    const { generation } = run
    const { key } = run.call
    if (end === 'fail') return run.fail(new Error(`origin of ${key}`))
    if (end === 'skip') run.context.skip()
    if (end === 'null' || end === 'undefined') return run.finish(end === 'null' ? null : undefined)
    if (end === 'function') this.#unshared = true
    run.finish({ key, generation, ...(end === 'function' && { call: () => 1 }) })
  }

  #write(kind: 'set' | 'remove' | 'removeLocal', key: string): void {
    const generation = this.#generation(key) + 1
    this.#generations.set(key, generation)
    if (kind === 'removeLocal') return this.#cache.removeLocal(key)
    const writing = kind === 'set' ? this.#cache.set(key, { key, generation }) : this.#cache.remove(key)
    this.#writing.set(key, (this.#writing.get(key) ?? 0) + 1)
    const stored = (): void => void this.#done.set(key, Math.max(this.#done.get(key) ?? 0, generation))
    void writing
      .then(stored, () => undefined)
      .then(() => {
        // Whoever began before the answer came may not be joined after it.
        this.#generations.set(key, this.#generation(key) + 1)
        const left = (this.#writing.get(key) ?? 1) - 1
        if (left > 0) this.#writing.set(key, left)
        else this.#writing.delete(key)
      })
  }
}
