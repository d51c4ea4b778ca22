import { describe, expect, test } from 'vitest'
import { due, storeTagged } from '../../support/coherence.ts'
import { nameOf } from '../../support/fake-redis.ts'
import { settle } from '../../support/manual-clock.ts'
import { l2, slowDown, timeout } from '../../support/slow-redis.ts'
import { watch, World } from '../../support/world.ts'

describe('a lease that a load won and goes on without is given back', () => {
  const leases = ({ redis }: World): string[] =>
    [...redis.values.keys()].filter((key) => key.startsWith('hc:l:'))

  test('where what it came with could not be judged', async () => {
    const world = new World()
    await storeTagged(world, { ttl: 1000, staleIfError: '1h' })
    await world.clock.advance(2000)
    const cache = await world.warm({ l2 })
    slowDown(world, 600)
    const call = watch(cache.getOrCreate('k', () => 'made', { stampede: 'global' }))
    await world.clock.advance(timeout)
    await settle()
    expect(call.value).toBe('made')
    expect(leases(world)).toEqual(['hc:l:k'])
    await world.clock.advance(2 * timeout)
    expect(leases(world)).toEqual([])
  })

  test('where it came with a tombstone, though nothing was made', async () => {
    const world = new World()
    const [cache, other] = [await world.warm(), await world.warm()]
    await other.remove('k')
    const failed = cache.getOrCreate('k', () => Promise.reject(new Error('down')), { stampede: 'global' })
    await expect(failed).rejects.toThrow('down')
    await settle()
    expect(leases(world)).toEqual([])
  })

  test('where it was won too late', async () => {
    const world = new World()
    const [cache, second] = [await world.warm({ l2 }), await world.warm({ l2 })]
    await world.clock.advance(due)
    world.redis.sets.clear() // the log has a gap
    slowDown(world, 600)
    const call = watch(cache.getOrCreate('k', () => 'made', { stampede: 'global' }))
    await world.clock.advance(timeout)
    expect(call.value).toBe('made')
    world.redis.before = undefined
    await world.clock.advance(timeout)
    expect(leases(world)).toEqual([])
    const other = watch(second.getOrCreate('k', () => 'made elsewhere', { stampede: 'global' }))
    await world.clock.advance(timeout)
    expect(other.value).toBe('made elsewhere')
  })

  test('where it was won at first, and asked for again in vain', async () => {
    const world = new World()
    const cache = await world.warm({ l2 })
    await world.clock.advance(due)
    world.redis.sets.clear() // the log has a gap
    let asked = 0
    world.redis.before = (commands) => {
      const isLease = commands.some((command) => nameOf(command) === 'LeaseEntry')
      if (isLease && ++asked >= 2 && asked <= 3) throw new TypeError('fetch failed')
    }
    const call = watch(cache.getOrCreate('k', () => 'made', { stampede: 'global' }))
    await world.clock.advance(timeout)
    expect(call.value).toBe('made')
    expect(asked).toBeGreaterThan(1)
    expect(leases(world)).toEqual([])
  })

  test('where it is known under an earlier version', async () => {
    const world = new World()
    const [cache, other] = [await world.warm({ l2 }), await world.warm()]
    await world.clock.advance(due)
    for (let i = 0; i < 1100; i++) await other.set('z', 1) // more than the log holds
    let asked = 0
    world.redis.before = (commands) => {
      const isLease = commands.some((command) => nameOf(command) === 'LeaseEntry')
      return isLease && ++asked === 2 ? new Promise<never>(() => undefined) : undefined
    }
    const call = watch(cache.getOrCreate('k', () => 'made', { stampede: 'global' }))
    await world.clock.advance(3 * timeout)
    expect(call.value).toBe('made')
    expect(asked).toBe(2)
    expect(leases(world)).toEqual([])
  })
})
