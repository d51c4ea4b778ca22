import { describe, expect, test } from 'vitest'
import { type Reply, RedisReplyError } from '../../../src/index.ts'
import { TierFixture } from '../../support/tier.ts'

const wrongShape = { code: 'L2_REPLY', retryable: false }

/** A tier that knows the time already. */
async function warm(): Promise<TierFixture> {
  const fixture = new TierFixture()
  await fixture.tier.read('warm-up')
  fixture.redis.take()
  return fixture
}

describe('commands', () => {
  test('are exactly these', async () => {
    const { tier, redis } = await warm()
    await tier.write('a', 'x', { ttl: 5000, idempotent: true })
    await tier.read('a')
    await tier.readMany(['a', 'b'])
    expect(await tier.extend('a', 9000)).toBe(9000)
    await tier.remove(['a', 'b'])
    expect(redis.requests).toEqual([
      [['SET', 'a', 'x', 'PX', 5000]],
      [['GET', 'a']],
      [['MGET', 'a', 'b']],
      [
        ['PEXPIRE', 'a', 9000, 'GT'],
        ['PTTL', 'a'],
      ],
      [['DEL', 'a', 'b']],
    ])
  })

  test('may run twice, all but the write that says it must not', async () => {
    const { tier, redis } = await warm()
    redis.sent.length = 0
    await tier.read('a')
    await tier.readMany(['a'])
    await tier.remove(['a'])
    await tier.extend('a', 1)
    await tier.write('a', 'x', { ttl: 1, idempotent: true })
    await tier.write('a', 'x', { ttl: 1, idempotent: false })
    expect(redis.sent.map(({ idempotent }) => idempotent)).toEqual([true, true, true, true, true, false])
  })

  test('for many keys take a thousand each, in one request, and keep the order asked', async () => {
    const { tier, redis } = await warm()
    const keys = Array.from({ length: 2500 }, (_, i) => `k${i}`)
    await tier.write('k0', 'first', { ttl: 1000, idempotent: true })
    await tier.write('k2499', 'last', { ttl: 1000, idempotent: true })
    redis.requests.length = 0
    const values = await tier.readMany(keys)
    expect([values.length, values[0], values[1], values[2499]]).toEqual([2500, 'first', null, 'last'])
    await tier.remove(keys)
    expect(redis.requests.map((request) => request.map((command) => command.length))).toEqual([
      [1001, 1001, 501],
      [1001, 1001, 501],
    ])
    expect(redis.requests.map((request) => request.flatMap(([, ...args]) => args))).toEqual([keys, keys])
  })

  test('on no keys at all send nothing', async () => {
    const { tier, redis } = await warm()
    expect(await tier.readMany([])).toEqual([])
    await tier.remove([])
    expect(redis.requests).toEqual([])
  })
})

describe('extending a life', () => {
  test('says how long it is now; a longer one that somebody else gave stays', async () => {
    const { tier } = await warm()
    await tier.write('a', 'x', { ttl: 9000, idempotent: true })
    expect(await tier.extend('a', 5000)).toBe(9000)
    expect(await tier.extend('a', 10_000)).toBe(10_000)
  })

  test.each<[string, Reply]>([
    ['gone', -2],
    ['without an end', -1],
    ['ending now', 0],
    ['no number', 'x'],
  ])('gives undefined for one that is %s', async (_, reply) => {
    const { tier, redis } = await warm()
    redis.replies.set('PTTL', reply)
    expect(await tier.extend('a', 5000)).toBeUndefined()
  })

  test('rejects where either command does', async () => {
    for (const name of ['PEXPIRE', 'PTTL']) {
      const { tier, redis } = await warm()
      redis.replies.set(name, new RedisReplyError('ERR x'))
      await expect(tier.extend('a', 5000)).rejects.toMatchObject({ code: 'L2_REPLY' })
    }
  })
})

describe('a reply of another type than the command gives', () => {
  test.each<Reply>([5, [], ['x']])('to GET rejects as L2_REPLY: %j', async (reply) => {
    const { tier, redis } = await warm()
    redis.replies.set('GET', reply)
    await expect(tier.read('a')).rejects.toMatchObject(wrongShape)
  })

  test.each<Reply>(['x', 5, [], ['x'], ['x', 5], ['x', 'y', 'z'], [['x'], 'y']])(
    'to MGET of two keys rejects as L2_REPLY: %j',
    async (reply) => {
      const { tier, redis } = await warm()
      redis.replies.set('MGET', reply)
      await expect(tier.readMany(['a', 'b'])).rejects.toMatchObject(wrongShape)
    },
  )
})

describe('a signal', () => {
  test('ends a read, a write and a remove', async () => {
    const fixture = await warm()
    fixture.stall()
    const controller = new AbortController()
    const { signal } = controller
    const calls = [
      fixture.tier.read('a', signal),
      fixture.tier.readMany(['a'], signal),
      fixture.tier.write('a', 'x', { ttl: 1, idempotent: true, signal }),
      fixture.tier.remove(['a'], signal),
    ]
    const outcomes = Promise.allSettled(calls)
    await fixture.clock.advance(0)
    controller.abort('gone')
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: 'gone' })
    expect(fixture.redis.sent.at(-1)?.signal.aborted).toBe(true)
  })

  test('ends the first request of an isolate, too, which asks for the time beside', async () => {
    const fixture = new TierFixture()
    fixture.stall()
    const controller = new AbortController()
    const call = fixture.tier.read('a', controller.signal).catch((error: unknown) => error)
    await fixture.clock.advance(0)
    controller.abort('gone')
    expect(await call).toBe('gone')
    expect(fixture.redis.sent[0]?.signal.aborted).toBe(true)
  })
})
