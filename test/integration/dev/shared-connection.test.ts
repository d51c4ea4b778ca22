import { expect, test } from 'vitest'
import { startDevServer } from '../../../src/dev/index.ts'
import { onEveryEngine } from '../../support/servers.ts'

onEveryEngine('the one connection that all requests share', (server) => {
  const send = async (...command: string[]): Promise<unknown> => {
    const response = await fetch(server().url, {
      method: 'POST',
      headers: { authorization: `Bearer ${server().token}` },
      body: JSON.stringify(command),
    })
    return response.json()
  }

  test('a script cannot move it to another database', async () => {
    await send('SET', 'k', 'v')
    const error = { error: expect.stringContaining('not allowed from script') as string }
    expect(await send('EVAL', "return redis.call('SELECT', 5)", '0')).toEqual(error)
    expect(await send('EVAL', "return redis.pcall('select', 5)", '0')).toEqual(error)
    expect(await send('GET', 'k')).toEqual({ result: 'v' })
  })

  test('a consumer group whose name looks like an option cannot hide one that blocks', async () => {
    const command = ['XREADGROUP', 'GROUP', 'streams', 'c', 'BLOCK', '0', 'STREAMS', 's', '>']
    expect(await send(...command)).toEqual({ error: expect.stringContaining('not available') as string })
    expect(await send('PING')).toEqual({ result: 'PONG' })
  })
})

test('a Redis that is not there is said at once, and what is wrong with its URL without repeating it', async () => {
  await expect(startDevServer({ engine: { url: 'redis://127.0.0.1:1' } })).rejects.toThrow(/Redis/)
  await expect(startDevServer({ engine: { url: 'redis://u:p%zz@h' } })).rejects.toThrow(/%25/)
})
