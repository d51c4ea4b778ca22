import { expect } from 'vitest'
import type { CacheOptions, EntryOptions, HybridCache, LoadContext } from '../../src/index.ts'
import { settle } from './manual-clock.ts'
import { flightsOf, marksOf } from './origin.ts'
import { World } from './world.ts'

/** How a factory ends. */
export type End = 'value' | 'null' | 'undefined' | 'skip' | 'fail' | 'function'

/** One step of a random history. Callers and runs are picked by number, modulo how many there are. */
export type Step =
  | { readonly do: 'call'; readonly key: string; readonly options: EntryOptions; readonly leaves: boolean }
  | { readonly do: 'leave'; readonly pick: number }
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
  state: 'waiting' | 'done'
}

interface Running {
  readonly call: Call
  readonly context: LoadContext
  readonly finish: (value: unknown) => void
  readonly fail: (error: Error) => void
  ended: boolean
}

/** One isolate under a random history, and what must hold at each of its steps. */
export class LoadModel {
  readonly #world = new World()
  readonly #cache: HybridCache
  readonly #calls: Call[] = []
  readonly #runs: Running[] = []
  readonly #generations = new Map<string, number>()
  readonly #writing = new Map<string, number>()
  readonly #done = new Map<string, number>()
  readonly #pending: Promise<unknown>[] = []
  /** A value that cannot be shared has those who joined load alone. */
  #unshared = false
  #failure: unknown

  constructor(options: CacheOptions) {
    this.#cache = this.#world.isolate({ l2: { retries: 0 }, ...options })
  }

  async step(step: Step): Promise<void> {
    switch (step.do) {
      case 'call':
        return this.#call(step.key, step.options, step.leaves)
      case 'leave':
        return this.#leave(step.pick)
      case 'end':
        return this.#end(this.#active[step.pick % Math.max(1, this.#active.length)], step.end)
      case 'advance':
        return this.#world.clock.advance(step.ms)
      case 'redis':
        this.#world.redis.before = undefined
        return step.works ? undefined : this.#world.cut()
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
    this.#world.redis.before = undefined
    for (let round = 0; round < 30 && this.#waiting > 0; round++) {
      for (const run of this.#active) this.#end(run, 'value')
      await this.#world.clock.advance(1000)
    }
    expect(this.#waiting, 'callers that hang').toBe(0)
    for (const run of this.#active) this.#end(run, 'value')
    await this.#world.clock.advance(60_000)
    await Promise.all(this.#pending)
    this.check()
    expect(flightsOf(this.#cache), 'flights').toBe(0)
    expect(marksOf(this.#cache), 'marks').toBe(0)
    expect(this.#world.clock.pending, 'timers').toBe(0)
  }

  get #active(): Running[] {
    return this.#runs.filter(({ ended }) => !ended)
  }

  get #waiting(): number {
    return this.#calls.filter(({ state }) => state === 'waiting').length
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
      state: 'waiting',
    }
    this.#calls.push(call)
    const factory = (context: LoadContext): Promise<unknown> =>
      new Promise((finish, fail) => void this.#runs.push({ call, context, finish, fail, ended: false }))
    const given = controller === undefined ? options : { ...options, signal: controller.signal }
    const outcome = this.#cache.getOrCreate<unknown>(key, factory, given)
    this.#pending.push(
      outcome
        .then(
          (value) => this.#gave(call, value),
          (reason: unknown) => this.#refused(call, reason),
        )
        .catch((failure: unknown) => void (this.#failure ??= failure))
        .finally(() => (call.state = 'done')),
    )
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

  #end(run: Running | undefined, end: End): void {
    if (run === undefined) return
    run.ended = true
    const { key, generation } = run.call
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
    this.#pending.push(
      writing
        .then(stored, () => undefined)
        .then(() => {
          // Whoever began before the answer came may not be joined after it.
          this.#generations.set(key, this.#generation(key) + 1)
          const left = (this.#writing.get(key) ?? 1) - 1
          if (left > 0) this.#writing.set(key, left)
          else this.#writing.delete(key)
        }),
    )
  }
}
