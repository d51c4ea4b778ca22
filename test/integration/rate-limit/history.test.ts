import { randomFrom } from '../../../src/testing/random.ts'
import { expect, test } from 'vitest'
import { createHybridCache } from '../../../src/index.ts'
import { createRateLimiter, type RateLimiter } from '../../../src/rate-limit/index.ts'
import {
  bucketCaseOf,
  type Case,
  type Decision,
  fixedCase,
  gcraCase,
  Recorder,
  slidingCase,
  wrongClock,
} from '../../support/rate-limits.ts'
import { firstPassing } from '../../support/rate-reference.ts'
import { onEveryEngine } from '../../support/servers.ts'

// Histories of eight clients, whose clocks are up to an hour apart, against a server: every decision is what an exact reference
// says at the server's instant, and all that passed keeps the bound of its policy. RATE_LIMIT_DECISIONS says how many of each
// algorithm; npm run test:ratelimit makes it 100,000.

const perAlgorithm = Number(process.env['RATE_LIMIT_DECISIONS'] ?? 10_000)

const algorithms: Readonly<Record<string, readonly Case[]>> = {
  gcra: [gcraCase(1, 5, 1), gcraCase(300, 1000, 20), gcraCase(7, 33, 7), gcraCase(1_000_000, 1000, 400)],
  tokenBucket: [bucketCaseOf(20, 5, 10), bucketCaseOf(1, 3, 7), bucketCaseOf(1_000_000, 999_983, 50)],
  slidingWindow: [
    slidingCase(1, 5),
    slidingCase(10, 20),
    slidingCase(60, 50),
    slidingCase(500, 100),
    slidingCase(1_000_000, 40),
  ],
  fixedWindow: [fixedCase(1, 3), fixedCase(25, 20), fixedCase(1_000_000, 30)],
}

const hour = 3_600_000
const clients = 8
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Costs that make a policy deny about half of what comes, now and then nothing and more than ever passes. */
function costFor({ policy }: Case, random: () => number): number {
  const kind = random()
  if (kind < 0.02) return 0
  if (kind < 0.04) return policy.limit + 1
  return Math.max(1, Math.ceil((policy.limit / 8) * random()))
}

/** One client: bursts in one tick, and rests between them, some long enough for everything to be forgotten. */
async function run(
  limiters: readonly (readonly [Case, RateLimiter])[],
  random: () => number,
  goOn: () => boolean,
): Promise<number> {
  let passed = 0
  while (goOn()) {
    const calls = Array.from({ length: 1 + Math.floor(random() * 60) }, () => {
      const [each, limiter] = limiters[Math.floor(random() * limiters.length)] as readonly [Case, RateLimiter]
      return limiter.limit(`id${Math.floor(random() * 3)}`, { cost: costFor(each, random) })
    })
    for (const { success, retryAfter, degraded } of await Promise.all(calls)) {
      expect(degraded).toBe(false)
      expect(success).toBe(retryAfter === 0)
      if (success) passed++
    }
    const rest = random()
    if (rest < 0.3) await pause(rest < 0.01 ? 150 : rest * 10)
  }
  return passed
}

/** Compares the decisions on one identifier, in the order of the server, with the reference. */
function compare(each: Case, decisions: readonly Decision[]): void {
  const reference = each.reference()
  for (const [i, { at, cost, ok, retryAt, resetAt, mode }] of decisions.entries()) {
    const expected = reference.would(at, cost)
    if (expected !== ok) throw new Error(`${each.title}: decision ${i} at ${at} for ${cost} was ${ok}`)
    if (!ok && i % 50 === 0) expect(retryAt).toBe(firstPassing(reference, at, cost, each.longest))
    if (ok && mode === 'take') reference.take(at, cost)
    expect(resetAt).toBe(reference.reset(at))
  }
}

onEveryEngine('histories of decisions', (server) => {
  test.each(Object.keys(algorithms))('%s', { timeout: 600_000 }, async (name) => {
    const cases = algorithms[name] as readonly Case[]
    const wanted = server().engine.startsWith('redis-server') ? perAlgorithm : Math.min(perAlgorithm, 2000)
    const recorder = new Recorder(server())
    const count = (): number => recorder.decisions.length
    const passed = await Promise.all(
      Array.from({ length: clients }, async (_, i) => {
        const clock = wrongClock(((2 * i) / (clients - 1) - 1) * hour)
        const cache = createHybridCache({ redis: recorder, keyPrefix: name, clock, l2: { timeout: '30s' } })
        // One identifier is remembered, so that most of what is asked is asked of the server.
        const limiters = cases.map(
          (each) =>
            [each, createRateLimiter({ cache, policy: each.policy, timeout: '30s', maxEntries: 1 })] as const,
        )
        return run(limiters, randomFrom(i + 1), () => count() < wanted)
      }),
    )

    const { decisions } = recorder
    expect(passed.reduce((sum, each) => sum + each)).toBe(
      decisions.filter(({ ok, mode, cost }) => ok && (mode === 'take' || cost > 0)).length,
    )
    let denied = 0
    for (const each of cases) {
      const keys = new Set(
        decisions.map(({ key }) => key).filter((key) => key.includes(`:${each.policy.key}:`)),
      )
      for (const wantedKey of keys) {
        const all = decisions.filter(({ key }) => key === wantedKey)
        const ordered = all.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
        compare(each, ordered)
        expect(each.broken(ordered.filter(({ ok }) => ok))).toBeUndefined()
        denied += ordered.filter(({ ok }) => !ok).length
      }
    }
    if ('RATE_LIMIT_DECISIONS' in process.env)
      console.info(`${name} on ${server().engine}: ${count()} decisions, ${denied} of them denials`)
    // The embedded engine is so slow that little has to be denied.
    expect(denied).toBeGreaterThan(wanted === perAlgorithm ? count() / 20 : 0)
    expect(count() - denied).toBeGreaterThan(count() / 20)
    // Many of them fell into one millisecond.
    const bursts = new Map<string, number>()
    for (const { key, at } of decisions)
      bursts.set(`${key} ${at / 1000n}`, (bursts.get(`${key} ${at / 1000n}`) ?? 0) + 1)
    if (wanted === perAlgorithm) expect(Math.max(...bursts.values())).toBeGreaterThan(4)
  })
})
