import { describe, expect, test } from 'vitest'
import { CacheError, RedisReplyError } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { outcomeOf } from '../../support/outcome.ts'
import { record, World } from '../../support/world.ts'
import { quick, read } from './quick-breaker.ts'

describe('what counts', () => {
  test('a request, however often it was sent: retries are part of it', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { retries: 3 }, breaker: { failures: 2 } })
    world.cut()
    const [first, second] = [read(cache), world.clock.advance(1000)]
    await Promise.all([first, second])
    expect(cache.stats().l2).toMatchObject({ requests: 5, breaker: 'closed' })
    await Promise.all([read(cache), world.clock.advance(1000)])
    expect(cache.stats().l2).toMatchObject({ requests: 9, breaker: 'open' })
  })

  test('a request that a retry has saved is a success', async () => {
    const world = new World()
    const cache = await world.warm({ breaker: { failures: 2 } })
    let sent = 0
    world.redis.before = () => {
      if (sent++ % 2 === 0) throw new TypeError('fetch failed')
    }
    for (let i = 0; i < 5; i++) await Promise.all([read(cache), world.clock.advance(1000)])
    expect(cache.stats().l2).toMatchObject({ requests: 11, errors: 0, breaker: 'closed' })
  })

  test('many calls in one request count once', async () => {
    const world = new World()
    const cache = await world.warm(quick)
    world.cut()
    await Promise.all(Array.from({ length: 50 }, () => read(cache)))
    expect(cache.stats().l2.breaker).toBe('closed')
  })

  test('a deadline missed', async () => {
    const world = new World()
    const cache = await world.warm(quick)
    const changes = record(cache, 'breaker')
    world.redis.stall()
    for (let i = 0; i < 2; i++) await Promise.all([read(cache), world.clock.advance(1000)])
    expect(changes).toEqual([{ state: 'open', reason: 'L2_TIMEOUT' }])
  })

  test('refused credentials, at once', async () => {
    const world = new World()
    const cache = await world.warm()
    const changes = record(cache, 'breaker')
    world.redis.before = () => {
      throw new CacheError('L2_AUTH', 'refused')
    }
    await read(cache)
    expect(changes).toEqual([{ state: 'open', reason: 'L2_AUTH' }])
    const error = await cache.set('k', 1).catch((reason: unknown) => reason)
    expect((error as Error).message).toContain('L2_AUTH')
    expect(world.redis.take()).toEqual([['GET']])
  })

  test('a transport that does not give one reply a command', async () => {
    const world = new World()
    const cache = world.isolate({ redis: { send: async () => [] }, ...quick })
    const changes = record(cache, 'breaker')
    await read(cache)
    await read(cache)
    expect(changes).toEqual([{ state: 'open', reason: 'L2_REPLY' }])
  })

  test('a quota that refuses commands, though each gets its reply', async () => {
    const world = new World()
    const cache = await world.warm(quick)
    const changes = record(cache, 'breaker')
    world.redis.replies.set('GET', new RedisReplyError('ERR max requests limit exceeded. Limit: 500000'))
    await read(cache)
    await read(cache)
    expect(changes).toEqual([{ state: 'open', reason: 'L2_RATE_LIMITED' }])
  })

  test('not what a script answers, though it may look like a quota', async () => {
    const world = new World()
    const cache = await world.warm(quick)
    for (const name of ['EVALSHA', 'EVAL'])
      world.redis.replies.set(name, new RedisReplyError('rate limit exceeded, says the script'))
    for (let i = 0; i < 5; i++) {
      const run = cache.scripts?.execute("return redis.error_reply('rate limit')", { keys: ['k'] })
      await expect(run).rejects.toThrow()
    }
    expect(cache.stats().l2.breaker).toBe('closed')
  })

  test.each(['NOPERM no permissions', 'WRONGTYPE wrong kind', 'OOM no memory', 'READONLY replica', 'ERR no'])(
    'not an error that Redis answers: %s',
    async (text) => {
      const world = new World()
      const cache = await world.warm(quick)
      for (const name of ['GET', 'SetEntry', 'RemoveEntries'])
        world.redis.replies.set(name, new RedisReplyError(text))
      for (let i = 0; i < 5; i++) {
        await read(cache)
        await expect(cache.set('k', 1)).rejects.toThrow()
        await expect(cache.remove('k')).rejects.toThrow()
      }
      expect(cache.stats().l2.breaker).toBe('closed')
    },
  )

  test('not a request that all its callers left', async () => {
    const world = new World()
    const cache = await world.warm(quick)
    world.redis.stall()
    for (let i = 0; i < 5; i++) {
      const controller = new AbortController()
      const call = outcomeOf(cache.get('k', { signal: controller.signal }))
      await settle()
      controller.abort('gone')
      expect(await call).toBe('gone')
    }
    expect(cache.stats().l2).toMatchObject({ errors: 0, breaker: 'closed' })
  })

  test('not what comes in after it has opened', async () => {
    const world = new World()
    const cache = await world.warm(quick)
    const gate = world.hold('GET')
    const slow = read(cache)
    await gate.reached
    world.cut()
    await outcomeOf(cache.remove('k'))
    await outcomeOf(cache.remove('k'))
    gate.open()
    await slow
    expect(cache.stats().l2.breaker).toBe('open')
  })
})
