import { describe, expect, test } from 'vitest'
import { type Command, RedisReplyError, type Reply, type Transport } from '../../../src/index.ts'
import { LinkFixture } from '../../support/link.ts'

const failure = (code: string): unknown => expect.objectContaining({ name: 'CacheError', code })

describe('commands of one tick', () => {
  test('share one request, in the order in which they were issued', async () => {
    const { link, redis, stats } = new LinkFixture()
    const replies = await Promise.all([
      link.send(['SET', 'a', '1', 'PX', 1000], { idempotent: false }),
      link.send(['GET', 'a'], { idempotent: true }),
      link.send(['DEL', 'a'], { idempotent: true }),
      link.send(['GET', 'a'], { idempotent: true }),
    ])
    expect(replies).toEqual(['OK', '1', 1, null])
    expect(redis.take()).toEqual([['SET', 'GET', 'DEL', 'GET']])
    expect(stats).toMatchObject({ requests: 1, commands: 4, errors: 0 })
  })

  test('are joined by one that was issued after awaiting something that is already there', async () => {
    const fixture = new LinkFixture()
    const late = async (): Promise<Reply> => {
      await undefined
      return fixture.read()
    }
    await Promise.all([fixture.read(), late()])
    expect(fixture.redis.take()).toEqual([['MGET']])
  })

  test('that read entries and stand next to each other are one command; each gets its own answer', async () => {
    const { link, redis } = new LinkFixture()
    const get = (key: string): Promise<Reply> =>
      link.send(['GET', key], { idempotent: true, mergeable: true })
    const set = (value: string): Promise<Reply> =>
      link.send(['SET', 'b', value, 'PX', 1000], { idempotent: false })
    await set('old')
    redis.requests.length = 0
    const replies = await Promise.all([get('a'), get('b'), set('new'), get('b'), get('b'), get('a')])
    expect(replies).toEqual([null, 'old', 'OK', 'new', 'new', null])
    expect(redis.requests).toEqual([
      [
        ['MGET', 'a', 'b'],
        ['SET', 'b', 'new', 'PX', 1000],
        ['MGET', 'b', 'b', 'a'],
      ],
    ])
  })

  test.each([
    ['an error', new RedisReplyError('OOM no room')],
    ['too few values', ['1']],
    ['no values', 'OK'],
  ] as const)('that read together all fail on %s in the place of values, and no others', async (_, reply) => {
    const { link, redis } = new LinkFixture()
    redis.replies.set('MGET', reply)
    const outcomes = await Promise.allSettled([
      link.send(['GET', 'a'], { idempotent: true, mergeable: true }),
      link.send(['GET', 'b'], { idempotent: true, mergeable: true }),
      link.send(['SET', 'c', '1', 'PX', 1000], { idempotent: false }),
    ])
    expect(outcomes).toMatchObject([
      { reason: { code: 'L2_REPLY' } },
      { reason: { code: 'L2_REPLY' } },
      { value: 'OK' },
    ])
  })

  test('that read anything else stay as they are: what is an error to GET is none to MGET', async () => {
    const { link, redis } = new LinkFixture()
    const get = (key: string, mergeable: boolean): Promise<Reply> =>
      link.send(['GET', key], { idempotent: true, mergeable })
    await Promise.all([get('a', true), get('b', true), get('c', false), get('d', false), get('e', true)])
    expect(redis.take()).toEqual([['MGET', 'GET', 'GET', 'GET']])
  })

  test('share no request with the next tick', async () => {
    const fixture = new LinkFixture()
    await fixture.read()
    await fixture.read()
    expect(fixture.redis.take()).toEqual([['GET'], ['GET']])
  })

  test('may run twice only where each of them may', async () => {
    const fixture = new LinkFixture()
    await Promise.all([fixture.read(), fixture.write()])
    await Promise.all([fixture.read(), fixture.read()])
    expect(fixture.redis.sent.map(({ idempotent }) => idempotent)).toEqual([false, true])
  })

  test('that are no more than 1,000 are one request; the next one starts another, in order', async () => {
    for (const [count, expected] of [
      [1000, [1000]],
      [1001, [1000, 1]],
      [2500, [1000, 1000, 500]],
    ] as const) {
      const fixture = new LinkFixture()
      const sends = Array.from({ length: count }, (_, i) => fixture.read(undefined, 'INCR', `k${i}`))
      await Promise.all(sends)
      expect(fixture.redis.requests.map((request) => request.length)).toEqual(expected)
      expect(fixture.redis.requests.flat().map(([, key]) => key)).toEqual(sends.map((_, i) => `k${i}`))
    }
  })

  test('are split where a request would pass 1.5 million characters, and one that alone does goes alone', async () => {
    const half = 'x'.repeat(750_000)
    const fixture = new LinkFixture()
    const sizes = [half, half, 'x', half, 'x'.repeat(3_000_000), 'x', 'x']
    await Promise.all(sizes.map((text) => fixture.read(undefined, 'INCR', text)))
    expect(fixture.redis.requests.map((request) => request.map(([, key]) => String(key).length))).toEqual([
      [750_000, 750_000, 1],
      [750_000],
      [3_000_000],
      [1, 1],
    ])
  })

  test.each([750_000, 1_000_000])(
    'are split before a request is larger than the server takes: of %i characters that JSON takes six bytes for',
    async (length) => {
      const fixture = new LinkFixture()
      await Promise.all(
        ['', 'b'].map((end) => fixture.read(undefined, 'INCR', '\u0001'.repeat(length) + end)),
      )
      for (const request of fixture.redis.requests)
        expect(JSON.stringify(request).length).toBeLessThan(10_000_000)
    },
  )

  test('that are split are sent one request after the other, so that their order holds', async () => {
    let running = 0
    let most = 0
    const fixture = new LinkFixture()
    fixture.redis.before = async () => {
      most = Math.max(most, ++running)
      await undefined
    }
    fixture.redis.after = () => void running--
    await Promise.all(Array.from({ length: 3000 }, () => fixture.read()))
    expect(most).toBe(1)
  })

  test('a failing request of several fails its own calls only', async () => {
    const fixture = new LinkFixture({ retries: 0 })
    fixture.fail(1)
    const outcomes = await Promise.allSettled(Array.from({ length: 1001 }, () => fixture.read()))
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1000)
    expect(outcomes.at(-1)).toEqual({ status: 'fulfilled', value: null })
    expect(fixture.stats.errors).toBe(1)
  })
})

describe('an error of one command', () => {
  test('rejects its own call, and no other of the batch', async () => {
    const fixture = new LinkFixture()
    fixture.redis.replies.set('GET', new RedisReplyError('WRONGTYPE canary'))
    const outcomes = await Promise.allSettled([fixture.write(), fixture.read(), fixture.write()])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: { code: 'L2_REPLY', retryable: false } })
    expect(fixture.stats).toMatchObject({ requests: 1, errors: 0 })
  })

  test('is not tried again', async () => {
    const fixture = new LinkFixture({ retries: 3 })
    fixture.redis.replies.set('GET', new RedisReplyError('LOADING'))
    await expect(fixture.read()).rejects.toEqual(failure('L2_REPLY'))
    expect(fixture.stats.requests).toBe(1)
  })
})

/** A transport that does one thing whatever it is asked. */
const always = (send: (commands: readonly Command[]) => unknown): LinkFixture =>
  new LinkFixture({ transport: { send } as Transport, retries: 0 })

describe('a transport', () => {
  test.each([
    ['an Error', new Error('canary')],
    ['a TypeError', new TypeError('canary')],
    ['a DOMException', new DOMException('canary', 'AbortError')],
    ['a string', 'canary'],
    ['nothing', undefined],
    ['null', null],
  ])('that rejects with %s rejects the calls as L2_NETWORK, which shows nothing of it', async (_, reason) => {
    const error: unknown = await always(() => Promise.reject(reason as Error))
      .read()
      .catch((e: unknown) => e)
    expect(error).toEqual(failure('L2_NETWORK'))
    expect(error).toMatchObject({ retryable: true, message: 'the request to Redis failed' })
    expect(error).not.toHaveProperty('cause')
  })

  test('that throws instead of rejecting does the same', async () => {
    const fixture = always(() => {
      throw new Error('canary')
    })
    await expect(fixture.read()).rejects.toEqual(failure('L2_NETWORK'))
    expect(fixture.clock.pending).toBe(0)
  })

  test.each([undefined, null, 5, {}, 'text'])(
    'that resolves to %s, no list of replies, rejects the calls',
    async (replies) => {
      const fixture = always(() => Promise.resolve(replies))
      const outcomes = await Promise.allSettled([fixture.read(), fixture.write()])
      for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { name: 'CacheError' } })
    },
  )

  test.each([
    ['too few', []],
    ['too few', ['OK']],
    ['too many', ['OK', 'OK', 'OK']],
  ])('that gives %s replies acknowledges no write', async (_, replies) => {
    const fixture = always(() => Promise.resolve(replies))
    const outcomes = await Promise.allSettled([fixture.read(), fixture.write()])
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { name: 'CacheError' } })
  })
})
