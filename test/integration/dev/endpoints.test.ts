import { expect, test } from 'vitest'
import { describeOnEngines } from './engines.ts'
import { post, rest, run } from './rest.ts'

describeOnEngines('the endpoints', (server) => {
  test('POST / runs the command in the body', async () => {
    const set = await post(server(), '/', ['SET', 'single', 'bar', 'EX', 100])
    expect(set.status).toBe(200)
    expect(set.headers.get('content-type')).toBe('application/json')
    expect(set.json).toEqual({ result: 'OK' })
    expect(await run(server(), 'GET', 'single')).toEqual({ result: 'bar' })
    expect(await run(server(), 'GET', 'absent')).toEqual({ result: null })
    expect(await run(server(), 'INCRBY', 'number', 41)).toEqual({ result: 41 })
    expect(await run(server(), 'MGET', 'single', 'absent')).toEqual({ result: ['bar', null] })
  })

  test('a Redis error is an HTTP 400', async () => {
    const answer = await post(server(), '/', ['GET'])
    expect(answer.status).toBe(400)
    expect(answer.json).toEqual({ error: "ERR wrong number of arguments for 'get' command" })
  })

  test('POST /pipeline answers each command, errors included', async () => {
    const answer = await post(server(), '/pipeline', [['SET', 'p', 'x'], ['INCR', 'p'], [], ['GET', 'p']])
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual([
      { result: 'OK' },
      { error: 'ERR value is not an integer or out of range' },
      { error: 'ERR empty pipeline command' },
      { result: 'x' },
    ])
  })

  test('POST /multi-exec answers each command', async () => {
    const answer = await post(server(), '/multi-exec', [
      ['SET', 'm', 'x'],
      ['INCR', 'm'],
      ['GET', 'm'],
    ])
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual([
      { result: 'OK' },
      { error: 'ERR value is not an integer or out of range' },
      { result: 'x' },
    ])
  })

  test.each(['/set/path/bar/EX/100', '/SET/path/bar/', '/set/path/bar?EX=100', '/set/path/bar?NX=&_token=x'])(
    'GET %s runs the command in the path',
    async (path) => {
      await run(server(), 'DEL', 'path')
      const answer = await rest(server(), path.replace('NX=', 'NX'))
      expect(answer.json).toEqual({ result: 'OK' })
      expect((await rest(server(), '/get/path')).json).toEqual({ result: 'bar' })
    },
  )

  test.each(['POST', 'PUT'])(
    '%s path style takes the body as the last argument, then the query',
    async (method) => {
      const body = '{"a": [1, 2]}'
      const answer = await rest(server(), '/set/body%2Fkey?PX=100000', { method, body })
      expect(answer.json).toEqual({ result: 'OK' })
      expect(await run(server(), 'GET', 'body/key')).toEqual({ result: body })
      const ttl = (await run(server(), 'PTTL', 'body/key')) as { result: number }
      expect(ttl.result).toBeGreaterThan(90_000)
    },
  )

  test('HEAD runs the command and sends no body', async () => {
    const answer = await rest(server(), '/set/head/1', { method: 'HEAD' })
    expect(answer.status).toBe(200)
    expect(answer.bytes).toHaveLength(0)
    expect(await run(server(), 'GET', 'head')).toEqual({ result: '1' })
  })

  test.each(['DELETE', 'PATCH', 'OPTIONS'])('%s is a 405', async (method) => {
    const answer = await rest(server(), '/get/a', { method })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST, PUT')
    expect(answer.json).toEqual({ error: expect.stringContaining('method not allowed') })
  })

  test.each(['/pipeline', '/multi-exec'])('GET %s is a 405', async (path) => {
    expect((await rest(server(), path)).status).toBe(405)
  })

  test.each([
    ['/', '', 'ERR failed to parse command: the body is not valid JSON'],
    ['/', 'GET a', 'ERR failed to parse command: the body is not valid JSON'],
    ['/', '{}', 'ERR failed to parse command: the body must be a JSON array such as ["GET","key"]'],
    ['/', '[]', 'ERR empty command'],
    [
      '/',
      '["SET","a",null]',
      'ERR failed to parse command: argument 2 must be a string, a number or a boolean',
    ],
    [
      '/',
      '["SET","a",{}]',
      'ERR failed to parse command: argument 2 must be a string, a number or a boolean',
    ],
    ['/', new Uint8Array([0x22, 0xff, 0x22]), 'ERR failed to parse command: the body is not valid UTF-8'],
    ['/pipeline', '[["GET","a"]', 'ERR failed to parse pipeline request: the body is not valid JSON'],
    ['/pipeline', '["GET","a"]', expect.stringContaining('must be a JSON array of commands')],
    ['/pipeline', '[]', 'ERR empty pipeline request'],
    ['/multi-exec', '{"a":1}', expect.stringContaining('must be a JSON array of commands')],
    ['/multi-exec', '[]', 'ERR empty pipeline request'],
    ['/set/a/%zz', 'b', 'ERR the URL has a % without two hex digits after it'],
  ])('POST %s with the body %j is a 400', async (path, body, error) => {
    const answer = await post(server(), path, body)
    expect(answer.status).toBe(400)
    expect(answer.json).toEqual({ error })
  })
})
