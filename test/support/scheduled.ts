import type fc from './fc.ts'
import { expect } from 'vitest'
import type { CacheOptions, EntryOptions, HybridCache, LoadContext } from '../../src/index.ts'
import { settle } from './manual-clock.ts'
import { flightsOf, marksOf } from './origin.ts'
import { World } from './world.ts'

/** What a reader asks for. */
export interface Reading {
  readonly key: string
  readonly as: 'get' | 'getOrCreate' | 'getMany' | 'getOrCreateMany'
  readonly options: EntryOptions
  /** It goes away when the scheduler says so. */
  readonly leaves: boolean
  readonly factoryFails: boolean
}

/** What the one writer does, one after another: so that it is known which value is the newest. */
export interface Writing {
  readonly key: string
  readonly as: 'set' | 'remove' | 'expire' | 'removeByTag' | 'expireByTag' | 'clear'
}

/** What may go wrong with a request. `lost`: it is executed, and its reply does not come. */
export type Fate = 'answered' | 'refused' | 'lost'

interface Value {
  readonly key: string
  serial: number
}

interface Run {
  readonly key: string
  /** Of the key: when its caller came, and when it began. */
  readonly since: number
  readonly generation: number
  readonly context: Pick<LoadContext, 'signal'>
}

export const keys = ['a', 'b'] as const

/**
 * One isolate whose every request, reply, factory, caller and cancellation waits for its turn with the scheduler of a property,
 * and the rules that hold in whatever order they get it. Values say of which key they are, and how new.
 */
export class Scheduled {
  readonly world: World = new World()
  readonly cache: HybridCache
  readonly #scheduler: fc.Scheduler
  readonly #fates: Fate[]
  /** How new the data of a key is at the origin. */
  readonly #source = new Map<string, number>()
  /** What a call that begins now must not go below, unless it takes what was expired. */
  readonly #fresh = new Map<string, number>()
  /** The same for those, too. */
  readonly #removed = new Map<string, number>()
  /** Counted up when a write begins, and when it ends. */
  readonly #generation = new Map<string, number>()
  readonly #running = new Set<Run>()
  readonly #options: CacheOptions

  constructor(scheduler: fc.Scheduler, fates: readonly Fate[], options: CacheOptions = {}) {
    this.#scheduler = scheduler
    this.#fates = [...fates]
    // No request is given up: a write that is executed late is nobody's promise.
    this.#options = {
      l2: { retries: 0, timeout: '10h' },
      breaker: 'off',
      memory: { maxEntries: 1 },
      ...options,
    }
    this.cache = this.world.isolate(this.#options)
  }

  /** The first request is over, the tag is known, and from now on everything waits for its turn. */
  async start(): Promise<void> {
    await this.cache.get('warm-up', { l1: false, tags: ['t'] })
    const fates = new Map<readonly unknown[], Fate>()
    this.world.redis.before = async (commands) => {
      const fate = this.#fates.shift() ?? 'answered'
      fates.set(commands, fate)
      await this.#pass('a request')
      if (fate === 'refused') throw new TypeError('fetch failed')
    }
    this.world.redis.after = async (commands) => {
      const fate = fates.get(commands)
      await this.#pass(`a reply, ${fate}`)
      if (fate === 'lost') throw new TypeError('fetch failed')
    }
  }

  async #pass(what: string): Promise<void> {
    await this.#scheduler.schedule(Promise.resolve(), what)
  }

  /** One caller, who asks for one thing after the other. */
  async readAll(readings: readonly Reading[]): Promise<void> {
    for (const reading of readings) await this.read(reading)
  }

  /** One question. Rejects where a rule is broken. */
  async read(reading: Reading): Promise<void> {
    await this.#pass(`a ${reading.as} of ${reading.key}`)
    const { key, options } = reading
    const least = (options.staleIfError === undefined ? this.#fresh : this.#removed).get(key) ?? 0
    const leaving = new AbortController()
    if (reading.leaves) void this.#pass('a caller leaves').then(() => leaving.abort('left'))
    const signal = reading.leaves ? { signal: leaving.signal } : {}
    try {
      const value = await this.#ask(reading, { ...options, ...signal })
      if (value === undefined) return
      expect(value.key).toBe(key) // R1
      expect(value.serial).toBeGreaterThanOrEqual(least) // R2, R9
      ;(value as { serial: unknown }).serial = 'changed by a caller' // R8: nobody else gets to see it
    } catch (error) {
      const expected = reading.leaves ? ['left', 'the origin fails'] : ['the origin fails']
      const why = error instanceof Error ? error.message : error
      if (!expected.includes(String(why))) throw error // R4, and a caller's own signal
      if (why === 'the origin fails') expect(reading.factoryFails || this.#anyFails).toBe(true)
    } finally {
      const { entries, bytes } = this.cache.stats().l1 // R7
      expect(entries).toBeLessThanOrEqual(1)
      expect(bytes).toBeLessThanOrEqual(8 * 2 ** 20)
    }
  }

  #anyFails = false

  async #ask({ key, as, factoryFails }: Reading, options: EntryOptions): Promise<Value | undefined> {
    this.#anyFails ||= factoryFails
    const since = new Map(this.#generation)
    const make = (made: string, context: Run['context']): Promise<Value> =>
      this.#make({ key: made, since: since.get(made) ?? 0, context, fails: factoryFails })
    const { l1, l2, signal } = options
    const plain = Object.fromEntries(
      Object.entries({ l1, l2, signal }).filter(([, value]) => value !== undefined),
    )
    switch (as) {
      case 'get':
        return this.cache.get<Value>(key, plain)
      case 'getMany':
        return (await this.cache.getMany<Value>(keys, plain)).get(key)
      case 'getOrCreate':
        return this.cache.getOrCreate(key, (context) => make(key, context), options)
      default: {
        const values = await this.cache.getOrCreateMany(
          [key],
          async (missing, context) =>
            new Map(
              await Promise.all(missing.map(async (each) => [each, await make(each, context)] as const)),
            ),
          options,
        )
        return values.get(key)
      }
    }
  }

  /** The factory: what it reads of its source is as new as when it begins. */
  async #make({ fails, ...given }: Omit<Run, 'generation'> & { fails: boolean }): Promise<Value> {
    const { key } = given
    const run = { ...given, generation: this.#generation.get(key) ?? 0 }
    for (const other of this.#running) expect(isTwin(run, other)).toBe(false) // R5
    this.#running.add(run)
    const serial = this.#source.get(key) ?? 0
    await this.#pass(`the factory of ${key} ends`)
    this.#running.delete(run)
    if (fails) throw new Error('the origin fails')
    return { key, serial }
  }

  /** The writer. What it has written is known to those who come when it has been told so. */
  async write(writings: readonly Writing[]): Promise<void> {
    for (const writing of writings) {
      await this.#pass(`a ${writing.as} of ${writing.key}`)
      await this.#write(writing)
    }
  }

  async #write({ key, as }: Writing): Promise<void> {
    const touched = as === 'set' || as === 'remove' || as === 'expire' ? [key] : keys
    const serials = touched.map((each) => [each, (this.#source.get(each) ?? 0) + 1] as const)
    const turn = (): void => touched.forEach((each) => add(this.#generation, each))
    for (const [each, serial] of serials) this.#source.set(each, serial)
    turn()
    try {
      await this.#invalidate({ key, as })
    } catch {
      return turn() // whether it was done nobody knows
    }
    turn()
    for (const [each, serial] of serials) {
      this.#fresh.set(each, serial)
      if (as !== 'expire' && as !== 'expireByTag') this.#removed.set(each, serial)
    }
  }

  #invalidate({ key, as }: Writing): Promise<void> {
    const { cache } = this
    switch (as) {
      case 'set':
        return cache.set(
          key,
          { key, serial: this.#source.get(key) },
          { ttl: '10s', staleIfError: '1h', tags: ['t'] },
        )
      case 'removeByTag':
      case 'expireByTag':
        return cache[as]('t')
      case 'clear':
        return cache.clear()
      default:
        return cache[as](key)
    }
  }

  /** Lets everything have its turn, and time pass: these steps, and then as many as are waited for. */
  async run(work: readonly Promise<unknown>[], steps: readonly number[]): Promise<void> {
    let done = false
    const all = Promise.all(work).finally(() => (done = true))
    await this.#scheduler.waitFor(Promise.all([all, this.#passTime(steps, () => done)]))
    await this.#scheduler.waitIdle()
  }

  async #passTime(steps: readonly number[], isDone: () => boolean): Promise<void> {
    for (let i = 0; i < steps.length || !isDone(); i++) {
      const ms = steps[i] ?? 200
      await this.#pass(`${ms} ms`)
      await this.world.clock.advance(ms)
    }
  }

  /** All is over: nothing is left behind. */
  async end(): Promise<void> {
    this.world.redis.before = undefined
    this.world.redis.after = undefined
    for (let i = 0; i < 5; i++) await settle()
    await this.world.clock.advance(60_000)
    expect([flightsOf(this.cache), marksOf(this.cache)]).toEqual([0, 0])
  }
}

/** Whether both make the same value of the same generation, and somebody waits for either. */
function isTwin(one: Run, other: Run): boolean {
  if (one.key !== other.key || other.context.signal.aborted) return false
  const generations = new Set([one.since, one.generation, other.since, other.generation])
  return generations.size === 1
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
