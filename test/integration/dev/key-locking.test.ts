import { expect, test } from 'vitest'
import { describeOnEngines } from './engines.ts'
import { post, run } from './rest.ts'

const LOCKING = '#!lua flags=allow-key-locking\n'
const DYNAMIC =
  "ERR Dynamic keys are not allowed in Lua scripts when 'allow-key-locking' flag is set. Key was: "

describeOnEngines('a script with the locking flag', (server) => {
  const locking = (script: string, keys: readonly string[], ...args: readonly (string | number)[]) =>
    run(server(), 'EVAL', `${LOCKING}${script}`, keys.length, ...keys, ...args)

  test('may touch what is in KEYS, whatever way it came to the name', async () => {
    await run(server(), 'SET', 'k', 'v')
    expect(await locking("return redis.call('GET', KEYS[1])", ['k'])).toEqual({ result: 'v' })
    expect(await locking("return redis.call('get', ARGV[1])", ['x', 'k'], 'k')).toEqual({ result: 'v' })
    expect(await locking("return redis.call('GET', 'k')", ['k'])).toEqual({ result: 'v' })
  })

  test('cannot call with another key: the error says which, where, and nothing was run', async () => {
    await run(server(), 'DEL', 'k', 'other')
    const script =
      "redis.call('SET', KEYS[1], 1)\n\nredis.call('SET', 'other', 1)\nredis.call('SET', KEYS[1], 2)"
    expect(await locking(script, ['k'])).toEqual({
      error: expect.stringMatching(
        new RegExp(`^${DYNAMIC}other script: [0-9a-f]{40}, on @user_script:4\\.$`),
      ) as string,
    })
    expect(await run(server(), 'MGET', 'k', 'other')).toEqual({ result: ['1', null] })
    expect(await locking("return redis.call('MSET', KEYS[1], 3, 'other', 3)", ['k'])).toEqual({
      error: expect.stringMatching(/Key was: other script: [0-9a-f]{40}, on @user_script:2\.$/) as string,
    })
    expect(await run(server(), 'MGET', 'k', 'other')).toEqual({ result: ['1', null] })
  })

  test('is given the error by redis.pcall and goes on', async () => {
    await run(server(), 'DEL', 'k', 'other')
    const script =
      "local reply = redis.pcall('SET', 'other', 1) redis.call('SET', KEYS[1], 'later') return {reply.err, reply['ok']}"
    expect(await locking(script, ['k'])).toEqual({ result: [`${DYNAMIC}other`] })
    expect(await run(server(), 'MGET', 'k', 'other')).toEqual({ result: ['later', null] })
    expect(await locking("return redis.pcall('GET', 'other')", ['k'])).toEqual({ error: `${DYNAMIC}other` })
  })

  test('catches it with pcall, also through an alias', async () => {
    const script =
      "local call = redis.call local ok, why = pcall(call, 'GET', 'other') return {tostring(ok), why}"
    expect(await locking(script, ['k'])).toEqual({ result: ['false', `${DYNAMIC}other`] })
  })

  test('cannot add to what it listed', async () => {
    const script = "KEYS[1] = 'other' KEYS[2] = 'other' return redis.pcall('GET', KEYS[1])"
    expect(await locking(script, ['k'])).toEqual({ error: `${DYNAMIC}other` })
  })

  test('is held to it by EVALSHA, the read-only variants, and in a transaction', async () => {
    const text = '#!lua flags=no-writes,allow-key-locking\nreturn redis.pcall("GET", ARGV[1])'
    const { result: sha } = (await run(server(), 'SCRIPT', 'LOAD', text)) as { result: string }
    const error = { error: `${DYNAMIC}other` }
    for (const name of ['EVALSHA', 'EVALSHA_RO'])
      expect(await run(server(), name, sha, 1, 'k', 'other')).toEqual(error)
    expect(await run(server(), 'EVAL_RO', text, 1, 'k', 'other')).toEqual(error)
    const answer = await post(server(), '/multi-exec', [
      ['EVALSHA', sha, 1, 'k', 'other'],
      ['SET', 'k', 'v'],
      ['EVALSHA', sha, 1, 'k', 'k'],
    ])
    expect(answer.json).toEqual([error, { result: 'OK' }, { result: 'v' }])
  })

  test('a key is its bytes: numbers, case, line breaks, NUL and quotes', async () => {
    expect(await locking("return redis.call('SET', 1700000000123456, 1)", ['1700000000123456'])).toEqual({
      result: 'OK',
    })
    expect(await run(server(), 'EXISTS', '1700000000123456')).toEqual({ result: 1 })
    expect(await locking("return redis.pcall('GET', 17)", ['k'])).toEqual({ error: `${DYNAMIC}17` })
    expect(await locking("return redis.pcall('GET', 'K')", ['k'])).toEqual({ error: `${DYNAMIC}K` })
    for (const key of ['', '\r\n', "'\0]]--", 'ž%s*', ' GET=']) {
      expect(await locking("return redis.call('SET', ARGV[1], 1)", [key], key)).toEqual({ result: 'OK' })
    }
    const answer = await locking("return redis.pcall('GET', ARGV[1])", ['k'], 'a\r\nb')
    expect(answer).toEqual({ error: expect.stringMatching(/Key was: a +b$/) as string })
    const raised = await locking("return redis.call('GET', ARGV[1])", ['k'], 'a\r\nb')
    expect(raised).toEqual({ error: expect.stringMatching(/Key was: a b script: /) as string })
    expect(await run(server(), 'PING')).toEqual({ result: 'PONG' })
  })

  test.each(['FLUSHALL', 'flushdb', 'FLUSHDB', 'MIGRATE', 'SWAPDB'])('may not call %s', async (name) => {
    await run(server(), 'SET', 'k', 'v')
    const error = `ERR ${name.toUpperCase()} is not allowed in Lua scripts when 'allow-key-locking' flag is set`
    expect(await locking(`return redis.pcall('${name}')`, ['k'])).toEqual({ error })
    expect(await run(server(), 'GET', 'k')).toEqual({ result: 'v' })
  })

  test.each([
    'TIME',
    'DBSIZE',
    'SCAN 0 MATCH other',
    'KEYS other',
    'RANDOMKEY',
    'PUBLISH other m',
    'PING other',
  ])('may call %s: it has no keys', async (line) => {
    const answer = await locking('return redis.call(unpack(ARGV))', ['k'], ...line.split(' '))
    expect(answer).toEqual({ result: expect.anything() as unknown })
  })

  test('hears of its other mistakes from the engine', async () => {
    expect(await locking("return redis.pcall('GET')", ['k'])).toEqual({
      error: expect.stringMatching(/wrong number of arg/i) as string,
    })
    expect(await locking("return redis.pcall('NOSUCH', KEYS[1])", ['k'])).toEqual({
      error: expect.stringMatching(/unknown redis command/i) as string,
    })
    for (const call of ["'GET', {}", "{}, 'x'", 'nil']) {
      expect(await locking(`return redis.pcall(${call})`, ['k'])).toEqual({
        error: expect.stringMatching(/^(?!.*Dynamic)/) as string,
      })
    }
    expect(await locking("return redis.pcall('LMPOP', 'x', 'k', 'LEFT')", ['k'])).toEqual({
      error: expect.stringMatching(/^ERR (?!Dynamic)/) as string,
    })
  })
})

describeOnEngines('a script without the locking flag', (server) => {
  test.each(['', '#!lua\n'])('touches any key (%j)', async (shebang) => {
    await run(server(), 'SET', 'other', 'v')
    expect(await run(server(), 'EVAL', `${shebang}return redis.call('GET', 'other')`, 1, 'k')).toEqual({
      result: 'v',
    })
    expect(await run(server(), 'EVAL', `${shebang}return redis.call('FLUSHALL')`, 0)).toEqual({
      result: 'OK',
    })
  })
})
