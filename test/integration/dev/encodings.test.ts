import { expect, test } from 'vitest'
import { describeOnEngines } from './engines.ts'
import { post, rest, run } from './rest.ts'

const BASE64 = { 'Upstash-Encoding': 'base64' }
const RESP2 = { 'Upstash-Response-Format': 'resp2' }
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, at) => at)

describeOnEngines('the encodings', (server) => {
  test('base64 encodes every string but the answer OK', async () => {
    const answer = await post(
      server(),
      '/pipeline',
      [
        ['SET', 'e', 'OK'],
        ['GET', 'e'],
        ['PING'],
        ['MGET', 'e', 'none'],
        ['INCR', 'n'],
        ['GET', 'none'],
        ['TYPE', 'e'],
      ],
      BASE64,
    )
    expect(answer.json).toEqual([
      { result: 'OK' },
      { result: 'T0s=' },
      { result: 'UE9ORw==' },
      { result: ['T0s=', null] },
      { result: 1 },
      { result: null },
      { result: 'c3RyaW5n' },
    ])
  })

  test('base64 leaves errors alone, and works for single commands and transactions', async () => {
    const single = await post(server(), '/', ['PING', 'hé'], BASE64)
    expect(single.json).toEqual({ result: Buffer.from('hé').toString('base64') })
    const failed = await post(server(), '/', ['NOSUCH'], BASE64)
    expect(failed.json).toEqual({ error: expect.stringMatching(/^ERR unknown command/) })
    const transaction = await post(server(), '/multi-exec', [['PING', 'a']], BASE64)
    expect(transaction.json).toEqual([{ result: 'YQ==' }])
  })

  test('every byte survives as base64 and as RESP2, and stays JSON otherwise', async () => {
    await post(server(), '/set/bytes', EVERY_BYTE)
    const encoded = (await post(server(), '/', ['GET', 'bytes'], BASE64)).json as { result: string }
    expect(Buffer.from(encoded.result, 'base64')).toEqual(Buffer.from(EVERY_BYTE))
    const raw = await post(server(), '/', ['GET', 'bytes'], RESP2)
    expect(raw.bytes).toEqual(Buffer.concat([Buffer.from('$256\r\n'), EVERY_BYTE, Buffer.from('\r\n')]))
    const text = (await run(server(), 'GET', 'bytes')) as { result: string }
    expect(text.result).toBe(new TextDecoder().decode(EVERY_BYTE))
  })

  test('a key in a path may be any bytes', async () => {
    await rest(server(), '/set/%FF%00%2F/v')
    const raw = await rest(server(), '/keys/%FF*', { headers: RESP2 })
    expect(raw.bytes).toEqual(Buffer.from('*1\r\n$3\r\n\xFF\0/\r\n', 'latin1'))
  })

  test.each([
    [['SET', 'r', 'bar'], '+OK\r\n', 200],
    [['GET', 'r'], '$3\r\nbar\r\n', 200],
    [['GET', 'nothing'], '$-1\r\n', 200],
    [['STRLEN', 'r'], ':3\r\n', 200],
    [['MGET', 'r', 'nothing'], '*2\r\n$3\r\nbar\r\n$-1\r\n', 200],
    [['INCR', 'r'], '-ERR value is not an integer or out of range\r\n', 400],
  ])('RESP2: %j is %j', async (words, body, status) => {
    await run(server(), 'SET', 'r', 'bar')
    const answer = await post(server(), '/', words, RESP2)
    expect(answer.headers.get('content-type')).toBe('application/octet-stream')
    expect(answer.bytes.toString()).toBe(body)
    expect(answer.status).toBe(status)
  })

  test('RESP2 in a pipeline is reply after reply; a transaction stays JSON', async () => {
    const commands = [
      ['SET', 'q', 1],
      ['INCR', 'q'],
      ['LPUSH', 'q', 1],
    ]
    const pipeline = await post(server(), '/pipeline', commands, RESP2)
    expect(pipeline.bytes.toString()).toBe(
      '+OK\r\n:2\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
    )
    const transaction = await post(server(), '/multi-exec', [['GET', 'q']], RESP2)
    expect(transaction.json).toEqual([{ result: '2' }])
  })

  test.each([{ ...RESP2, ...BASE64 }, { 'Upstash-Response-Format': 'xml' }])(
    '%j is a 400',
    async (headers) => {
      const answer = await post(server(), '/', ['PING'], headers)
      expect(answer.status).toBe(400)
      expect(answer.json).toEqual({ error: expect.stringContaining('ERR ') })
    },
  )

  test('nested arrays, and errors and statuses inside them', async () => {
    const script = "return {1, {2, {'three', {}}}, false, redis.status_reply('OK'), 3.9}"
    expect(await run(server(), 'EVAL', script, 0)).toEqual({ result: [1, [2, ['three', []]], null, 'OK', 3] })
    const encoded = await post(server(), '/', ['EVAL', script, 0], BASE64)
    expect(encoded.json).toEqual({ result: [1, [2, ['dGhyZWU=', []]], null, 'T0s=', 3] })
    const raw = await post(server(), '/', ['EVAL', "return {1, redis.error_reply('ERR a')}", 0], RESP2)
    expect(raw.bytes.toString()).toBe('*2\r\n:1\r\n-ERR a\r\n')
  })

  test('an integer that no JavaScript number can hold keeps its digits', async () => {
    await run(server(), 'SET', 'big', '9007199254740993')
    const answer = await post(server(), '/', ['INCR', 'big'])
    expect(answer.bytes.toString()).toBe('{"result":9007199254740994}')
    await run(server(), 'SET', 'big', '9223372036854775806')
    const largest = await post(server(), '/', ['INCR', 'big'])
    expect(largest.bytes.toString()).toBe('{"result":9223372036854775807}')
  })

  test('text beyond ASCII goes there and back', async () => {
    const text = 'žluťoučký 🐎 "quoted" \\ \n\t\u2028'
    await run(server(), 'SET', 'text', text)
    expect(await run(server(), 'GET', 'text')).toEqual({ result: text })
  })

  test('the sync token moves on with every request', async () => {
    const first = await post(server(), '/', ['SET', 's', 1])
    const token = first.headers.get('upstash-sync-token') ?? ''
    expect(token).not.toBe('')
    const second = await post(server(), '/', ['GET', 's'], { 'Upstash-Sync-Token': token })
    expect(second.headers.get('upstash-sync-token')).toMatch(/^[\w.-]+$/)
    expect(second.headers.get('upstash-sync-token')).not.toBe(token)
  })
})
