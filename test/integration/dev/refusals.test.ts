import { expect, test } from 'vitest'
import { describeOnEngines } from './engines.ts'
import { post, run } from './rest.ts'

const BLOCKING = [
  'BLPOP l 0',
  'brpop l 0',
  'BLMOVE a b LEFT LEFT 0',
  'BLMPOP 0 1 l LEFT',
  'BZPOPMIN z 0',
  'WAIT 1 0',
  'XREAD BLOCK 0 STREAMS s $',
  'XREADGROUP GROUP g c block 0 STREAMS s >',
]
const STATEFUL = [
  ...'SUBSCRIBE c,PSUBSCRIBE c,MONITOR,MULTI,EXEC,DISCARD,WATCH k,SELECT 1,AUTH x,HELLO 3,QUIT,RESET'.split(
    ',',
  ),
  ...'CLIENT REPLY OFF,SHUTDOWN,DEBUG SLEEP 1,CONFIG GET *,SCRIPT DEBUG YES,ACL LIST'.split(','),
]

describeOnEngines('refused commands', (server) => {
  test.each([...BLOCKING, ...STATEFUL])('%s', async (line) => {
    const answer = await post(server(), '/', line.split(' '))
    expect(answer.status).toBe(400)
    expect(answer.json).toEqual({
      error: expect.stringMatching(/^ERR Command is not available: '[A-Z ]+'\. See /),
    })
    expect(await run(server(), 'PING')).toEqual({ result: 'PONG' })
  })

  test('in a pipeline the others still run, and a refusal costs nothing', async () => {
    server().resetStats()
    const answer = await post(server(), '/pipeline', [
      ['SET', 'a', 1],
      ['BLPOP', 'l', 0],
      ['GET', 'a'],
    ])
    expect(answer.json).toEqual([
      { result: 'OK' },
      { error: expect.stringContaining("'BLPOP'") },
      { result: '1' },
    ])
    expect(server().stats()).toEqual({ requests: 1, commands: 2, byCommand: { SET: 1, GET: 1 } })
  })

  test('in a transaction nothing runs', async () => {
    const answer = await post(server(), '/multi-exec', [
      ['SET', 'untouched', 1],
      ['SELECT', 1],
    ])
    expect(answer.status).toBe(400)
    expect(answer.json).toEqual({
      error: expect.stringMatching(
        /^EXECABORT Transaction discarded because of: Command is not available: 'SELECT'/,
      ),
    })
    expect(await run(server(), 'EXISTS', 'untouched')).toEqual({ result: 0 })
  })

  test('XREAD without BLOCK runs, also on a stream named block', async () => {
    await run(server(), 'XADD', 'block', '1-1', 'f', 'v')
    expect(await run(server(), 'XREAD', 'COUNT', 1, 'STREAMS', 'block', '0')).toEqual({
      result: [['block', [['1-1', ['f', 'v']]]]],
    })
  })
})
