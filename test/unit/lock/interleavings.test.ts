import fc from '../../support/fc.ts'
import { expect, test } from 'vitest'
import type { Lock } from '../../../src/lock/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { LockWorld } from './support.ts'

// Whatever the network does (answers lost or late, requests that run long after their sender gave up), and whatever becomes of
// the number's key: nobody believes that it holds a lock while somebody else does, and fences rise in the order of grants.

const isolates = 4

/** How the next request fares: how long it takes to arrive and to come back, and whether its answer is lost. */
interface Fate {
  readonly there: number
  readonly back: number
  readonly lost: boolean
}

type Step =
  | { readonly do: 'acquire'; readonly who: number; readonly ttl: number; readonly wait: number }
  | { readonly do: 'extend'; readonly who: number }
  | { readonly do: 'release'; readonly who: number }
  | { readonly do: 'abort'; readonly who: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'stall'; readonly ms: number }
  | { readonly do: 'evict' }

const who = fc.nat({ max: isolates - 1 })
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('acquire' as const),
      who,
      ttl: fc.integer({ min: 50, max: 3_000 }),
      wait: fc.integer({ min: 0, max: 2_000 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('extend' as const, 'release', 'abort'), who }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 1_500 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('stall' as const), ms: fc.integer({ min: 1, max: 2_000 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'evict' as const }) },
)
const delay = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 5_000 }))
const fates = fc.array(
  fc.record({ there: delay, back: delay, lost: fc.oneof(fc.constant(false), fc.boolean()) }),
  {
    minLength: 1,
    maxLength: 30,
  },
)

class Isolates {
  readonly world = new LockWorld()
  readonly #locks = Array.from({ length: isolates }, () => this.world.locks({ l2: { timeout: '1s' } }))
  readonly #held = new Map<number, Lock[]>()
  readonly #controllers = new Map<number, AbortController>()
  readonly #fates: readonly Fate[]
  /** In the order in which Redis granted them. */
  readonly granted: number[] = []

  constructor(given: readonly Fate[]) {
    this.#fates = given
    const { redis, clock } = this.world
    const pass = (ms: number): Promise<void> | undefined =>
      ms === 0 ? undefined : new Promise((resolve) => void clock.setTimeout(resolve, ms))
    let sent = 0
    const underway: Fate[] = []
    redis.before = async () => {
      const fate = this.#fates[sent++ % this.#fates.length] as Fate
      await pass(fate.there)
      underway.push(fate)
    }
    redis.after = async () => {
      // It has run in this very turn: nobody else was between.
      const fate = underway.pop() as Fate
      this.#note()
      await pass(fate.back)
      if (fate.lost) throw new TypeError('fetch failed')
    }
  }

  /** What Redis holds: each holder once, as they come. */
  #note(): void {
    const fence = Number(/^(\d+)\|/.exec(this.world.held('job') ?? '')?.[1] ?? 0)
    if (fence > 0 && this.granted.at(-1) !== fence) this.granted.push(fence)
  }

  async run(step: Step): Promise<void> {
    const { clock, redis } = this.world
    if (step.do === 'pass') return this.#pass(step.ms)
    if (step.do === 'stall') return clock.jump(step.ms)
    if (step.do === 'evict') return void redis.values.delete('hc:f:job')
    if (step.do === 'acquire') return this.#acquire(step)
    if (step.do === 'abort') return this.#controllers.get(step.who)?.abort(new Error('left'))
    const lock = this.#held.get(step.who)?.at(-1)
    void (step.do === 'extend' ? lock?.extend() : lock?.release())?.catch(() => undefined)
  }

  #acquire({ who: id, ttl, wait }: Step & { do: 'acquire' }): void {
    const controller = new AbortController()
    this.#controllers.set(id, controller)
    const { signal } = controller
    this.#locks[id]
      ?.acquire('job', { ttl, ...(wait > 0 && { wait }), signal, autoExtend: ttl % 2 === 0 })
      .then(
        (lock) => lock && this.#held.set(id, [...(this.#held.get(id) ?? []), lock]),
        () => undefined,
      )
  }

  async #pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      await this.world.clock.advance(Math.min(50, left))
      this.check()
    }
  }

  check(): void {
    const holders = [...this.#held.values()].flat().filter(({ remaining }) => remaining > 0)
    expect(holders.length).toBeLessThanOrEqual(1)
    const held = Number(/^(\d+)\|/.exec(this.world.held('job') ?? '')?.[1] ?? 0)
    for (const { fence } of holders) expect(fence).toBe(held)
  }
}

test('nobody holds a lock while somebody else does, and fences rise', async () => {
  let holders = 0
  await fc.assert(
    fc.asyncProperty(fates, fc.array(steps, { minLength: 5, maxLength: 40 }), async (given, plan) => {
      const world = new Isolates(given)
      for (const step of plan) {
        await world.run(step)
        await settle()
        world.check()
      }
      await world.world.clock.advance(20_000)
      world.check()
      expect(world.granted).toEqual(world.granted.toSorted((a, b) => a - b))
      expect(new Set(world.granted).size).toBe(world.granted.length)
      holders += world.granted.length
    }),
    { numRuns: 300 },
  )
  expect(holders).toBeGreaterThan(300)
}, 300_000)
