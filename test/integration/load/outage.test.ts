import { describe, expect, test } from 'vitest'
import { startDevServer } from '../../../src/dev/index.ts'
import { redisServerBin } from '../../support/redis-server.ts'
import { record } from '../../support/world.ts'
import { soon } from '../../support/soon.ts'
import { Fleet, Origin } from './fleet.ts'

const engines = ['redis-server', 'embedded'] as const

describe.each(engines)('a load while Redis dies, on %s', (engine) => {
  const missing = engine === 'redis-server' && redisServerBin() === undefined

  test.skipIf(missing)('everybody gets a value, and the fleet goes on when Redis is back', async () => {
    await using server = await startDevServer({ engine })
    const fleet = new Fleet(server)
    const isolates = await fleet.isolates(5, { stampede: 'global' })
    const errors = isolates.map((cache) => record(cache, 'error'))
    const origin = new Origin()
    server.resetStats()
    const calls = isolates.flatMap((cache) => [1, 2, 3].map(() => cache.getOrCreate('k', origin.make)))
    await origin.reached
    await soon(() => expect(fleet.count('EVALSHA')).toBeGreaterThanOrEqual(5))
    await server.stopRedis()
    // Who waited for the winner hears nothing of it any more: one load for each isolate, and not for each caller.
    await soon(() => expect(origin.calls).toBe(5))
    origin.open()
    const values = await Promise.all(calls)
    expect(new Set(values).size).toBe(5)
    expect(origin.calls).toBe(5)
    // Whose look has failed does not try to write.
    expect(errors.map(({ length }) => length)).toEqual([1, 1, 1, 1, 1])
    for (const cache of isolates) expect(cache.getLocal('k')).toMatch(/^made/)
    await server.startRedis()
    const later = await Promise.all(isolates.map((cache) => cache.getOrCreate('later', origin.make)))
    // Those who have learned that the database is a new one do not wait for those who have not.
    for (const value of later) expect(value).toMatch(/^made/)
    expect(await fleet.leases()).toEqual([])
  })

  test.skipIf(missing)('who has a stale value gives it away', async () => {
    await using server = await startDevServer({ engine })
    const fleet = new Fleet(server)
    const cache = await fleet.isolate({ swr: '1m', staleIfError: '1m' })
    await cache.set('k', 'old', { ttl: 5 })
    const origin = new Origin()
    await soon(() => expect(cache.getLocal('k')).toBeUndefined())
    const [call] = [cache.getOrCreate('k', origin.make)]
    await origin.reached
    await server.stopRedis()
    expect(await call).toBe('old')
    origin.open()
    await soon(() => expect(cache.getLocal('k')).toBe('made 1'))
  })
})
