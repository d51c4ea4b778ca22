import type { CacheOptions, Clock, RedisSource } from '../../src/index.ts'
import { flightsOf, marksOf } from '../support/origin.ts'
import { Isolate } from './isolate.ts'
import { Ledger } from './ledger.ts'
import { operations } from './operations.ts'
import type { Shown } from './shown.ts'
import { Tally } from './tally.ts'

/** What a workload runs on. */
export interface Ground {
  readonly redis: RedisSource
  readonly clock: Clock
  readonly shown: Shown
  readonly random: () => number
  /** Unlike that of any other. */
  readonly name: string
  readonly options?: Omit<CacheOptions, 'redis' | 'clock'>
  readonly runsLua: boolean
  /** The server may say what is not so. */
  readonly lies: boolean
  /** Redis may lose what it has. */
  readonly loses: boolean
  /** Every operation is to be struck, however often that takes. */
  readonly exhaustive: boolean
  /** Lets a little time pass between operations, so that news are due. */
  readonly pass: () => void
  /** Lets an operation come to its end; for a clock that stands still. */
  readonly drive?: <T>(work: Promise<T>) => Promise<T>
  /** How many requests were struck so far. */
  readonly struck: () => number
  readonly switchOn: (on: boolean) => void
}

const maxEntries = 6

/** Two isolates and a third one that has a stale value at hand, on one database, doing everything that a cache can do. */
export class Workload {
  /** How often each operation was struck. */
  readonly struck: Map<string, number> = new Map<string, number>()
  operations = 0
  /** The longest that each operation took, in milliseconds. */
  readonly took: Map<string, number> = new Map<string, number>()
  readonly #ground: Ground
  readonly #ledger: Ledger
  readonly #tally: Tally
  readonly #isolates: readonly Isolate[]
  readonly #stale: Isolate

  constructor(ground: Ground) {
    this.#ground = ground
    const { name, runsLua, lies, loses, redis, clock, shown } = ground
    this.#tally = new Tally({ counter: 'canary-key-counter', runsLua, unreliable: lies || loses })
    this.#ledger = new Ledger({ lies })
    const options = {
      redis,
      clock,
      breaker: 'off' as const,
      coherence: { interval: '10ms' } as const,
      memory: { maxEntries },
      ...ground.options,
    }
    this.#isolates = ['one', 'two'].map((each) => new Isolate(each, shown, { keyPrefix: name, ...options }))
    this.#stale = new Isolate('stale', shown, { keyPrefix: `${name}-s`, ...options, localTtl: '10h' })
  }

  /** Runs every operation, `rounds` times, in another order each time. */
  async run(rounds: number): Promise<void> {
    const { switchOn } = this.#ground
    switchOn(false)
    await this.#prepare()
    for (let round = 0; round < rounds; round++) {
      for (const name of this.#shuffled(Object.keys(operations))) {
        for (const isolate of this.#isolates) {
          switchOn(true)
          await this.#operate(name, isolate)
        }
      }
      await this.#staleStands()
    }
    if (this.#ground.exhaustive) await this.#strikeAll()
    switchOn(false)
    await this.#end()
  }

  /** A hit in L1 asks nothing of Redis: what was not struck has another try. */
  async #strikeAll(): Promise<void> {
    for (const name of Object.keys(operations))
      for (let i = 0; i < 20 && this.struck.get(name) === 0; i++)
        await this.#operate(name, this.#isolates[i % 2] as Isolate)
  }

  async #prepare(): Promise<void> {
    const { cache } = this.#stale
    await this.#atLast(() => cache.set('canary-key-s', 'kept', { ttl: '1s', staleIfError: '10h' }))
    for (const { cache: each } of this.#isolates) await this.#atLast(() => each.set('canary-key-warm', 1))
    for (let i = 0; i < 60; i++) this.#ground.pass()
  }

  async #operate(name: string, isolate: Isolate): Promise<void> {
    const { random, shown, struck, pass, clock } = this.#ground
    const scope = random() < 0.7 ? '' : 'n/'
    const cache = scope === '' ? isolate.cache : isolate.cache.namespace('n')
    const [before, checks] = [struck(), isolate.checks]
    const given = { isolate, cache, ledger: this.#ledger, tally: this.#tally, scope, random }
    this.#ledger.note(`${name}, by ${isolate.name} ${scope}`)
    pass()
    try {
      const started = clock.monotonic()
      await this.#drive((operations[name] as (typeof operations)[string])(given))
      this.took.set(name, Math.max(this.took.get(name) ?? 0, clock.monotonic() - started))
      await this.#drive(isolate.rest())
    } catch (error) {
      throw new Error(
        `${name}, by ${isolate.name}: ${error instanceof Error ? error.message : String(error)}`,
        {
          cause: error,
        },
      )
    }
    shown.check()
    this.operations++
    this.struck.set(name, (this.struck.get(name) ?? 0) + struck() - before)
    if (isolate.checks > checks) this.#ledger.learned(isolate.name)
    const { entries, bytes } = isolate.cache.stats().l1
    if (entries > maxEntries || bytes > 8 * 2 ** 20) throw new Error(`R7: ${entries} entries, ${bytes} bytes`)
  }

  /** R3: who has a stale value at hand gets it, whatever the origin and Redis do. */
  async #staleStands(): Promise<void> {
    const { cache } = this.#stale
    const [origin, options] = [new Error('the origin is down'), { staleIfError: '10h' } as const]
    const fail = (): never => {
      throw origin
    }
    try {
      const value = await this.#drive(cache.getOrCreate('canary-key-s', fail, options))
      if (value !== 'kept') throw new Error('R1: the stale value is another')
    } catch (error) {
      // Where the database may have lost its log, so has L1 what it held.
      if (error !== origin || !(this.#ground.lies || this.#ground.loses))
        throw new Error('R3: a stale value was at hand', { cause: error })
    }
  }

  /** Nothing is left behind, and all is well again. */
  async #end(): Promise<void> {
    const { cache } = this.#isolates[0] as Isolate
    for (const isolate of [...this.#isolates, this.#stale]) {
      await this.#drive(isolate.rest())
      const left = [flightsOf(isolate.cache), marksOf(isolate.cache)]
      if (left.some((count) => count !== 0))
        throw new Error(`left behind by ${isolate.name}: ${left.join(', ')}`)
    }
    this.#ground.pass()
    await this.#atLast(async () => {
      await cache.set('canary-key-after', 'well')
      if ((await cache.get('canary-key-after', { l1: false })) !== 'well') throw new Error('not there')
    })
  }

  /** What works where nothing strikes; on a busy machine a short deadline passes all the same. */
  async #atLast(work: () => Promise<void>): Promise<void> {
    const begun = performance.now()
    for (let i = 0; ; i++) {
      try {
        return await this.#drive(work())
      } catch (error) {
        if (i >= 20 && performance.now() - begun > 10_000)
          throw new Error('it does not work though all is well', { cause: error })
      }
    }
  }

  #drive<T>(work: Promise<T>): Promise<T> {
    return this.#ground.drive === undefined ? work : this.#ground.drive(work)
  }

  #shuffled(names: readonly string[]): string[] {
    return names
      .map((name) => [this.#ground.random(), name] as const)
      .toSorted(([one], [other]) => one - other)
      .map(([, name]) => name)
  }
}
