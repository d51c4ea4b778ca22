import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Command, RedisReplyError, type Reply } from '../../../src/index.ts'
import { type Connected, type Kind, kinds } from './clients.ts'
import { NO_REDIS, onEveryServer } from './servers.ts'
import { type TestRedis, startTestRedis } from '../../support/redis-server.ts'

const options = { signal: new AbortController().signal, idempotent: true }
const send = async (
  client: Connected | undefined,
  ...commands: Command[]
): Promise<readonly (Reply | RedisReplyError)[]> => client?.transport.send(commands, options) ?? []

onEveryServer((port) => {
  describe.each(kinds)('$name', (kind) => {
    let client: Connected | undefined
    beforeAll(async () => {
      client = await kind.connect(port())
    })
    afterAll(() => client?.close())

    test('a command for the wrong type is an error in its place, with the text of Redis', async () => {
      const key = `list:${randomUUID()}`
      const replies = await send(client, ['RPUSH', key, 'a', 'b'], ['GET', key], ['LRANGE', key, 0, -1])
      expect(replies).toEqual([2, expect.any(RedisReplyError), ['a', 'b']])
      expect((replies[1] as Error).message).toMatch(/^WRONGTYPE Operation against a key/)
    })

    test('a batch without commands has no replies', async () => {
      expect(await send(client)).toEqual([])
    })

    test('integers are exact, or errors where a client may have rounded them', async () => {
      const key = `big:${randomUUID()}`
      const last = 2 ** 53 - 65
      const set = (value: bigint): Command[] => [
        ['SET', key, String(value)],
        ['INCRBY', key, 0],
      ]
      const of = async (value: bigint): Promise<unknown> => (await send(client, ...set(value)))[1]
      for (const sign of [1n, -1n]) {
        for (const value of [0n, 255n, 2n ** 31n, 2n ** 32n + 1n, 1_700_000_000_123_456n, BigInt(last)])
          expect(await of(sign * value)).toBe(Number(sign * value) + 0)
        for (let beyond = 1n; beyond < 140n; beyond++)
          expect(await of(sign * (BigInt(last) + beyond))).toBeInstanceOf(RedisReplyError)
      }
    })

    test('the largest integer of Redis is not rounded either, alone or in a list', async () => {
      const key = `max:${randomUUID()}`
      const replies = await send(
        client,
        ['SET', key, '9223372036854775806'],
        ['INCR', key],
        ['EVAL', 'return {1, redis.call("INCRBY", KEYS[1], -1)}', 1, key],
        ['GET', key],
      )
      expect(replies).toEqual([
        'OK',
        expect.any(RedisReplyError),
        expect.any(RedisReplyError),
        '9223372036854775806',
      ])
    })

    test('a script fails with its own text, also one without a kind', async () => {
      const replies = await send(
        client,
        ['EVAL', "return redis.error_reply('STALE it changed')", 0],
        ['EVAL', "return {err='lower case'}", 0],
        ['EVALSHA', 'f'.repeat(40), 0],
      )
      expect(replies.map((reply) => reply instanceof RedisReplyError)).toEqual([true, true, true])
      const [own, lower, missing] = replies as RedisReplyError[]
      expect(own?.message).toBe('STALE it changed')
      expect(lower?.message).toContain('lower case')
      expect(missing?.message).toMatch(/^NOSCRIPT/)
    })
  })
})

describe.skipIf(NO_REDIS)('shapes, on redis-server', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startTestRedis()
  })
  afterAll(() => redis?.kill())

  const versions = kinds.flatMap((kind): { kind: Kind; name: string; resp?: 2 | 3 }[] =>
    kind.name === 'redis 4' || kind.name === 'ioredis 5'
      ? [{ kind, name: kind.name }]
      : ([2, 3] as const).map((resp) => ({ kind, name: `${kind.name}, RESP${resp}`, resp })),
  )

  describe.each(versions)('$name', ({ kind, resp }) => {
    let client: Connected | undefined
    beforeAll(async () => {
      client = await kind.connect(redis.port, resp && { resp })
    })
    afterAll(() => client?.close())

    test('maps are flat lists in the order of Redis, doubles text', async () => {
      const key = `shapes:${randomUUID()}`
      const replies = await send(
        client,
        ['HSET', `${key}:h`, 'b', '1', '10', '2', '9', 'OK'],
        ['HGETALL', `${key}:h`],
        ['ZADD', `${key}:z`, '1.5', 'a', '17', 'b'],
        ['ZSCORE', `${key}:z`, 'a'],
        ['ZSCORE', `${key}:z`, 'b'],
        ['ZADD', `${key}:z`, '+inf', 'c'],
        ['ZSCORE', `${key}:z`, 'c'],
        ['ZINCRBY', `${key}:z`, '100000000000000000', 'a'],
        ['SADD', `${key}:s`, 'm'],
        ['SMEMBERS', `${key}:s`],
        ['ZRANGE', `${key}:z`, '0', '0'],
        ['ZRANGE', `${key}:z`, '17', '+inf', 'BYSCORE', 'LIMIT', '0', '1', 'WITHSCORES'],
        ['ZRANGE', `${key}:none`, '0', '-1', 'WITHSCORES'],
        ['HRANDFIELD', `${key}:h`, '-1', 'WITHVALUES'],
      )
      expect(replies).toEqual([
        3,
        ['b', '1', '10', '2', '9', 'OK'],
        2,
        '1.5',
        '17',
        1,
        'inf',
        expect.stringMatching(/^1(e\+?17|0{17})$/),
        1,
        ['m'],
        ['b'],
        ['b', '17'],
        [],
        [expect.any(String), expect.any(String)],
      ])
    })

    test('booleans, big numbers and doubles of RESP3 have the shapes of RESP2', async () => {
      const script = (value: string): Command => ['EVAL', `redis.setresp(3) return ${value}`, 0]
      expect(
        await send(
          client,
          script('true'),
          script('false'),
          script('{double=2.5}'),
          script("{map={a={double=3},b='x'}}"),
          script("{big_number='1234567890123456789012345'}"),
        ),
      ).toEqual([
        1,
        resp === 3 ? 0 : expect.toBeOneOf([null, 0]),
        '2.5',
        resp === 3 ? ['a', '3', 'b', 'x'] : expect.any(Array),
        '1234567890123456789012345',
      ])
    })

    test('a transaction gives its replies, and an error inside stands for all of it', async () => {
      const key = `multi:${randomUUID()}`
      const replies = await send(
        client,
        ['MULTI'],
        ['SET', key, 'x'],
        ['GET', key],
        ['EXEC'],
        ['MULTI'],
        ['INCR', key],
        ['EXEC'],
      )
      expect(replies).toEqual([
        'OK',
        'QUEUED',
        'QUEUED',
        ['OK', 'x'],
        'OK',
        'QUEUED',
        expect.any(RedisReplyError),
      ])
    })
  })
})
