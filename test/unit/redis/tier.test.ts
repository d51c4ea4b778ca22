import { describe, expect, test } from 'vitest'
import type { Reply } from '../../../src/index.ts'
import { TierFixture } from '../../support/tier.ts'

const wrongShape = { code: 'L2_REPLY', retryable: true }

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
    expect(await tier.writeNew('a', 'x', 5000)).toBe(true)
    expect(await tier.writeNew('a', 'y', 5000)).toBe(false)
    await tier.read('a')
    await tier.readMany(['a', 'b'])
    await tier.remove(['a', 'b'])
    expect(redis.requests).toEqual([
      [['SET', 'a', 'x', 'PX', 5000, 'NX']],
      [['SET', 'a', 'y', 'PX', 5000, 'NX']],
      [['GET', 'a']],
      [['MGET', 'a', 'b']],
      [['DEL', 'a', 'b']],
    ])
  })

  test('may run twice', async () => {
    const { tier, redis } = await warm()
    redis.sent.length = 0
    await tier.read('a')
    await tier.readMany(['a'])
    await tier.remove(['a'])
    await tier.writeNew('a', 'x', 1)
    expect(redis.sent.map(({ idempotent }) => idempotent)).toEqual([true, true, true, true])
  })

  test('for many keys take a thousand each, in one request, and keep the order asked', async () => {
    const { tier, redis } = await warm()
    const keys = Array.from({ length: 2500 }, (_, i) => `k${i}`)
    await tier.writeNew('k0', 'first', 1000)
    await tier.writeNew('k2499', 'last', 1000)
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
  test('ends a read and a remove', async () => {
    const fixture = await warm()
    fixture.redis.stall()
    const controller = new AbortController()
    const { signal } = controller
    const calls = [
      fixture.tier.read('a', signal),
      fixture.tier.readMany(['a'], signal),
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
    fixture.redis.stall()
    const controller = new AbortController()
    const call = fixture.tier.read('a', controller.signal).catch((error: unknown) => error)
    await fixture.clock.advance(0)
    controller.abort('gone')
    expect(await call).toBe('gone')
    expect(fixture.redis.sent[0]?.signal.aborted).toBe(true)
  })
})
