import { createHash } from 'node:crypto'
import { Redis } from '@upstash/redis'
import { beforeEach, describe, expect, test } from 'vitest'
import { createHybridCache, type HybridCache } from '../../../src/index.ts'
import { LuaScripts } from '../../../src/lua/index.ts'
import { onEveryEngine } from '../../support/servers.ts'

// A busy machine must not make a deadline of a slow answer.
const l2 = { timeout: '15s' } as const

onEveryEngine('scripts', (server) => {
  let cache: HybridCache<true>
  let prefixes = 0

  beforeEach(() => {
    cache = createHybridCache({ redis: server(), keyPrefix: `scripts-${prefixes++}`, l2 })
  })

  /** What went to the server meanwhile, by command. */
  async function counted(
    run: () => unknown,
  ): Promise<{ requests: number; byCommand: Record<string, number> }> {
    server().resetStats()
    await run()
    const { requests, byCommand } = server().stats()
    return { requests, byCommand }
  }

  test('a built-in script runs under the prefix of the cache, and durations will do for milliseconds', async () => {
    const { scripts } = cache
    expect(
      await scripts.execute(LuaScripts.IncrementWithExpiration, { keys: ['n'], args: [5, '1.5m'] }),
    ).toBe(5)
    expect(
      await scripts.execute(LuaScripts.IncrementWithExpiration, { keys: ['n'], args: [-2n, 90_000] }),
    ).toBe(3)
    const key = `scripts-${prefixes - 1}:s:n`
    const ttl = await scripts.execute<number>("return redis.call('PTTL', KEYS[1])", {
      keys: [key],
      rawKeys: true,
    })
    expect(ttl).toBeGreaterThan(80_000)
    expect(ttl).toBeLessThanOrEqual(90_000)
    expect(await cache.namespace('a').scripts.execute(LuaScripts.GetMultiple, { keys: ['n'] })).toEqual([
      null,
    ])
  })

  test('one request in the steady state; by text only where Redis does not know the script', async () => {
    const run = (): Promise<unknown> =>
      cache.scripts.execute(LuaScripts.SetIfNotExists, { keys: ['k'], args: ['v', 0] })
    await run()
    expect(await counted(run)).toEqual({ requests: 1, byCommand: { EVALSHA: 1, SET: 1 } })
    await fetch(server().url, {
      method: 'POST',
      headers: { authorization: `Bearer ${server().token}` },
      body: '["SCRIPT","FLUSH"]',
    })
    expect(await counted(run)).toEqual({ requests: 2, byCommand: { EVALSHA: 1, EVAL: 1, SET: 1 } })
    expect(await counted(run)).toEqual({ requests: 1, byCommand: { EVALSHA: 1, SET: 1 } })
    await server().stopRedis()
    await server().startRedis()
    expect(await counted(run)).toEqual({ requests: 2, byCommand: { EVALSHA: 1, EVAL: 1, SET: 1 } })
  })

  test('many runs in one tick share a request, and one text serves them all', async () => {
    const lua = `return redis.call('INCR', KEYS[1]) -- ${prefixes}`
    const runs = () =>
      Promise.all(Array.from({ length: 20 }, () => cache.scripts.execute<number>(lua, { keys: ['n'] })))
    let replies: number[] = []
    const cost = await counted(async () => {
      replies = await runs()
    })
    expect(replies.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    expect(cost).toEqual({ requests: 2, byCommand: { EVALSHA: 39, EVAL: 1, INCR: 20 } })
    expect(await counted(runs)).toEqual({ requests: 1, byCommand: { EVALSHA: 20, INCR: 20 } })
  })

  test('two isolates that race for a script that nobody knows both get their answer', async () => {
    const lua = `return {KEYS[1], ARGV[1], ${prefixes}}`
    const other = createHybridCache({ redis: server(), keyPrefix: 'other', l2 })
    const [a, b] = await Promise.all([
      cache.scripts.execute(lua, { keys: ['k'], args: ['a'] }),
      other.scripts.execute(lua, { keys: ['k'], args: ['b'] }),
    ])
    expect([a, b]).toEqual([
      [`scripts-${prefixes - 1}:s:k`, 'a', prefixes],
      ['other:s:k', 'b', prefixes],
    ])
  })

  test('a prepared script is known by the SHA-1 of what is sent, and reads only where it says so', async () => {
    const lua = "return redis.call('GET', KEYS[1])"
    const read = await cache.scripts.prepare<string | null>(lua, { readonly: true, name: 'read' })
    expect(await read.execute({ keys: ['k'] })).toBeNull()
    expect(await counted(() => read.execute({ keys: ['k'] }))).toEqual({
      requests: 1,
      byCommand: { EVALSHA_RO: 1, GET: 1 },
    })
    const sha = createHash('sha1').update(`#!lua flags=no-writes,allow-key-locking\n${lua}`).digest('hex')
    const known = await fetch(`${server().url}/script/exists/${sha}`, {
      headers: { authorization: `Bearer ${server().token}` },
    })
    expect(await known.json()).toEqual({ result: [1] })
    const write = await cache.scripts.prepare("return redis.call('SET', KEYS[1], 1)", { readonly: true })
    await expect(write.execute({ keys: ['k'] })).rejects.toMatchObject({ code: 'SCRIPT' })
  })

  test.each<[string, unknown]>([
    ['return 7', 7],
    ['return 3.99', 3],
    ['return nil', null],
    ['return false', null],
    ['return true', 1],
    ["return 'OK'", 'OK'],
    ["return {'OK', {1, {'deep', false}}, ''}", ['OK', [1, ['deep', null]], '']],
    ["return redis.status_reply('FINE')", 'FINE'],
    ["return '12345678901234567890'", '12345678901234567890'],
    ['return 9007199254740991', 9007199254740991],
    ["return 'ünïcödé 🙂 \\\\ \\n'", 'ünïcödé 🙂 \\ \n'],
    ['return {}', []],
  ])('%s gives %j', async (lua, reply) => {
    expect(await cache.scripts.execute(lua)).toEqual(reply)
  })

  test('a number that JSON would round is an error and not another number', async () => {
    const run = cache.scripts.execute("return redis.call('INCRBY', KEYS[1], ARGV[1])", {
      keys: ['n'],
      args: [9_007_199_254_740_993n],
    })
    await expect(run).rejects.toMatchObject({
      code: 'SCRIPT',
      message: expect.stringContaining('string') as string,
    })
  })

  test('a script is held to its KEYS where it is written, unless it says that it finds its keys itself', async () => {
    const lua = "return redis.call('EXISTS', KEYS[1] .. ':other')"
    await expect(cache.scripts.execute(lua, { keys: ['k'] })).rejects.toThrow(
      /line 1: Dynamic keys are not allowed/,
    )
    const free = await cache.scripts.prepare(lua, { dynamicKeys: true })
    expect(await free.execute({ keys: ['k'] })).toBe(0)
  })

  test('bytes that are no text come back exactly where they are asked for', async () => {
    const lua = "return {string.char(0, 127, 128, 255, 10), 'OK', {'text', 7}, redis.status_reply('FINE')}"
    const text = new TextEncoder()
    expect(await cache.scripts.execute(lua, { binary: true })).toEqual([
      new Uint8Array([0, 127, 128, 255, 10]),
      text.encode('OK'),
      [text.encode('text'), 7],
      expect.any(Uint8Array),
    ])
    expect(await cache.scripts.execute("return redis.status_reply('OK')", { binary: true })).toEqual(
      text.encode('OK'),
    )
    expect(await cache.scripts.execute('return ARGV[1]', { args: ['ünïcödé'], binary: true })).toEqual(
      text.encode('ünïcödé'),
    )
    const mixed = [cache.scripts.execute("return 'a'"), cache.scripts.execute("return 'b'", { binary: true })]
    expect(await Promise.all(mixed)).toEqual(['a', text.encode('b')])
  })

  test('a client of your own cannot give bytes, and says so', async () => {
    const own = createHybridCache({ redis: new Redis({ url: server().url, token: server().token }), l2 })
    expect(await own.scripts.execute("return {1, 'OK', '007', false}")).toEqual([1, 'OK', '007', null])
    await expect(own.scripts.execute("return 'a'", { binary: true })).rejects.toThrow(/url, token/)
  })

  test('arguments arrive as they are, however hostile', async () => {
    const args = [
      "'",
      '"',
      '\\',
      ']]--',
      '\n',
      '\r\n',
      '\0',
      '',
      ' ',
      '🙂',
      'x'.repeat(1_000_000),
      1.5,
      -0,
      1e21,
      2n ** 70n,
    ]
    const expected = args.map((arg) => (arg === 1e21 ? '1000000000000000000000' : String(arg)))
    expect(await cache.scripts.execute('return ARGV', { args })).toEqual(expected)
  })

  describe('what is wrong', () => {
    test('a failing script is named with the line of its source, never with its arguments', async () => {
      const lua = "local a = ARGV[1]\n\nreturn redis.call('INCRBY', KEYS[1], a)"
      const failing = await cache.scripts.prepare(lua, { name: 'adder' })
      const error: unknown = await failing
        .execute({ keys: ['secret-key'], args: ['secret-value'] })
        .catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'SCRIPT', retryable: false })
      expect(String(error)).toMatch(/the script adder failed at line 3: .*not an integer/)
      expect(String(error)).not.toContain('secret')
    })

    test.each([
      ['return nothing.at.all', /line 1: (Script attempted|attempt to)/],
      ['local x = {} \nreturn x + 1', /line 2: attempt to perform arithmetic/],
      ["return redis.error_reply('MYERR ' .. ARGV[1])", /an error of kind MYERR$/],
      ["error('boom ' .. ARGV[1])", /failed/],
      ['return (', /failed/],
      ["return redis.call('NOSUCH')", /Unknown Redis command/],
    ])('%s', async (lua, message) => {
      const run = cache.scripts.execute(lua, { args: ['secret-value'] })
      await expect(run).rejects.toThrow(message)
      await expect(run).rejects.not.toThrow(/secret/)
    })

    test('a refusal of a built-in script says why', async () => {
      const run = cache.scripts.execute(LuaScripts.AcquireLock, { keys: ['k'], args: ['mine', 0] })
      await expect(run).rejects.toThrow(/AcquireLock failed.*milliseconds/)
    })
  })
})

test('in memory only there are no scripts', () => {
  expect(createHybridCache().scripts).toBeUndefined()
})
