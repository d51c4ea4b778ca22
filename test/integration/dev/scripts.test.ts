import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Connection } from '../../../src/dev/connection.ts'
import { startDevServer } from '../../../src/dev/index.ts'
import { command } from '../../../src/dev/resp.ts'
import { startTestRedis } from '../../support/redis-server.ts'
import { describeOnEngines, NO_REDIS, useServer } from './engines.ts'
import { post, run } from './rest.ts'

const NOSCRIPT = { error: 'NOSCRIPT No matching script. Please use EVAL.' }
const LOCKING = '#!lua flags=allow-key-locking\n'
const READ_LOCKING = '#!lua flags=no-writes,allow-key-locking\n'

const sha = (text: string): string => createHash('sha1').update(text).digest('hex')

describeOnEngines('scripts', (server) => {
  describe.each([
    ['plain', ''],
    ['plain shebang', '#!lua\n'],
    ['key locking', LOCKING],
    ['key locking, spaced', '#!lua  flags=allow-key-locking \r\n'],
  ])('%s', (_, shebang) => {
    const incr = (name: string): string =>
      `${shebang}return {redis.call('INCR', KEYS[1]), ARGV[1], '${name}'}`

    test('EVAL, and then EVALSHA by the SHA-1 of the text sent', async () => {
      const text = incr('eval')
      await run(server(), 'DEL', 'k')
      expect(await run(server(), 'EVALSHA', sha(text), 1, 'k', 'a')).toEqual(NOSCRIPT)
      expect(await run(server(), 'EVAL', text, 1, 'k', 'a')).toEqual({ result: [1, 'a', 'eval'] })
      expect(await run(server(), 'EVALSHA', sha(text), 1, 'k', 'b')).toEqual({ result: [2, 'b', 'eval'] })
      expect(await run(server(), 'evalsha', sha(text).toUpperCase(), 1, 'k', 'c')).toEqual({
        result: [3, 'c', 'eval'],
      })
    })

    test('SCRIPT LOAD and EXISTS speak of the text sent', async () => {
      const text = incr('load')
      expect(await run(server(), 'SCRIPT', 'EXISTS', sha(text), 'f'.repeat(40))).toEqual({ result: [0, 0] })
      expect(await run(server(), 'SCRIPT', 'LOAD', text)).toEqual({ result: sha(text) })
      expect(await run(server(), 'SCRIPT', 'EXISTS', 'f'.repeat(40), sha(text))).toEqual({ result: [0, 1] })
      await run(server(), 'DEL', 'k')
      expect(await run(server(), 'EVALSHA', sha(text), 1, 'k', 'x')).toEqual({ result: [1, 'x', 'load'] })
    })

    test('after SCRIPT FLUSH and after a restart the client hears NOSCRIPT', async () => {
      const text = incr('lost')
      await run(server(), 'SCRIPT', 'LOAD', text)
      await run(server(), 'SCRIPT', 'FLUSH')
      expect(await run(server(), 'EVALSHA', sha(text), 1, 'k', '')).toEqual(NOSCRIPT)
      expect(await run(server(), 'SCRIPT', 'EXISTS', sha(text))).toEqual({ result: [0] })
      await run(server(), 'EVAL', text, 1, 'k', '')
      await server().stopRedis()
      await server().startRedis()
      const answer = await post(server(), '/', ['EVALSHA', sha(text), 1, 'k', ''])
      expect(answer.status).toBe(400)
      expect(answer.json).toEqual(NOSCRIPT)
      expect(await run(server(), 'EVAL', text, 1, 'k', '')).toEqual({ result: [1, '', 'lost'] })
    })
  })

  test('read-only scripts read, and may not write', async () => {
    await run(server(), 'SET', 'ro', 'value')
    const read = `${READ_LOCKING}return redis.call('GET', KEYS[1])`
    const write = `${READ_LOCKING}\nreturn redis.call('SET', KEYS[1], 'changed')`
    expect(await run(server(), 'EVAL_RO', read, 1, 'ro')).toEqual({ result: 'value' })
    expect(await run(server(), 'EVALSHA_RO', sha(read), 1, 'ro')).toEqual({ result: 'value' })
    expect(await run(server(), 'EVAL', read, 1, 'ro')).toEqual({ result: 'value' })
    expect(await run(server(), 'EVALSHA', sha(read), 1, 'ro')).toEqual({ result: 'value' })
    const refused = {
      error: `ERR Write commands are not allowed from read-only scripts. script: ${sha(write)}, on @user_script:3.`,
    }
    expect(await run(server(), 'EVAL', write, 1, 'ro')).toEqual(refused)
    expect(await run(server(), 'EVAL_RO', write, 1, 'ro')).toEqual(refused)
    expect(await run(server(), 'EVALSHA', sha(write), 1, 'ro')).toEqual(refused)
    expect(await run(server(), 'GET', 'ro')).toEqual({ result: 'value' })
  })

  test('key locking alone does not keep a script from the read-only variants', async () => {
    await run(server(), 'SET', 'ro', 'value')
    const read = `${LOCKING}return redis.call('GET', KEYS[1])`
    expect(await run(server(), 'EVAL_RO', read, 1, 'ro')).toEqual({ result: 'value' })
    expect(await run(server(), 'EVALSHA_RO', sha(read), 1, 'ro')).toEqual({ result: 'value' })
  })

  test('a script with bytes beyond ASCII runs unchanged', async () => {
    const text = `${LOCKING}return 'žluť – ' .. ARGV[1]`
    expect(await run(server(), 'EVAL', text, 0, '🐎')).toEqual({ result: 'žluť – 🐎' })
    expect(await run(server(), 'EVALSHA', sha(text), 0, 'x')).toEqual({ result: 'žluť – x' })
  })

  test.each([
    ['return nil', null],
    ['', null],
    ['return false', null],
    ['return true', 1],
    ['return 3.99', 3],
    ['return -0.5', 0],
    ["return '3.99'", '3.99'],
    ['return {1, nil, 3}', [1]],
    ['return {1, false, 3}', [1, null, 3]],
    ['return {}', []],
    ["return {{{'deep'}}}", [[['deep']]]],
    ["return redis.status_reply('OK')", 'OK'],
    ["return {ok = 'FINE'}", 'FINE'],
    ["return redis.call('SET', 'v', 1)", 'OK'],
    ["return redis.sha1hex('')", sha('')],
    ["return redis.pcall('GET')['err'] ~= nil", 1],
    ["local call = redis.call call('SET', 'v', 7) return call('GET', 'v')", '7'],
    ['return 1 -- and a comment', 1],
    ['return 1;', 1],
    ['local function f(...) return select("#", ...) end return f(KEYS, ARGV)', 2],
    ["local ok, why = pcall(redis.call, 'GET') return {tostring(ok), type(why)}", ['false', 'string']],
  ])('%j gives %j', async (text, result) => {
    expect(await run(server(), 'EVAL', text, 0)).toEqual({ result })
    expect(await run(server(), 'EVAL', `${LOCKING}${text}`, 1, 'v')).toEqual({ result })
  })

  test.each([
    ['1700000000123456', '1700000000123456'],
    ['-2^53', '-9007199254740992'],
    ['1.5', '1.5'],
    ['7', '7'],
  ])('the number %s arrives in a command as %s', async (number, text) => {
    const script = `redis.call('MSET', KEYS[1], 'text', ${number}, ${number}) return redis.call('MGET', KEYS[1], ${number})`
    for (const shebang of ['', LOCKING])
      expect(await run(server(), 'EVAL', `${shebang}${script}`, 2, 'v', text)).toEqual({
        result: ['text', text],
      })
    expect(await run(server(), 'GET', text)).toEqual({ result: text })
  })

  test('a command in a script may have thousands of arguments, numbers too', async () => {
    const script = (word: string): string =>
      `local words = {} for i = 1, 7000 do words[i] = ${word} end return redis.call('RPUSH', KEYS[1], unpack(words))`
    await run(server(), 'DEL', 'long')
    expect(await run(server(), 'EVAL', script('i'), 1, 'long')).toEqual({ result: 7_000 })
    expect(await run(server(), 'EVAL', script("'x'"), 1, 'long')).toEqual({ result: 14_000 })
  })

  test('an error that a script returns is its reply', async () => {
    expect(await run(server(), 'EVAL', "return redis.error_reply('MINE as it is')", 0)).toEqual({
      error: 'MINE as it is',
    })
    expect(await run(server(), 'EVAL', "return redis.pcall('INCRBY', 'v', 'x')", 0)).toEqual({
      error: 'ERR value is not an integer or out of range',
    })
  })

  describe.each([
    ['plain', ''],
    ['key locking', LOCKING],
    ['read-only', READ_LOCKING],
  ])('errors of a script (%s)', (_, shebang) => {
    const extra = shebang === '' ? 0 : 1

    test.each([
      ["local x = 1\nreturn redis.call('GET')", 2, /^ERR (W|w)rong number of arg.* script: /],
      ["local x = 1\n\nlocal y = redis.call('GET')\nreturn y", 3, /^ERR (W|w)rong number of arg.* script: /],
      ["\nreturn redis.call('NOSUCHCOMMAND')", 2, /^ERR Unknown Redis command called from script script: /],
      ["local function f()\n  return redis.call('GET')\nend\n\nreturn f()", 2, /^ERR (W|w)rong number/],
      ["local x\nerror('boom')", 2, /^ERR user_script:LINE: boom script: /],
      ["\n\nerror('boom', 0)", 3, /^ERR boom script: /],
      ["\nreturn error({err = 'MYERR boom'})", 2, /^MYERR boom script: /],
      [
        'local x\n\nreturn x.y',
        3,
        /^ERR user_script:LINE: attempt to index local 'x' \(a nil value\) script: /,
      ],
      [
        '\nreturn unknown',
        2,
        /^ERR user_script:LINE: Script attempted to access nonexistent global variable 'unknown' script: /,
      ],
      ['\nglobal = 1', 2, /^ERR user_script:LINE: Attempt to modify a readonly table script: /],
      ["\nassert(false, 'no')", 2, /^ERR (user_script:LINE: )?no script: /],
      [
        "\nredis.call('GET', {})",
        2,
        /^ERR (Lua redis lib c|C)ommand arguments must be strings or integers script: /,
      ],
    ])('%j fails on line %i', async (script, line, pattern) => {
      const text = `${shebang}${script}`
      const { error } = (await run(server(), 'EVAL', text, 0)) as { error: string }
      expect(error).toMatch(new RegExp(pattern.source.replace('LINE', String(line + extra))))
      expect(error).toMatch(new RegExp(` script: ${sha(text)}, on @user_script:${line + extra}\\.$`))
    })

    test.each([
      ['return 1 +', "near '<eof>'"],
      ['return 1 end do return 2', "'<eof>' expected near 'end'"],
      ['local x = \nreturn ]', "near 'return'"],
    ])('%j does not compile, alone or wrapped', async (script, why) => {
      const text = `${shebang}\n${script}`
      const { error } = (await run(server(), 'EVAL', text, 0)) as { error: string }
      const line = 1 + extra + script.split('\n').length
      expect(error).toMatch(
        new RegExp(`^ERR (Error compiling script \\(new function\\): )?user_script:${line}: `),
      )
      expect(error).toContain(why)
      expect(error.replace(sha(text), '')).not.toMatch(/[0-9a-f]{40}/)
    })
  })

  test('a first line that is no known shebang is refused', async () => {
    for (const line of ['#!lua flags=nonsense', '#!python', '# comment']) {
      const answer = await post(server(), '/', ['EVAL', `${line}\nreturn 1`, 0])
      expect(answer.status).toBe(400)
      expect(answer.json).toEqual({ error: expect.stringMatching(/^ERR /) })
    }
  })

  test('a flag that is not on the first line is no flag', async () => {
    const answer = await post(server(), '/', ['EVAL', `\n${LOCKING}return 1`, 0])
    expect(answer.status).toBe(400)
  })

  test('the arity errors are those of Redis', async () => {
    expect(await run(server(), 'EVAL', 'return 1')).toEqual({
      error: "ERR wrong number of arguments for 'eval' command",
    })
    expect(await run(server(), 'EVAL', 'return 1', 'x')).toEqual({
      error: 'ERR value is not an integer or out of range',
    })
    expect(await run(server(), 'EVAL', 'return 1', 2, 'a')).toEqual({
      error: "ERR Number of keys can't be greater than number of args",
    })
  })
})

describe.skipIf(NO_REDIS)('a real Redis', () => {
  const server = useServer({ engine: 'redis-server' })

  test('that cannot try a script when it first comes is asked again the next time', async () => {
    await using redis = await startTestRedis()
    await using own = await startDevServer({ engine: { url: redis.url } })
    const admin = new Connection(() => ({ host: '127.0.0.1', port: redis.port }))
    const script = `${LOCKING}return redis.pcall('GET', 'other')`
    await admin.send([command('ACL', 'SETUSER', 'default', '-eval')])
    const refused = await post(own, '/', ['EVAL', script, 1, 'k'])
    expect(refused.status).toBe(400)
    expect(refused.json).toEqual({ error: expect.stringMatching(/^NOPERM /) as string })
    await admin.send([command('ACL', 'SETUSER', 'default', '+eval')])
    const guarded = { error: expect.stringMatching(/^ERR Dynamic keys are not allowed/) as string }
    expect(await run(own, 'EVAL', script, 1, 'k')).toEqual(guarded)
    await admin.drop()
  })

  test('keeps no-writes as a flag and forgets nothing else', async () => {
    const text = '#!lua flags=allow-key-locking,allow-oom\nreturn 1'
    expect(await run(server(), 'EVAL', text, 0)).toEqual({ result: 1 })
    const writing = `#!lua flags=allow-oom\nreturn 1`
    expect(await run(server(), 'EVAL_RO', writing, 0)).toEqual({
      error: expect.stringContaining('Can not execute a script with write flag using *_ro command'),
    })
  })
})
