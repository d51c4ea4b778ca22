import { describe, expect, test } from 'vitest'
import { health } from '../../../src/admin/index.ts'
import { RedisReplyError, type Reply } from '../../../src/index.ts'
import { World } from '../../support/world.ts'

describe('health', () => {
  test('is well where Redis answers: how fast, and how far apart the clocks are, for one command', async () => {
    const world = new World()
    const cache = await world.warm()
    world.redis.skew = 3_600_000
    const gate = world.hold('TIME')
    const asked = health(cache)
    await gate.reached
    await world.clock.advance(20)
    gate.open()
    expect(await asked).toEqual({ status: 'ok', latency: 20, clockOffset: 3_600_010, breaker: 'closed' })
    expect(world.redis.take()).toEqual([['TIME']])
  })

  test('without Redis there is only memory', async () => {
    expect(await health(new World().memoryOnly())).toEqual({ status: 'memory', breaker: 'off' })
  })

  test('a failing Redis is what it tells, and nothing is sent while the breaker is open', async () => {
    const world = new World()
    const cache = await world.warm({ breaker: { failures: 1 }, l2: { retries: 0 } })
    world.cut()
    expect(await health(cache)).toEqual({ status: 'degraded', error: 'L2_NETWORK', breaker: 'open' })
    world.redis.take()
    expect(await health(cache)).toEqual({ status: 'degraded', error: 'BREAKER_OPEN', breaker: 'open' })
    expect(world.redis.take()).toEqual([])
  })

  test.each<[string, Reply | RedisReplyError, string]>([
    ['is no time', 'PONG', 'L2_REPLY'],
    ['is an error', new RedisReplyError("NOPERM no permissions to run the 'time' command"), 'L2_AUTH'],
  ])('a Redis whose reply to TIME %s is not well', async (_, reply, error) => {
    const world = new World()
    const cache = await world.warm()
    world.redis.replies.set('TIME', reply)
    expect(await health(cache)).toEqual({ status: 'degraded', error, breaker: 'closed' })
  })

  test('a caller that leaves gets the reason of its signal', async () => {
    const world = new World()
    const cache = await world.warm()
    await expect(health(cache, { signal: AbortSignal.abort('gone') })).rejects.toBe('gone')
    const leaving = new AbortController()
    world.hold('TIME')
    const asked = health(cache, { signal: leaving.signal })
    leaving.abort('gone')
    await expect(asked).rejects.toBe('gone')
  })
})
