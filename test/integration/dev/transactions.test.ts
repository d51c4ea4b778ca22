import { expect, test } from 'vitest'
import { describeOnEngines } from './engines.ts'
import { post, run } from './rest.ts'

interface Result {
  readonly result: unknown
}

describeOnEngines('transactions', (server) => {
  test('concurrent transactions never come between each other, nor do single commands', async () => {
    const transaction = async (): Promise<boolean> => {
      const commands = [...Array.from({ length: 20 }, () => ['INCR', 'steps']), ['GET', 'steps']]
      const replies = (await post(server(), '/multi-exec', commands)).json as Result[]
      const first = Number(replies[0]?.result)
      return replies.every((reply, at) => Number(reply.result) === first + Math.min(at, 19))
    }
    const work = Array.from({ length: 40 }, async (_, at) => {
      if (at % 4 === 3) return Boolean(await run(server(), 'INCR', 'steps'))
      return transaction()
    })
    expect(await Promise.all(work)).not.toContain(false)
    expect(await run(server(), 'GET', 'steps')).toEqual({ result: String(30 * 20 + 10) })
  })

  test('a command that Redis refuses to queue discards everything', async () => {
    server().resetStats()
    const answer = await post(server(), '/multi-exec', [['SET', 'd', 1], ['GET'], ['SET', 'd', 2]])
    expect(answer.status).toBe(400)
    expect(answer.json).toEqual({ error: 'EXECABORT Transaction discarded because of previous errors.' })
    expect(server().stats().commands).toBe(0)
    expect(await run(server(), 'EXISTS', 'd')).toEqual({ result: 0 })
  })

  test('after a discarded transaction the connection is as before', async () => {
    await post(server(), '/multi-exec', [['NOSUCHCOMMAND']])
    expect(await run(server(), 'SET', 'after', 1)).toEqual({ result: 'OK' })
    expect((await post(server(), '/multi-exec', [['GET', 'after']])).json).toEqual([{ result: '1' }])
  })

  test('an empty command discards the transaction', async () => {
    const answer = await post(server(), '/multi-exec', [['SET', 'x', 1], []])
    expect(answer.status).toBe(400)
    expect(answer.json).toEqual({ error: expect.stringMatching(/^EXECABORT /) })
  })

  test('scripts run inside, by text and by SHA-1, and a failing one stops nothing', async () => {
    const script = "#!lua flags=allow-key-locking\nreturn redis.call('INCR', KEYS[1])"
    const { result: sha } = (await run(server(), 'SCRIPT', 'LOAD', script)) as Result
    const answer = await post(server(), '/multi-exec', [
      ['EVAL', script, 1, 'in-multi'],
      ['EVALSHA', sha, 1, 'in-multi'],
      ['EVAL', "return redis.call('INCR', KEYS[1])", 1, 'text'],
      ['SET', 'text', 'x'],
      ['EVALSHA', sha, 1, 'text'],
      ['EVALSHA', 'f'.repeat(40), 0],
    ])
    expect(answer.json).toEqual([
      { result: 1 },
      { result: 2 },
      { result: 1 },
      { result: 'OK' },
      { error: `ERR value is not an integer or out of range script: ${String(sha)}, on @user_script:2.` },
      { error: 'NOSCRIPT No matching script. Please use EVAL.' },
    ])
  })
})
