import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CacheOptions } from '../../src/index.ts'
import { workFolder } from './support/built.ts'
import { bundleForEdge } from './support/bundle.ts'
import type { Service } from './support/process.ts'
import { startWorkerd } from './support/workerd.ts'
import { startWorld, type World } from './support/world.ts'

interface Mode {
  readonly name: string
  readonly options: CacheOptions
  /** For how long after a removal another isolate may give the old value, in milliseconds. */
  readonly bound: number
  /** Whether the other isolate asks Redis for something else all the time. */
  readonly traffic?: boolean
}

/** How far the clocks of three processes may be apart. */
const tick = 10
/** What a busy machine adds to the time of most requests; of single ones that is not to be told. */
const busy = 1000

/** `localTtl` is short only where it is the bound: where news are, they alone can keep it. */
const modes: readonly Mode[] = [
  {
    name: 'interval 100 ms, with traffic',
    options: { coherence: { interval: 100 }, localTtl: '30s' },
    bound: 100,
    traffic: true,
  },
  {
    name: 'interval 100 ms, no traffic, localTtl 400 ms',
    options: { coherence: { interval: 100 }, localTtl: 400 },
    bound: 400,
  },
  {
    name: 'interval 100 ms, maxStaleness 200 ms, no traffic',
    options: { coherence: { interval: 100, maxStaleness: 200 }, localTtl: '30s' },
    bound: 200,
  },
  {
    name: 'off, localTtl 400 ms',
    options: { coherence: 'off', localTtl: 400 },
    bound: 400,
  },
]

interface Sample {
  /** When the removal resolved. The others are milliseconds from there. */
  readonly from: number
  /** When the last request began that was given the old value; 0 where none was. */
  readonly lastOld: number
  /** When the first one began that was not. */
  readonly firstNew: number
  /** What the isolate that removed it gave. */
  readonly own: readonly unknown[]
}

/** A sample, and until when it may give the old value. */
interface Held {
  readonly sample: Sample
  readonly limit: number
}

/** Caches that know nothing of each other are measured side by side, and each in as many rounds. */
const lanes = 4
const rounds = 8

describe('how long an isolate gives what another has removed, in two workerds', () => {
  const folder = workFolder()
  const lines: string[] = []
  let world: World
  const workerds: (Service & { readonly found: string })[] = []

  beforeAll(async () => {
    world = await startWorld('staleness')
    const bundle = await bundleForEdge(folder.path, { entry: 'coherent', format: 'esm', input: world.input })
    for (let i = 0; i < 2; i++) workerds.push(await startWorkerd(bundle, { date: '2026-11-17' }))
  }, 60_000)
  afterAll(async () => {
    console.info(lines.join('\n'))
    for (const workerd of workerds) await workerd[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  type Ask = (route: string, key?: string) => Promise<unknown>

  /** The cache of a mode and lane, in one of the two isolates. */
  function cacheIn(isolate: 0 | 1, mode: Mode, lane: number): Ask {
    const query = new URLSearchParams({ options: JSON.stringify(mode.options) })
    const name = `${modes.indexOf(mode)}.${lane}`
    return async (route, key = '-') => {
      const url = `${workerds[isolate]?.found}/${name}/${route}/${key}?${query}`
      return (await fetch(url, { signal: AbortSignal.timeout(8000) })).json()
    }
  }

  /** One removal, `wait` after the other isolate, which is asked all the time, got its copy. */
  async function measure(
    [a, b]: readonly [Ask, Ask],
    { key, removal, wait, bound }: { key: string; removal: string; wait: number; bound: number },
  ): Promise<Sample> {
    await a(removal === 'removeByTag' ? 'setTagged' : 'set', key)
    expect([await a('ask', key), await b('ask', key)]).toEqual(['old', 'old'])
    for (const until = performance.now() + wait; performance.now() < until; await sleep(5))
      expect(await b('ask', key)).toBe('old')
    await a(removal, key)
    const from = performance.now()
    const [times, own] = await Promise.all([follow(b, { key, from, until: bound + 2000 }), thrice(a, key)])
    return { from, ...times, own }
  }

  /** What one cache in each isolate gave, and until when it might: with traffic, until that has brought the news. */
  async function measureLane(mode: Mode, lane: number): Promise<Held[]> {
    const caches = [cacheIn(0, mode, lane), cacheIn(1, mode, lane)] as const
    await using traffic = mode.traffic === true ? keepAsking(caches[1]) : undefined
    const removals = mode.options.coherence === 'off' ? ['remove'] : ['remove', 'removeByTag', 'clear']
    const samples: Sample[] = []
    const limitOf = ({ from }: Sample): number =>
      traffic === undefined ? mode.bound : traffic.answerAfter(from + mode.bound + tick) - from
    for (let round = 0; round < rounds; round++) {
      const part = (((lane * rounds + round) * 0.618) % 1) ** 2 // of all moments, more early ones: the worst
      const removal = removals[round % removals.length] ?? ''
      const how = { key: `key-${round}`, removal, wait: part * mode.bound, bound: mode.bound }
      samples.push(await measure(caches, how))
    }
    return samples.map((sample) => ({ sample, limit: limitOf(sample) }))
  }

  test.each(modes.map((mode) => [mode.name, mode.bound, mode] as const))(
    '%s: %i ms at most',
    async (name, bound, mode) => {
      const each = await Promise.all(Array.from({ length: lanes }, (_, lane) => measureLane(mode, lane)))
      const held = each.flat()
      const samples = held.map(({ sample }) => sample)
      const lastOld = Math.max(...samples.map((sample) => sample.lastOld))
      const firstNew = samples.map((sample) => sample.firstNew).toSorted((one, other) => one - other)
      lines.push(`${name}: bound ${bound}, ${spread(firstNew)}, the last old value at ${lastOld.toFixed(0)}`)
      expect(held.filter(({ sample, limit }) => sample.lastOld > limit + tick)).toEqual([])
      expect(firstNew[samples.length / 2]).toBeLessThanOrEqual(bound + busy)
      expect(lastOld).toBeGreaterThan(bound / 4) // or else nothing was measured
      expect(samples.filter((sample) => sample.lastOld > sample.firstNew)).toEqual([]) // it does not come back
      expect(samples.flatMap(({ own }) => own)).not.toContain('old')
    },
  )
})

/** Asks for a key every few milliseconds, until the answer is not the old value, and then some more, lest it come back. */
async function follow(
  ask: (route: string, key: string) => Promise<unknown>,
  { key, from, until }: { key: string; from: number; until: number },
): Promise<{ lastOld: number; firstNew: number }> {
  let [lastOld, firstNew] = [0, Infinity]
  for (let left = 3; left > 0;) {
    const began = performance.now() - from
    if ((await ask('ask', key)) === 'old') lastOld = began
    else {
      firstNew = Math.min(firstNew, began)
      left--
    }
    if (began > until) return { lastOld, firstNew }
    await sleep(5)
  }
  return { lastOld, firstNew }
}

async function thrice(
  ask: (route: string, key: string) => Promise<unknown>,
  key: string,
): Promise<unknown[]> {
  return [await ask('ask', key), await ask('ask', key), await ask('ask', key)]
}

interface Traffic extends AsyncDisposable {
  /** When the first of its requests that began at that time or later was answered; never, where there is none yet. */
  answerAfter(time: number): number
}

/** Asks Redis for another key every few milliseconds, until it is disposed of. */
function keepAsking(ask: (route: string) => Promise<unknown>): Traffic {
  const over = new AbortController()
  const requests: { readonly began: number; readonly answered: number }[] = []
  const go = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const began = performance.now()
      await ask('askRedis')
      requests.push({ began, answered: performance.now() })
      await sleep(10)
    }
  }
  const going = go()
  return {
    answerAfter: (time) => requests.find(({ began }) => began >= time)?.answered ?? Infinity,
    async [Symbol.asyncDispose]() {
      over.abort()
      await going
    },
  }
}

function spread(sorted: readonly number[]): string {
  const at = (part: number): string => (sorted[Math.ceil(part * (sorted.length - 1))] ?? 0).toFixed(0)
  return `${sorted.length} removals, min ${at(0)}, median ${at(0.5)}, p90 ${at(0.9)}, max ${at(1)} ms`
}
