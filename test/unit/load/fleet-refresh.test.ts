import { expect, test, vi } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'

test.each(['isolate', 'global'] as const)(
  "a value that has ended is made anew once in the fleet, with stampede '%s' too, though L1 has to ask L2",
  async (stampede) => {
    const world = new World()
    const isolates = await Promise.all(
      Array.from({ length: 5 }, () => world.warm({ stampede, ttl: '10s', localTtl: '1s', swr: '1m' })),
    )
    for (const cache of isolates) await cache.getOrCreate('k', () => 'old')
    await world.clock.advance(11_000)
    let finish = (): void => undefined
    const finished = new Promise<void>((resolve) => (finish = resolve))
    let calls = 0
    const make = async (): Promise<string> => {
      calls++
      await finished
      return 'new'
    }
    const given = await Promise.all(isolates.map((cache) => cache.getOrCreate('k', make)))
    expect(given).toEqual(['old', 'old', 'old', 'old', 'old'])
    await expect.poll(() => calls).toBe(1)
    finish()
    await expect.poll(() => isolates.map((cache) => cache.stats().loads.count)).toEqual([2, 0, 0, 0, 0])
    await world.clock.advance(1000)
    await expect
      .poll(() => Promise.all(isolates.map((cache) => cache.get('k'))))
      .toEqual(Array(5).fill('new'))
    expect(calls).toBe(1)
  },
)

test("what another isolate has removed is made once in the fleet with 'global', by isolates that have not heard of it", async () => {
  const world = new World()
  const isolates = await Promise.all(
    Array.from({ length: 5 }, () => world.warm({ stampede: 'global', localTtl: '1h' })),
  )
  const remover = await world.warm()
  await remover.set('k', 'old')
  await remover.remove('k')
  const factory = vi.fn(async () => {
    await new Promise<void>((resolve) => void world.clock.setTimeout(resolve, 100))
    return 'new'
  })
  const lost: unknown[] = []
  for (const cache of isolates) cache.on('lease', ({ state }) => state === 'lost' && lost.push(state))
  const calls = isolates.map((cache) => cache.getOrCreate('k', factory))
  await world.clock.advance(1000)
  expect(await Promise.all(calls)).toEqual(isolates.map(() => 'new'))
  expect([factory.mock.calls.length, lost]).toEqual([1, []])
})

test('a key whose lease is won takes the place of none of the 1,000 that are left to another isolate', async () => {
  const world = new World()
  const options = { memory: { maxEntries: 2000 }, ttl: '10s', localTtl: '1h', swr: '1h' } as const
  const [other, cache] = [await world.warm(options), await world.warm(options)]
  const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`)
  await other.setMany(keys.map((key) => [key, 'old']))
  await cache.getMany(keys)
  await world.clock.advance(11_000)
  const ask = (asking: HybridCache, factory: () => unknown): Promise<unknown[]> =>
    Promise.all(keys.map((key) => asking.getOrCreate(key, factory)))
  await ask(other, () => new Promise(() => undefined))
  await settle()
  await ask(cache, () => 'new')
  await settle()
  expect(await cache.getOrCreate('won', () => 'new', { stampede: 'global' })).toBe('new')
  world.redis.take()
  expect(new Set(await ask(cache, () => 'new'))).toEqual(new Set(['old']))
  await settle()
  expect(world.redis.take()).toEqual([])
})
