import { beforeEach, expect, test } from 'vitest'
import type { CacheOptions, EntryOptions, HybridCache } from '../../../src/index.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { soon } from '../../support/soon.ts'
import { record } from '../../support/world.ts'
import { Fleet, Origin } from './fleet.ts'

// What loads cost, counted where it is billed: at the server, as requests / commands.

onEveryEngine('costs of a load', (server) => {
  let fleet: Fleet
  let cache: HybridCache
  /** Of isolates whose time is not to pass by itself. */
  let clock: ManualClock

  beforeEach(async () => {
    fleet = new Fleet(server())
    clock = new ManualClock()
    cache = await warm()
    // A script costs a request more where the database sees it for the first time.
    const load = (key: string, options: EntryOptions) => fleet.cold().getOrCreate(key, () => 1, options)
    await load('once', { stampede: 'global' })
    await fleet.outdated('twice', 'old')
    await load('twice', {})
    await load('thrice', { stampede: 'global' })
    await fleet.cold().getOrCreate('none', () => undefined, { stampede: 'global' })
  })

  /** An isolate that knows the time, and the scripts. */
  async function warm(options: CacheOptions = {}): Promise<HybridCache> {
    return fleet.isolate(options)
  }

  const load = (key: string, options: EntryOptions = {}) => cache.getOrCreate(key, () => 'made', options)
  const cost = (run: () => unknown): Promise<string> => fleet.cost(run)

  /** The cost of a call and of what it does behind it, until L1 has the new value. */
  const costOfRefresh = (key: string, options: EntryOptions, old: unknown = 'old'): Promise<string> =>
    cost(async () => {
      expect(await load(key, options)).toBe(old)
      await soon(() => expect(cache.getLocal(key)).toBe('made'))
    })

  test("'global': 2 requests for a load, 1 for a hit in L2", async () => {
    const options = { stampede: 'global' } as const
    expect(await cost(() => load('k', options))).toBe('2/7')
    expect(await cost(() => load('k', options))).toBe('0/0')
    cache.removeLocal('k')
    expect(await cost(() => load('k', options))).toBe('1/2')
    expect(await cost(() => fleet.cold().getOrCreate('k', () => 1, options))).toBe('1/5') // and TIME, twice, and the versions
  })

  test("'isolate' and 'off': 2 requests of a command each", async () => {
    expect(await cost(() => load('a', { stampede: 'isolate' }))).toBe('2/2')
    expect(await cost(() => load('b', { stampede: 'off' }))).toBe('2/2')
    expect(await cost(() => Promise.all([load('c'), load('c'), load('c')]))).toBe('2/2')
  })

  test("a load over a stale entry fills by a script: 1/1 to look, 1/3 to fill; 'global' 1/3 and 1/4", async () => {
    await fleet.outdated('a', 'old')
    expect(await cost(() => load('a'))).toBe('2/4')
    await fleet.outdated('b', 'old')
    expect(await cost(() => load('b', { stampede: 'global' }))).toBe('2/7')
  })

  test('a load without L2 costs nothing, one that is not stored 1/1', async () => {
    expect(await cost(() => load('a', { l2: false }))).toBe('0/0')
    const skip = (ctx: { skip(): void }): void => ctx.skip()
    expect(await cost(() => cache.getOrCreate('b', skip))).toBe('1/1')
    expect(await cost(() => cache.getOrCreate('c', skip, { stampede: 'global' }))).toBe('2/6') // and the lease given back
  })

  test('a forced load: 1/1 to look, and what it is to replace decides', async () => {
    expect(await cost(() => load('k', { forceRefresh: true }))).toBe('2/2')
    expect(await cost(() => load('k', { forceRefresh: true }))).toBe('2/4')
    expect(await cost(() => load('k', { forceRefresh: true, stampede: 'global' }))).toBe('2/4')
  })

  test('swr: L1 has a copy that it may trust: 1/3 to ask for the lease and 1/4, all behind the call', async () => {
    cache = await warm({ clock, localTtl: '1h', coherence: { interval: '1h' } })
    await fleet.cold().set('k', 'old', { ttl: '1m', swr: '1m' })
    await cache.get('k')
    expect(cache.getLocal('k')).toBe('old')
    await fleet.end('k')
    await clock.advance('90s') // its minute, and what passed at the server meanwhile
    expect(cache.getLocal('k')).toBeUndefined()
    expect(await costOfRefresh('k', { swr: '1m' })).toBe('2/7')
  })

  test('swr: L2 has the stale value: 1/1 more, before the call ends', async () => {
    await fleet.outdated('k', 'old')
    expect(await costOfRefresh('k', { swr: '1m' })).toBe('3/8')
  })

  test("swr with 'off': no lease", async () => {
    await fleet.outdated('k', 'old')
    expect(await costOfRefresh('k', { swr: '1m', stampede: 'off' })).toBe('2/4')
  })

  test('swr while another isolate refreshes: 1/1 and 1/3, then 1/1 a call until it has rested', async () => {
    cache = await warm({ clock })
    await fleet.outdated('k', 'old')
    const origin = new Origin()
    expect(await fleet.cold({ swr: '1m' }).getOrCreate('k', origin.make)).toBe('old')
    await origin.reached
    const leases = record(cache, 'lease')
    expect(
      await cost(async () => {
        expect(await load('k', { swr: '1m', localTtl: 1 })).toBe('old')
        await soon(() => expect(leases).toHaveLength(1))
      }),
    ).toBe('2/4')
    await clock.advance(2) // the copy has ended, the rest has not
    const work: Promise<unknown>[] = []
    const bound = cache.bind({ waitUntil: (promise) => work.push(promise) })
    const call = () => bound.getOrCreate('k', () => 'made', { swr: '1m', localTtl: 1 })
    expect(await cost(async () => [await call(), await Promise.all(work)])).toBe('1/1')
    origin.open()
  })

  test('a load of a key whose origin has just failed: 1/1, and no lease', async () => {
    await fleet.outdated('k', 'old')
    const fail = (): never => {
      throw new Error('the origin is ill')
    }
    const options = { swr: '1m', localTtl: 1 } as const
    await cache.getOrCreate('k', fail, options)
    await soon(async () => expect(await fleet.leases()).toEqual([]))
    await soon(() => expect(cache.stats().loads.failed).toBe(1))
    const work: Promise<unknown>[] = []
    const bound = cache.bind({ waitUntil: (promise) => work.push(promise) })
    const call = async () => [await bound.getOrCreate('k', fail, options), await Promise.all(work)]
    expect(await cost(call)).toBe('1/1')
  })
})
