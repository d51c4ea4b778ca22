import { beforeEach, expect, test, vi } from 'vitest'
import { ManualClock } from '../../support/manual-clock.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { soon } from '../../support/soon.ts'
import { Fleet, Origin } from './fleet.ts'

// Values that are made anew while others are given away: once in the fleet, whatever `stampede` says of cold keys.
onEveryEngine('refreshing in the fleet', (server) => {
  let fleet: Fleet
  let origin: Origin
  /** Of isolates that are to be told how long their factories took, or that what they hold has ended. */
  let clock: ManualClock

  beforeEach(() => {
    fleet = new Fleet(server())
    origin = new Origin()
    clock = new ManualClock()
  })

  const refreshed = (value: string): Promise<void> =>
    soon(async () => expect(await fleet.cold().get('k')).toBe(value))

  test('swr: 20 isolates with a stale copy in L1 give it away, and make one new value', async () => {
    const isolates = await fleet.isolates(20, {
      swr: '1m',
      clock,
      localTtl: '1h',
      coherence: { interval: '1h' },
    })
    const copies = (): unknown[] => isolates.map((cache) => cache.getLocal('k'))
    await fleet.cold().set('k', 'old', { ttl: '1m', swr: '1m' })
    await Promise.all(isolates.map((cache) => cache.get('k')))
    expect(copies()).toEqual(isolates.map(() => 'old'))
    await fleet.end('k')
    await clock.advance('90s') // its minute, and what passed at the server meanwhile
    expect(copies()).toEqual(isolates.map(() => undefined))
    server().resetStats()
    const values = await Promise.all(isolates.map((cache) => cache.getOrCreate('k', origin.make)))
    expect(values).toEqual(values.map(() => 'old'))
    expect(fleet.count('GET')).toBe(0) // none of them had to ask for it
    await origin.reached
    origin.open()
    await refreshed('made 1')
    expect(origin.calls).toBe(1)
    expect(await fleet.leases()).toEqual([])
  })

  test('swr: 20 isolates that find a stale value in L2 give it away, and make one new value', async () => {
    await fleet.outdated('k', 'old')
    const isolates = await fleet.isolates(20, { swr: '1m' })
    const values = await Promise.all(isolates.map((cache) => cache.getOrCreate('k', origin.make)))
    expect(values).toEqual(values.map(() => 'old'))
    await origin.reached
    const again = await Promise.all(isolates.map((cache) => cache.getOrCreate('k', origin.make)))
    expect(again).toEqual(again.map(() => 'old'))
    origin.open()
    await refreshed('made 1')
    expect(origin.calls).toBe(1)
    expect(await fleet.leases()).toEqual([])
  })

  test('swr: what another isolate has refreshed is taken, without a call of the factory', async () => {
    const [one, other] = await fleet.isolates(2, {
      swr: '1m',
      clock,
      localTtl: '1h',
      coherence: { interval: '1h' },
    })
    await fleet.cold().set('k', 'old', { ttl: '1m', swr: '1m' })
    await Promise.all([one?.get('k'), other?.get('k')])
    expect([one?.getLocal('k'), other?.getLocal('k')]).toEqual(['old', 'old'])
    await fleet.end('k')
    await clock.advance('90s') // its minute, and what passed at the server meanwhile
    expect([one?.getLocal('k'), other?.getLocal('k')]).toEqual([undefined, undefined])
    origin.open()
    expect(await one?.getOrCreate('k', origin.make)).toBe('old')
    await refreshed('made 1')
    expect(await other?.getOrCreate('k', origin.make)).toBe('old')
    await soon(() => expect(other?.getLocal('k')).toBe('made 1'))
    expect(origin.calls).toBe(1)
  })

  test('eager: 10 isolates whose chance has come make one new value', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1 - 1e-9)
    const isolates = await fleet.isolates(10, { eager: { beta: 1e6 }, clock })
    const first = new Origin('first')
    const made = isolates[0]?.getOrCreate('k', first.make, { eager: false })
    await first.reached
    await clock.advance(20) // what the factory took decides how early it is called again
    first.open()
    await made
    await Promise.all(isolates.map((cache) => cache.get('k')))
    const values = await Promise.all(isolates.map((cache) => cache.getOrCreate('k', origin.make)))
    expect(values).toEqual(values.map(() => 'first 1'))
    await origin.reached
    origin.open()
    await refreshed('made 1')
    expect(origin.calls).toBe(1)
    expect(await fleet.leases()).toEqual([])
  })

  test('eager: 10 isolates that find the value in L2 make one new value', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1 - 1e-9)
    const isolates = await fleet.isolates(10, { eager: { beta: 1e6 }, clock })
    const first = new Origin('first')
    const made = fleet.cold({ clock }).getOrCreate('k', first.make)
    await first.reached
    await clock.advance(20)
    first.open()
    await made
    const values = await Promise.all(isolates.map((cache) => cache.getOrCreate('k', origin.make)))
    expect(values).toEqual(values.map(() => 'first 1'))
    await origin.reached
    origin.open()
    await refreshed('made 1')
    expect(origin.calls).toBe(1)
    expect(await fleet.leases()).toEqual([])
  })

  test('after a soft timeout the load goes on, and its value is kept', async () => {
    await fleet.outdated('k', 'old', { staleIfError: '1m' })
    const cache = await fleet.isolate({ staleIfError: '1m', softTimeout: 20 })
    const call = cache.getOrCreate('k', origin.make)
    expect(await call).toBe('old')
    expect(await cache.getOrCreate('k', origin.make)).toBe('old')
    origin.open()
    await refreshed('made 1')
    await soon(() => expect(cache.getLocal('k')).toBe('made 1'))
    expect(origin.calls).toBe(1)
  })

  test('a refresh that fails gives its lease back', async () => {
    await fleet.outdated('k', 'old')
    const [one, other] = await fleet.isolates(2, { swr: '1m' })
    const fail = (): never => {
      throw new Error('the origin is ill')
    }
    expect(await one?.getOrCreate('k', fail)).toBe('old')
    await soon(() => expect(one?.stats().loads.failed).toBe(1))
    await soon(async () => expect(await fleet.leases()).toEqual([]))
    origin.open()
    expect(await other?.getOrCreate('k', origin.make)).toBe('old')
    await refreshed('made 1')
  })
})
