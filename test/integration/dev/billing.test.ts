import { expect, test } from 'vitest'
import { describeOnEngines } from './engines.ts'
import { post, rest, run } from './rest.ts'

describeOnEngines('billing', (server) => {
  const counted = async (work: () => Promise<unknown>): Promise<Record<string, number>> => {
    server().resetStats()
    await work()
    const { commands, byCommand } = server().stats()
    expect(commands).toBe(Object.values(byCommand).reduce((sum, times) => sum + times, 0))
    return byCommand
  }

  test('a command costs one, also when it fails; an unknown one nothing', async () => {
    expect(await counted(() => run(server(), 'get', 'a'))).toEqual({ GET: 1 })
    expect(await counted(() => rest(server(), '/get/a'))).toEqual({ GET: 1 })
    expect(await counted(() => run(server(), 'SET', 'a'))).toEqual({ SET: 1 })
    expect(await counted(() => run(server(), 'user:17:secret'))).toEqual({})
  })

  test('each command of a pipeline and of a transaction, and not MULTI and EXEC', async () => {
    const commands = [
      ['SET', 'a', 1],
      ['INCR', 'a'],
      ['INCR', 'a'],
    ]
    expect(await counted(() => post(server(), '/pipeline', commands))).toEqual({ SET: 1, INCR: 2 })
    expect(await counted(() => post(server(), '/multi-exec', commands))).toEqual({ SET: 1, INCR: 2 })
    expect(server().stats().requests).toBe(1)
  })

  test('a script and every call inside it', async () => {
    const script =
      "redis.call('SET', KEYS[1], 1) for _ = 1, 5 do redis.call('incr', KEYS[1]) end " +
      "redis.pcall('LPUSH', KEYS[1], 1) return redis.call('GET', KEYS[1])"
    const inner = { SET: 1, INCR: 5, LPUSH: 1, GET: 1 }
    for (const shebang of ['', '#!lua flags=allow-key-locking\n']) {
      const text = `${shebang}${script}`
      const { result: sha } = (await run(server(), 'SCRIPT', 'LOAD', text)) as { result: string }
      expect(await counted(() => run(server(), 'EVAL', text, 1, 'b'))).toEqual({ EVAL: 1, ...inner })
      expect(await counted(() => run(server(), 'EVALSHA', sha, 1, 'b'))).toEqual({ EVALSHA: 1, ...inner })
      const both = [
        ['EVALSHA', sha, 1, 'b'],
        ['GET', 'b'],
      ]
      expect(await counted(() => post(server(), '/multi-exec', both))).toEqual({
        EVALSHA: 1,
        ...inner,
        GET: 2,
      })
    }
  })

  test('what a script called before it failed, and the call that failed', async () => {
    const failing = "redis.call('SET', 'c', 'x')\nredis.call('INCR', 'c')\nredis.call('GET', 'c')"
    expect(await counted(() => run(server(), 'EVAL', failing, 0))).toEqual({ EVAL: 1, SET: 1, INCR: 1 })
    const raising = "redis.call('SET', 'c', 'x')\nerror('enough')"
    expect(await counted(() => run(server(), 'EVAL', raising, 0))).toEqual({ EVAL: 1, SET: 1 })
  })

  test('calls through an alias and in functions', async () => {
    const text =
      "local call, quiet = redis.call, redis.pcall local function twice() call('PING') quiet('PING') end twice() twice()"
    expect(await counted(() => run(server(), 'EVAL', text, 0))).toEqual({ EVAL: 1, PING: 4 })
  })

  test('EVALSHA that finds nothing and a script that does not compile cost one', async () => {
    expect(await counted(() => run(server(), 'EVALSHA', 'f'.repeat(40), 0))).toEqual({ EVALSHA: 1 })
    expect(await counted(() => run(server(), 'EVAL', 'return 1 +', 0))).toEqual({ EVAL: 1 })
    expect(await counted(() => run(server(), 'SCRIPT', 'LOAD', 'return 42'))).toEqual({ SCRIPT: 1 })
  })

  test('the counters over HTTP', async () => {
    server().resetStats()
    await post(server(), '/pipeline', [
      ['SET', 'h', 1],
      ['GET', 'h'],
    ])
    const expected = { requests: 1, commands: 2, byCommand: { SET: 1, GET: 1 } }
    expect((await rest(server(), '/_stats')).json).toEqual(expected)
    expect((await rest(server(), '/_stats')).json).toEqual(expected)
    expect((await post(server(), '/_stats/reset', '')).json).toEqual({
      requests: 0,
      commands: 0,
      byCommand: {},
    })
    expect((await rest(server(), '/_stats/reset')).status).toBe(405)
    expect((await post(server(), '/_stats', '')).status).toBe(405)
  })
})
