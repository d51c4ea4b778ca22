import { beforeEach, expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { soon } from '../../support/soon.ts'
import { Fleet, Origin } from './fleet.ts'

const global = { stampede: 'global' } as const

// What a load may write when something has happened to its key, or its lease, meanwhile.
onEveryEngine('the commit of a load', (server) => {
  let fleet: Fleet
  let slow: HybridCache
  let other: HybridCache
  let origin: Origin

  beforeEach(async () => {
    fleet = new Fleet(server())
    slow = await fleet.isolate(global)
    other = await fleet.isolate(global)
    origin = new Origin('late')
  })

  /** What Redis has, as a new isolate sees it. */
  const stored = (): Promise<unknown> => fleet.cold().get('k')

  /** What is under the key of a lease, when its holder has been too slow for it. */
  const expire = (): Promise<unknown> => fleet.redis('DEL', `${fleet.prefix}:l:k`)

  test('the lease is a key that ends by itself', async () => {
    const call = slow.getOrCreate('k', origin.make, { timeout: '20s' })
    await origin.reached
    expect(await fleet.leases()).toEqual([`${fleet.prefix}:l:k`])
    const left = (await fleet.redis('PTTL', `${fleet.prefix}:l:k`)) as number
    expect(left).toBeGreaterThan(15_000)
    expect(left).toBeLessThanOrEqual(25_000) // timeout and l2.timeout
    origin.open()
    expect(await call).toBe('late 1')
    expect(await fleet.leases()).toEqual([])
  })

  test('is refused while another has the lease, which stays', async () => {
    const late = slow.getOrCreate('k', origin.make)
    await origin.reached
    await expire()
    const next = new Origin('next')
    const call = other.getOrCreate('k', next.make)
    await next.reached
    origin.open()
    expect(await late).toBe('late 1') // its own caller has waited for it
    expect(await stored()).toBeUndefined()
    expect(slow.getLocal('k')).toBeUndefined()
    expect(await fleet.leases()).toEqual([`${fleet.prefix}:l:k`])
    next.open()
    expect(await call).toBe('next 1')
    expect(await stored()).toBe('next 1')
    expect(await fleet.leases()).toEqual([])
  })

  test('is refused when another has taken the lease, stored its value, and is gone', async () => {
    const late = slow.getOrCreate('k', origin.make)
    await origin.reached
    await expire()
    expect(await other.getOrCreate('k', () => 'next')).toBe('next')
    origin.open()
    expect(await late).toBe('late 1')
    expect(await stored()).toBe('next')
    expect(await slow.get('k')).toBe('next')
  })

  test('is done when the lease has ended and nobody took it', async () => {
    const late = slow.getOrCreate('k', origin.make)
    await origin.reached
    await expire()
    origin.open()
    expect(await late).toBe('late 1')
    expect(await stored()).toBe('late 1')
  })

  for (const [name, stampede] of [
    ['with a lease', 'global'],
    ['without one', 'isolate'],
  ] as const) {
    test(`${name}, is refused when another isolate has set the key`, async () => {
      const late = slow.getOrCreate('k', origin.make, { stampede })
      await origin.reached
      await other.set('k', 'set')
      origin.open()
      expect(await late).toBe('late 1')
      expect(await stored()).toBe('set')
      expect(slow.getLocal('k')).toBeUndefined()
      expect(await fleet.leases()).toEqual([])
    })

    test(`${name}, is refused when another isolate has set a key that held something stale`, async () => {
      await fleet.outdated('k', 'old')
      const late = slow.getOrCreate('k', origin.make, { stampede })
      await origin.reached
      await other.set('k', 'set')
      origin.open()
      expect(await late).toBe('late 1')
      expect(await stored()).toBe('set')
      expect(slow.getLocal('k')).toBeUndefined()
      expect(await fleet.leases()).toEqual([])
    })

    test(`${name}, is not sent when this isolate has removed the key`, async () => {
      const late = slow.getOrCreate('k', origin.make, { stampede })
      await origin.reached
      await slow.remove('k')
      origin.open()
      expect(await late).toBe('late 1')
      expect(await stored()).toBeUndefined()
      expect(slow.getLocal('k')).toBeUndefined()
      expect(await fleet.leases()).toEqual([])
    })

    test(`${name}, replaces what was stale, and what is of no use`, async () => {
      await fleet.outdated('k', 'old')
      origin.open()
      expect(await slow.getOrCreate('k', origin.make, { stampede })).toBe('late 1')
      expect(await stored()).toBe('late 1')
      for (const bytes of ['not ours', '']) {
        await fleet.redis('SET', `${fleet.prefix}:e:foreign`, bytes)
        slow.removeLocal('foreign')
        expect(await slow.getOrCreate('foreign', () => 'ours', { stampede })).toBe('ours')
        expect(await fleet.cold().get('foreign')).toBe('ours')
      }
      expect(await fleet.leases()).toEqual([])
    })
  }

  test('a forced load stores in the place of what it saw, and not over what came later', async () => {
    await other.set('k', 'set')
    const forced = slow.getOrCreate('k', origin.make, { forceRefresh: true })
    await origin.reached
    origin.open()
    expect(await forced).toBe('late 1')
    await soon(async () => expect(await stored()).toBe('late 1'))
    const again = new Origin('again')
    const late = slow.getOrCreate('k', again.make, { forceRefresh: true })
    await again.reached
    await other.set('k', 'set anew')
    again.open()
    expect(await late).toBe('again 1')
    expect(await stored()).toBe('set anew')
  })
})
