import { beforeEach, expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { soon } from '../../support/soon.ts'
import { Fleet, MortalTransport, Origin } from './fleet.ts'

const global = { stampede: 'global' } as const

onEveryEngine('one load in the fleet', (server) => {
  let fleet: Fleet
  beforeEach(() => {
    fleet = new Fleet(server())
    server().resetStats()
  })

  /** The lease is there, and so many requests have asked for it. */
  async function asked(times: number): Promise<void> {
    await soon(() => expect(fleet.count('EVALSHA') + fleet.count('EVAL')).toBeGreaterThanOrEqual(times))
  }

  test('20 isolates with 50 callers each on one cold key: one call of the factory', async () => {
    const isolates = await fleet.isolates(20, global)
    const before = isolates.map((cache) => cache.stats().l2.misses)
    const origin = new Origin()
    server().resetStats()
    const calls = isolates.flatMap((cache) =>
      Array.from({ length: 50 }, () => cache.getOrCreate('k', origin.make)),
    )
    await origin.reached
    await asked(40)
    origin.open()
    expect(await Promise.all(calls)).toEqual(calls.map(() => 'made 1'))
    expect(origin.calls).toBe(1)
    const joined = isolates.reduce((sum, cache) => sum + cache.stats().loads.joined, 0)
    expect(joined).toBe(20 * 49)
    // The lease and the entry; no loser ever writes.
    expect([fleet.count('SET'), fleet.count('DEL')]).toEqual([2, 1])
    for (const cache of isolates) expect(cache.getLocal('k')).toBe('made 1')
    // One at most for the load, however often it looked.
    for (const [i, cache] of isolates.entries())
      expect(cache.stats().l2.misses - (before[i] ?? 0)).toBeLessThanOrEqual(1)
    expect(await fleet.leases()).toEqual([])
  })

  test('one load is one miss, however often it looks: on an empty database, too', async () => {
    const isolates = [fleet.cold(global), fleet.cold(global)]
    const origin = new Origin()
    const calls = isolates.map((cache) => cache.getOrCreate('k', origin.make))
    await origin.reached
    await asked(5)
    origin.open()
    expect(await Promise.all(calls)).toEqual(['made 1', 'made 1'])
    for (const cache of isolates) expect(cache.stats().l2.misses).toBe(1)
  })

  test('many keys at once: one call of the factory each', async () => {
    const isolates = await fleet.isolates(5, global)
    const origins = Array.from({ length: 10 }, (_, i) => new Origin(`made ${i}`))
    for (const origin of origins) origin.open()
    const calls = isolates.flatMap((cache) => origins.map(({ make }, i) => cache.getOrCreate(`k${i}`, make)))
    expect(await Promise.all(calls)).toEqual(isolates.flatMap(() => origins.map((_, i) => `made ${i} 1`)))
    expect(origins.map(({ calls: times }) => times)).toEqual(origins.map(() => 1))
    expect(await fleet.leases()).toEqual([])
  })

  test('losers that have a stale value get it at once; the winner, too', async () => {
    await fleet.outdated('k', 'old')
    const isolates = await fleet.isolates(5, { ...global, swr: '1m' })
    const origin = new Origin()
    const values = await Promise.all(isolates.map((cache) => cache.getOrCreate('k', origin.make)))
    expect(values).toEqual(values.map(() => 'old'))
    await origin.reached
    origin.open()
    await soon(async () => expect(await fleet.cold().get('k')).toBe('made 1'))
    expect(origin.calls).toBe(1)
  })

  test('losers that take a stale value only for an error get it at once while another makes the new one', async () => {
    await fleet.outdated('k', 'old', { staleIfError: '1m' })
    const [winner, loser] = await fleet.isolates(2, { ...global, staleIfError: '1m' })
    const origin = new Origin()
    const made = (winner as HybridCache).getOrCreate('k', origin.make)
    await origin.reached
    expect(await (loser as HybridCache).getOrCreate('k', origin.make)).toBe('old')
    origin.open()
    expect(await made).toBe('made 1')
    expect(origin.calls).toBe(1)
  })

  test("when the winner's factory throws, the lease is given back, and the next one wins", async () => {
    const isolates = await fleet.isolates(4, global)
    const origin = new Origin()
    let calls = 0
    const make = async (): Promise<string> => {
      const first = ++calls === 1
      const value = await origin.make()
      if (first) throw new Error('the origin is ill')
      return value
    }
    server().resetStats()
    const outcomes = Promise.allSettled(isolates.map((cache) => cache.getOrCreate('k', make)))
    await asked(4)
    const opened = performance.now()
    origin.open()
    const settled = await outcomes
    expect(settled.filter(({ status }) => status === 'rejected').length).toBe(1)
    expect(settled.filter((each) => each.status === 'fulfilled' && each.value === 'made 2').length).toBe(3)
    expect(calls).toBe(2)
    expect(performance.now() - opened).toBeLessThan(10_000) // a lease lasts 15 s here
    expect(await fleet.leases()).toEqual([])
  })

  test('a factory that makes nothing, or skips, gives the lease back', async () => {
    const [one, other] = (await fleet.isolates(2, global)) as [HybridCache, HybridCache]
    expect(await one.getOrCreate('k', () => undefined)).toBeUndefined()
    expect(await fleet.leases()).toEqual([])
    const skip = (ctx: { skip(): void }): string => {
      ctx.skip()
      return 'not kept'
    }
    expect(await one.getOrCreate('k', skip)).toBe('not kept')
    expect(await fleet.leases()).toEqual([])
    expect(await other.getOrCreate('k', () => 'kept')).toBe('kept')
  })

  test('a caller that leaves gives the lease back', async () => {
    const [one, other] = (await fleet.isolates(2, global)) as [HybridCache, HybridCache]
    const origin = new Origin()
    const controller = new AbortController()
    const left = one.getOrCreate('k', origin.make, { signal: controller.signal })
    await origin.reached
    const waiting = other.getOrCreate('k', () => 'made by the other')
    controller.abort(new Error('left'))
    await expect(left).rejects.toThrow('left')
    expect(await waiting).toBe('made by the other')
    expect(await fleet.leases()).toEqual([])
  })

  test('a winner that dies delays the others no longer than its lease, and one of them takes over', async () => {
    const transport = new MortalTransport(server())
    const l2 = { timeout: 2000 }
    const doomed = await fleet.isolate({ ...global, redis: transport, l2, timeout: 1000 })
    const others = await fleet.isolates(6, global)
    const [dying, origin] = [new Origin('never'), new Origin('made')]
    origin.open()
    const started = performance.now()
    const lost = doomed.getOrCreate('k', dying.make).catch((error: { code: string }) => error.code)
    await dying.reached
    transport.dead = true
    server().resetStats()
    const calls = others.map((cache) => cache.getOrCreate('k', origin.make))
    expect(await Promise.all(calls)).toEqual(calls.map(() => 'made 1'))
    const took = performance.now() - started
    expect(took).toBeGreaterThan(2800)
    expect(took).toBeLessThan(12_000) // 3 s, and what a busy machine adds; a whole lease of the others is 15 s
    expect(origin.calls).toBe(1)
    expect(await lost).toBe('FACTORY_TIMEOUT')
    expect(await fleet.leases()).toEqual([])
  })
})
