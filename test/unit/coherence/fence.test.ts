import { describe, expect, test } from 'vitest'
import { due, patient, versionOf } from '../../support/coherence.ts'
import { settle } from '../../support/manual-clock.ts'
import { slowDown } from '../../support/slow-redis.ts'
import { World } from '../../support/world.ts'

const tags = ['t']

describe('the fence', () => {
  test('V17: what lives shorter stays in Redis for its time all the same', async () => {
    const world = new World()
    const cache = await world.warm(patient)
    await cache.set('k', 'v', { ttl: 10 })
    expect(world.redis.values.get('hc:e:k')?.expires).toBe(world.clock.monotonic() + 60_000)
    await cache.getOrCreate('l', () => 'v', { ttl: 10 })
    expect(world.redis.values.get('hc:e:l')?.expires).toBe(world.clock.monotonic() + 60_000)
    await cache.remove('k')
    expect(world.redis.values.get('hc:e:k')?.expires).toBe(world.clock.monotonic() + 60_000)
  })

  test.each([
    [58_999, 'late'],
    [59_000, undefined],
  ])('V20: a load that took %i ms stores %s', async (ms, expected) => {
    const world = new World()
    const cache = await world.warm()
    let finish!: (value: string) => void
    const loading = cache.getOrCreate('k', () => new Promise<string>((resolve) => void (finish = resolve)))
    await settle()
    await world.clock.advance(ms)
    finish('late')
    expect(await loading).toBe('late')
    expect(cache.getLocal('k')).toBe(expected)
    expect(await world.isolate().get('k')).toBe(expected)
  })

  test.each([
    ['nothing', 'isolate'],
    ['something removed', 'isolate'],
    ['nothing', 'global'],
    ['something removed', 'global'],
  ] as const)(
    'V20: what would leave too late behind other requests stays here: over %s, %s',
    async (what, stampede) => {
      const world = new World()
      const cache = await world.warm({ stampede })
      const other = await world.warm()
      const keys = Array.from({ length: 1001 }, (_, i) => `k${i}`)
      if (what === 'something removed') await cache.remove(keys)
      let finish!: () => void
      const made = new Promise<void>((resolve) => void (finish = resolve))
      const loading = keys.map((key) => cache.getOrCreate(key, () => made.then(() => 'old')))
      await world.clock.advance(10)
      await other.remove('k1000')
      await world.clock.advance(58_980)
      slowDown(world, 990)
      finish()
      await world.clock.advance(10_000)
      expect(new Set(await Promise.all(loading))).toEqual(new Set(['old']))
      world.redis.before = undefined
      expect(await world.isolate().getMany(['k0', 'k1000'])).toEqual(new Map([['k0', 'old']]))
      expect(cache.getLocal('k1000')).toBeUndefined()
    },
  )

  test('V20: is longer than a factory may take', async () => {
    const world = new World()
    const cache = await world.warm({ timeout: '5m', l2: { timeout: '2s' } })
    await cache.set('k', 'v', { ttl: 10 })
    expect(world.redis.values.get('hc:e:k')?.expires).toBe(world.clock.monotonic() + 304_000)
  })

  test('V22: an entry that is refused can be replaced by what is loaded instead', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old', { tags })
    await cache.removeByTag('t')
    expect(await cache.getOrCreate('k', () => 'new', { tags })).toBe('new')
    expect(await world.isolate().get('k')).toBe('new')
  })

  test('V21: the version of a tag outlives every entry that may have it', async () => {
    const world = new World()
    const cache = await world.warm({ maxTtl: '1d' })
    await cache.removeByTag('t')
    await cache.clear()
    expect(world.redis.versions.get('hc:t:t')?.expires).toBe(world.clock.monotonic() + 86_400_000 + 60_000)
    expect(world.redis.versions.get('hc:t:*')?.expires).toBe(Infinity)
  })
})

describe('versions', () => {
  test('V12: L1 keeps a copy under the version of its entry, not of what the isolate knows', async () => {
    const world = new World()
    const [cache, other] = [await world.warm(), await world.warm()]
    await other.set('k', 'old')
    const bytes = world.redis.values.get('hc:e:k')
    await other.remove('k')
    await cache.set('x', 1) // it has seen a version past the removal now
    if (bytes !== undefined) world.redis.values.set('hc:e:k', bytes) // V31: a replica that lags
    expect(await cache.get('k')).toBe('old')
    await world.clock.advance(due)
    await cache.get('x', { l1: false })
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test('V15: acknowledgements out of order leave the later value in L1', async () => {
    const world = new World()
    const cache = await world.warm()
    const gate = world.hold('SetEntry', 'after')
    const first = cache.set('k', 1)
    await gate.reached
    world.redis.after = undefined
    await cache.set('k', 2)
    gate.open()
    await first
    expect(cache.getLocal('k')).toBe(2)
  })

  test('V31, R9: after a set an older value is not read, from a replica that lags', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old')
    const bytes = world.redis.values.get('hc:e:k')
    await cache.set('k', 'new')
    if (bytes !== undefined) world.redis.values.set('hc:e:k', bytes)
    cache.removeLocal('k')
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getMany(['k'])).toEqual(new Map())
  })

  test('V19: a fill stands back where a newer removal is, and L1 has nothing either', async () => {
    const world = new World()
    const cache = await world.warm()
    let finish!: (value: string) => void
    const value = cache.getOrCreate('k', () => new Promise<string>((resolve) => void (finish = resolve)))
    await settle()
    await (await world.warm()).remove('k')
    finish('old')
    await value
    expect(cache.getLocal('k')).toBeUndefined()
    expect(world.redis.values.get('hc:e:k')?.value).toBe(`h1|t|${versionOf(world)}\n`)
  })

  test('a joiner is not given what the tags that the factory adds make out of date', async () => {
    const world = new World()
    const cache = await world.warm()
    let finish!: () => void
    const waiting = new Promise<void>((resolve) => void (finish = resolve))
    const first = cache.getOrCreate('k', async (context) => {
      await waiting
      context.tags = ['late']
      return 'old'
    })
    await settle()
    await cache.removeByTag('late')
    const second = cache.getOrCreate('k', () => 'new')
    await settle()
    finish()
    expect([await first, await second]).toEqual(['old', 'new'])
    expect(cache.getLocal('k')).toBe('new')
  })

  test('what is loaded where a tombstone was is newer than that, also for who has yet to learn of it', async () => {
    const world = new World()
    const [cache, other] = [await world.warm(), await world.warm()]
    await other.remove('k')
    const removed = versionOf(world)
    await cache.getOrCreate('k', () => 'made')
    expect(Number(world.redis.values.get('hc:e:k')?.value.split('|')[2])).toBeGreaterThanOrEqual(removed)
    await world.clock.advance(due)
    await cache.get('any')
    expect(cache.getLocal('k')).toBe('made')
  })

  test('what is known to be out of date is not sent', async () => {
    const world = new World()
    const [cache, other] = [await world.warm(), await world.warm()]
    let finish!: (value: string) => void
    const value = cache.getOrCreate('k', () => new Promise<string>((resolve) => void (finish = resolve)))
    await settle()
    await other.remove('k')
    await world.clock.advance(due)
    await cache.get('any')
    world.redis.take()
    finish('old')
    await value
    expect(world.redis.take()).toEqual([])
  })
})

describe('an invalidation that fails', () => {
  test('leaves no copy in L1, also not one that was read meanwhile', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { retries: 0 } })
    await cache.set('k', 'v')
    const gate = world.hold('RemoveEntries')
    const removing = expect(cache.remove('k')).rejects.toThrow()
    await gate.reached
    await cache.get('k')
    expect(cache.getLocal('k')).toBe('v')
    world.redis.after = () => {
      throw new TypeError('fetch failed')
    }
    gate.open()
    await removing
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test('has ended the freshness of the copy all the same', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { retries: 0 } })
    await cache.set('k', 'v')
    world.cut()
    await expect(cache.expire('k')).rejects.toThrow()
    expect(cache.getLocal('k')).toBeUndefined()
  })
})
