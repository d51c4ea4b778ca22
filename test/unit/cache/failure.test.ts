import { describe, expect, test, vi } from 'vitest'
import { settle } from '../../support/manual-clock.ts'
import { record, World } from '../../support/world.ts'

describe('Redis fails', () => {
  test('get is a miss, getOrCreate gives what the factory makes, and both report it', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { retries: 0 } })
    const errors = record(cache, 'error')
    world.cut()
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getMany(['k'])).toEqual(new Map())
    expect(await cache.getOrCreate('k', () => 'made')).toBe('made')
    expect(errors.map(({ operation, error }) => [operation, error.code])).toEqual([
      ['get', 'L2_NETWORK'],
      ['getMany', 'L2_NETWORK'],
      ['getOrCreate', 'L2_NETWORK'],
    ])
    expect(cache.getLocal('k')).toBe('made')
  })

  test('writes reject, and the copy in L1 is gone all the same', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { retries: 0 } })
    for (const write of [
      () => cache.set('k', 2),
      () => cache.setMany([['k', 2]]),
      () => cache.remove('k'),
      () => cache.remove(['k', 'j']),
    ]) {
      world.redis.before = undefined
      await cache.set('k', 1)
      world.cut()
      await expect(write()).rejects.toMatchObject({ name: 'CacheError', code: 'L2_NETWORK', retryable: true })
      expect(cache.getLocal('k')).toBeUndefined()
    }
  })

  test('one command that fails does not take the others of its request with it', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 1)
    const { RedisReplyError } = await import('../../../src/index.ts')
    world.redis.replies.set(
      'RemoveEntries',
      new RedisReplyError('READONLY You can not write against a read only replica. key: secret'),
    )
    const outcomes = await Promise.allSettled([cache.get('k', { l1: false }), cache.remove('k')])
    expect(outcomes[0]).toMatchObject({ status: 'fulfilled', value: 1 })
    expect(outcomes[1]).toMatchObject({ status: 'rejected', reason: { code: 'SCRIPT', retryable: true } })
    expect(String((outcomes[1] as PromiseRejectedResult).reason)).not.toContain('secret')
  })

  test('a Redis that never answers costs its deadline once', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout: '300ms' } })
    const errors = record(cache, 'error')
    world.redis.before = () => new Promise(() => undefined)
    const done = vi.fn()
    void cache.getOrCreate('k', () => 'made').then(done)
    await world.clock.advance(299)
    expect(done).not.toHaveBeenCalled()
    await world.clock.advance(1)
    expect(done).toHaveBeenCalledWith('made')
    expect(errors).toMatchObject([{ error: { code: 'L2_TIMEOUT', retryable: true } }])
    expect(world.clock.pending).toBe(0)
  })

  test('a call waits for one deadline, however much was issued beside it', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout: '1s' } })
    world.redis.before = () => new Promise(() => undefined)
    const large = Array.from({ length: 8 }, (_, i) => [`k${i}`, 'x'.repeat(900_000)] as const)
    const outcomes = Promise.allSettled([cache.setMany(large), cache.getOrCreate('k', () => 'made')])
    const done = vi.fn()
    void outcomes.then(done)
    await world.clock.advance(1000)
    expect(done).toHaveBeenCalled()
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  })

  test('a deadline longer than a timer can be is as long as one can be', async () => {
    const world = new World()
    const cache = world.isolate({ l2: { timeout: '30d' } })
    const delays: number[] = []
    const { setTimeout } = world.clock
    world.clock.setTimeout = (run, ms) => {
      delays.push(ms)
      return setTimeout.call(world.clock, run, ms)
    }
    await cache.get('k')
    expect(delays).toEqual([2 ** 31 - 1])
  })

  test('an acknowledgement that is no version is none', async () => {
    const world = new World()
    const cache = await world.warm()
    world.redis.replies.set('SetEntry', 'OK')
    await expect(cache.set('k', 1)).rejects.toMatchObject({ code: 'L2_REPLY' })
  })

  test('a reply of another type is an error, not a value', async () => {
    const world = new World()
    const cache = await world.warm()
    const errors = record(cache, 'error')
    world.redis.replies.set('GET', 7)
    world.redis.replies.set('MGET', ['one too many', null])
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getMany(['k'])).toEqual(new Map())
    expect(errors.map(({ error }) => error.code)).toEqual(['L2_REPLY', 'L2_REPLY'])
  })

  test('the first write of an isolate rejects where even the time cannot be had', async () => {
    const world = new World()
    world.cut()
    const cache = world.isolate({ l2: { retries: 0 } })
    await expect(cache.set('k', 1)).rejects.toMatchObject({ code: 'L2_NETWORK' })
    world.redis.before = undefined
    world.redis.replies.set('TIME', 'now')
    await expect(cache.set('k', 1)).rejects.toMatchObject({ code: 'L2_REPLY' })
    world.redis.replies.clear()
    await cache.set('k', 1)
    expect(await cache.get('k')).toBe(1)
  })
})

describe('background work', () => {
  test('a bound cache answers before its write has landed, and hands the write to waitUntil', async () => {
    const world = new World()
    const gate = world.hold('SET')
    const work: Promise<unknown>[] = []
    const context = {
      waitUntil(this: unknown, promise: Promise<unknown>) {
        expect(this).toBe(context)
        work.push(promise)
      },
    }
    const cache = world.isolate().bind(context)
    expect(await cache.getOrCreate('k', () => 'v')).toBe('v')
    expect(world.redis.values.size).toBe(0)
    expect(await cache.getOrCreate('k', () => 'never')).toBe('v') // from the load, whose write is on its way
    gate.open()
    await Promise.all(work)
    expect(work).toHaveLength(1)
    expect(cache.getLocal('k')).toBe('v')
    expect(world.redis.values.size).toBe(1)
  })

  test('without a waitUntil the call waits for its write', async () => {
    const world = new World()
    const cache = world.isolate()
    const gate = world.hold('SET')
    const done = vi.fn()
    void cache.getOrCreate('k', () => 'v').then(done)
    await gate.reached
    await settle()
    expect(done).not.toHaveBeenCalled()
    gate.open()
    await settle()
    expect(done).toHaveBeenCalledWith('v')
  })

  test('what goes to waitUntil never rejects', async () => {
    const world = new World()
    const work: Promise<unknown>[] = []
    const cache = await world.warm({ waitUntil: (promise) => work.push(promise), l2: { retries: 0 } })
    const errors = record(cache, 'error')
    world.redis.before = (commands) => {
      if (commands[0]?.[0] === 'SET') throw new TypeError('fetch failed')
    }
    expect(await cache.getOrCreate('k', () => 'v')).toBe('v')
    await expect(Promise.all(work)).resolves.toEqual([undefined])
    expect(errors).toMatchObject([{ operation: 'getOrCreate', error: { code: 'L2_NETWORK' } }])
  })

  test('the waitUntil that Vercel offers is found by itself, for the request that runs', async () => {
    const work: Promise<unknown>[] = []
    const symbol = Symbol.for('@vercel/request-context')
    Object.assign(globalThis, {
      [symbol]: { get: () => ({ waitUntil: (promise: Promise<unknown>) => work.push(promise) }) },
    })
    try {
      await new World().isolate().getOrCreate('k', () => 'v')
      expect(work).toHaveLength(1)
    } finally {
      Reflect.deleteProperty(globalThis, symbol)
    }
  })

  test('a waitUntil that throws does not cost the caller its value, nor the write', async () => {
    const world = new World()
    const cache = world.isolate({
      waitUntil: () => {
        throw new TypeError('Illegal invocation')
      },
    })
    expect(await cache.getOrCreate('k', () => 'v')).toBe('v')
    expect(world.redis.values.size).toBe(1)
  })

  test.each([undefined, null, {}, { waitUntil: 1 }])('bind(%o) is a TypeError', (context) => {
    expect(() => new World().isolate().bind(context as never)).toThrow(TypeError)
  })

  test('a bound view and a namespace share tiers and statistics with the cache that they came from', async () => {
    const world = new World()
    const cache = world.isolate()
    const bound = cache.bind({ waitUntil: () => undefined }).namespace('n')
    await bound.set('k', 1)
    expect(cache.namespace('n').getLocal('k')).toBe(1)
    expect(cache.stats().l1.entries).toBe(1)
  })
})

describe('callers that leave', () => {
  test('the reason of a signal is what the call rejects with, even if it is an error of the cache', async () => {
    const world = new World()
    const cache = await world.warm()
    world.redis.before = () => new Promise(() => undefined)
    const { CacheError } = await import('../../../src/index.ts')
    const reason = new CacheError('L2_NETWORK', 'another call failed')
    const controller = new AbortController()
    const { signal } = controller
    const calls = [
      cache.get('k', { signal }),
      cache.getMany(['k'], { signal }),
      cache.getOrCreate('k', () => 1, { signal }),
    ]
    await settle()
    controller.abort(reason)
    for (const call of calls) await expect(call).rejects.toBe(reason)
  })

  test('each call leaves on its own, and the request goes on for the others', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'v', { l1: false })
    const gate = world.hold('MGET')
    const controller = new AbortController()
    const leaving = cache.get('k', { signal: controller.signal })
    const staying = cache.get('k')
    await gate.reached
    controller.abort(new Error('gone'))
    await expect(leaving).rejects.toThrow('gone')
    expect(world.redis.sent.at(-1)?.signal.aborted).toBe(false)
    gate.open()
    expect(await staying).toBe('v')
  })

  test('the request ends when all have left', async () => {
    const world = new World()
    const cache = await world.warm()
    const gate = world.hold('GET')
    const controller = new AbortController()
    const { signal } = controller
    const calls = Promise.allSettled([cache.get('a', { signal }), cache.getMany(['b'], { signal })])
    await gate.reached
    controller.abort(new Error('gone'))
    expect((await calls).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(world.redis.sent.at(-1)?.signal.aborted).toBe(true)
    gate.open()
  })

  test('a write whose caller leaves rejects, and leaves no copy in L1', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old')
    const gate = world.hold('SetEntry')
    const controller = new AbortController()
    const call = cache.set('k', 'new', { signal: controller.signal })
    await gate.reached
    controller.abort(new Error('gone'))
    await expect(call).rejects.toThrow('gone')
    expect(cache.getLocal('k')).toBeUndefined()
    gate.open()
  })
})
