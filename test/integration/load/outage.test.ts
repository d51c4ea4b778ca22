import { describe, expect, test, vi } from 'vitest'
import { startDevServer } from '../../../src/dev/index.ts'
import { redisServerBin } from '../../support/redis-server.ts'
import { Fleet, Origin } from './fleet.ts'

const engines = ['redis-server', 'embedded'] as const

describe.each(engines)('a load while Redis dies, on %s', (engine) => {
  const missing = engine === 'redis-server' && redisServerBin() === undefined

  test.skipIf(missing)('everybody gets a value, and the fleet goes on when Redis is back', async () => {
    await using server = await startDevServer({ engine })
    const fleet = new Fleet(server)
    const isolates = await fleet.isolates(5, { stampede: 'global' })
    const origin = new Origin()
    server.resetStats()
    const calls = isolates.flatMap((cache) => [1, 2, 3].map(() => cache.getOrCreate('k', origin.make)))
    await origin.reached
    await vi.waitFor(() => expect(fleet.count('EVALSHA')).toBeGreaterThanOrEqual(5))
    await server.stopRedis()
    // Who waited for the winner hears nothing of it any more: one load for each isolate, and not for each caller.
    await vi.waitFor(() => expect(origin.calls).toBe(5), { timeout: 5000 })
    origin.open()
    const values = await Promise.all(calls)
    expect(new Set(values).size).toBe(5)
    expect(origin.calls).toBe(5)
    for (const cache of isolates) expect(cache.getLocal('k')).toMatch(/^made/)
    await server.startRedis()
    const later = await Promise.all(isolates.map((cache) => cache.getOrCreate('later', origin.make)))
    expect(later).toEqual(later.map(() => 'made 6'))
    expect(await fleet.leases()).toEqual([])
  })

  test.skipIf(missing)('who has a stale value gives it away', async () => {
    await using server = await startDevServer({ engine })
    const fleet = new Fleet(server)
    const cache = await fleet.isolate({ swr: '1m', staleIfError: '1m' })
    await cache.set('k', 'old', { ttl: 5 })
    const origin = new Origin()
    await vi.waitFor(() => expect(cache.getLocal('k')).toBeUndefined())
    const [call] = [cache.getOrCreate('k', origin.make)]
    await origin.reached
    await server.stopRedis()
    expect(await call).toBe('old')
    origin.open()
    await vi.waitFor(() => expect(cache.getLocal('k')).toBe('made 1'))
  })
})
