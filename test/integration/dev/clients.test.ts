import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'
import { beforeEach, describe, expect, test } from 'vitest'
import { describeOnEngines } from './engines.ts'

describeOnEngines('@upstash/redis', (server) => {
  let redis: Redis
  beforeEach(() => {
    redis = new Redis({ url: server().url, token: server().token })
  })

  test('values of every kind, with the default options', async () => {
    expect(await redis.set('u:text', 'héllo')).toBe('OK')
    expect(await redis.get('u:text')).toBe('héllo')
    await redis.set('u:json', { a: [1, null, 'x'] }, { ex: 100 })
    expect(await redis.get('u:json')).toEqual({ a: [1, null, 'x'] })
    expect(await redis.get('u:none')).toBeNull()
    expect(await redis.incrby('u:n', 5)).toBe(5)
    expect(await redis.mget('u:text', 'u:none', 'u:n')).toEqual(['héllo', null, 5])
    await redis.hset('u:hash', { one: 1, two: 'zwei' })
    expect(await redis.hgetall('u:hash')).toEqual({ one: 1, two: 'zwei' })
    await redis.zadd('u:zset', { score: 1.5, member: 'm' })
    expect(await redis.zrange('u:zset', 0, -1, { withScores: true })).toEqual(['m', 1.5])
    expect(await redis.set('u:ok', 'OK')).toBe('OK')
    expect(await redis.get('u:ok')).toBe('OK')
  })

  test('auto-pipelining puts the calls of one tick into one request', async () => {
    await redis.mset({ 'a:1': 1, 'a:2': 2 })
    server().resetStats()
    expect(await Promise.all([redis.get('a:1'), redis.get('a:2'), redis.exists('a:3')])).toEqual([1, 2, 0])
    expect(server().stats()).toEqual({ requests: 1, commands: 3, byCommand: { GET: 2, EXISTS: 1 } })
  })

  test('pipelines, with and without errors', async () => {
    const pipeline = redis.pipeline().set('p:1', 'x').incr('p:1').get('p:1')
    expect(await pipeline.exec({ keepErrors: true })).toEqual([
      { error: undefined, result: 'OK' },
      { error: 'ERR value is not an integer or out of range', result: undefined },
      { error: undefined, result: 'x' },
    ])
    await expect(redis.pipeline().incr('p:1').exec()).rejects.toThrow('ERR value is not an integer')
  })

  test('multi', async () => {
    const results = await redis.multi().set('m:1', 1).incr('m:1').lrange('m:list', 0, -1).exec()
    expect(results).toEqual(['OK', 2, []])
  })

  test('scripts through the Script helper: EVALSHA, then EVAL, then EVALSHA', async () => {
    await redis.scriptFlush()
    const script = redis.createScript<[string, number]>(
      "#!lua flags=allow-key-locking\nreturn {ARGV[1], redis.call('INCR', KEYS[1])}",
    )
    server().resetStats()
    expect(await script.exec(['s:n'], ['ünï'])).toEqual(['ünï', 1])
    expect(await script.exec(['s:n'], ['ünï'])).toEqual(['ünï', 2])
    expect(server().stats().byCommand).toEqual({ EVALSHA: 2, EVAL: 1, INCR: 2 })
    const reader = redis.createScript<number, true>(
      "#!lua flags=no-writes,allow-key-locking\nreturn redis.call('GET', KEYS[1])",
      {
        readonly: true,
      },
    )
    expect(await reader.exec(['s:n'], [])).toBe(2)
    expect(await redis.scriptExists(await sha(script))).toEqual([1])
  })

  test('binary-safe text and a body beyond one TCP segment', async () => {
    const value = '🐎'.repeat(50_000)
    await redis.set('b:large', value)
    expect(await redis.get('b:large')).toBe(value)
  })

  test('a wrong token is what the client says it is', async () => {
    const stranger = new Redis({ url: server().url, token: 'wrong', retry: { retries: 0 } })
    await expect(stranger.get('a')).rejects.toThrow('WRONGPASS')
  })

  test('scans', async () => {
    await redis.mset({ 'scan:1': 1, 'scan:2': 2 })
    const [, keys] = await redis.scan(0, { match: 'scan:*', count: 1_000 })
    expect(keys.toSorted()).toEqual(['scan:1', 'scan:2'])
  })
})

describeOnEngines('@upstash/ratelimit', (server) => {
  const limiter = (
    algorithm: ConstructorParameters<typeof Ratelimit>[0]['limiter'],
    prefix: string,
  ): Ratelimit => {
    const redis = new Redis({ url: server().url, token: server().token })
    return new Ratelimit({ redis, limiter: algorithm, prefix, ephemeralCache: false })
  }

  describe.each([
    ['fixedWindow', Ratelimit.fixedWindow(3, '365 d')],
    ['slidingWindow', Ratelimit.slidingWindow(3, '365 d')],
    ['tokenBucket', Ratelimit.tokenBucket(1, '365 d', 3)],
  ] as const)('%s', (name, algorithm) => {
    test('admits its limit and no more, in one request a check', async () => {
      const ratelimit = limiter(algorithm, name)
      const { success } = await ratelimit.limit('warm-up')
      expect(success).toBe(true)
      server().resetStats()
      const results = []
      for (let check = 0; check < 5; check++) results.push(await ratelimit.limit('someone'))
      expect(results.map((result) => result.success)).toEqual([true, true, true, false, false])
      expect(results.map((result) => result.remaining)).toEqual([2, 1, 0, 0, 0])
      expect(server().stats().requests).toBe(5)
      expect((await ratelimit.limit('someone else')).success).toBe(true)
    })

    test('getRemaining and resetUsedTokens', async () => {
      const ratelimit = limiter(algorithm, `${name}-reset`)
      await ratelimit.limit('x')
      expect((await ratelimit.getRemaining('x')).remaining).toBe(2)
      await ratelimit.resetUsedTokens('x')
      expect((await ratelimit.getRemaining('x')).remaining).toBe(3)
    })
  })

  test('the first hit of a fixed window costs what Upstash documents: EVAL, INCR, PEXPIRE', async () => {
    const ratelimit = limiter(Ratelimit.fixedWindow(10, '365 d'), 'cost')
    await ratelimit.limit('warm-up')
    server().resetStats()
    await ratelimit.limit('first')
    expect(server().stats().commands).toBe(3)
  })
})

async function sha(script: { readonly script: string }): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(script.script))
  return Buffer.from(digest).toString('hex')
}
