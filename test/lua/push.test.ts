import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startDevServer } from '../../src/dev/index.ts'
import { formatEntry } from '../../src/entry/header.ts'
import * as scripts from '../../src/lua/index.ts'
import { headerOf } from '../support/entries.ts'
import { redisServerBin, startTestRedis } from '../support/redis-server.ts'
import { describeScripts, type Lua, type Word } from './lua.ts'
import { soon } from '../support/soon.ts'

const seed = 1_700_000_000_000_000
const entry = formatEntry({ header: headerOf({ address: 'e:k', fresh: 9_000_000_000_000 }), payload: '1' })

/** Each script that tells the log: its keys, and its arguments without a channel. */
const cases: readonly (readonly [scripts.LuaScript, readonly string[], readonly Word[]])[] = [
  [scripts.SetEntry, ['v', 'p:e:k', 'log'], ['|x', 9_000, 'm']],
  [scripts.SetEntryIfExists, ['p:e:k', 'v', 'log'], ['p', ',j,', '|x', 9_000, 'm', 0, 0, '', 0, 9_000]],
  [
    scripts.CompareAndSwapEntry,
    ['p:e:k', 'v', 'log'],
    ['p', 'j', '1', 'd', '|x', 9_000, 'm', 0, 0, '', 0, 9_000],
  ],
  [scripts.SetEntryIfNotExists, ['p:e:l', 'v', 'log'], ['p', ',j,', '|x', 9_000, 'm', 0, 0, '', 0, 9_000]],
  [scripts.RemoveEntries, ['v', 'p:e:k', 'p:e:l', 'log'], [9_000, 'm', 'n']],
  [scripts.ExpireEntries, ['v', 'p:e:k', 'p:e:l', 'log'], [9_000, 'p', 'm', 'n']],
  [scripts.InvalidateTags, ['v', 'log', 'p:t:a', 'p:t:b'], [0, 'm', 'n']],
]

const writes = cases.map(([script, keys, args]) => ({ name: script.name, script, keys, args }))

/** What is said on a channel. */
async function listen({ server }: Lua, channel: string): Promise<{ heard(): string[]; leave(): void }> {
  const stream = new AbortController()
  const headers = { authorization: `Bearer ${server.token}` }
  const { body } = await fetch(`${server.url}/subscribe/${channel}`, { headers, signal: stream.signal })
  let text = ''
  const read = async (): Promise<void> => {
    for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) text += piece
  }
  read().catch(() => undefined)
  await soon(() => expect(text).toContain('data: subscribe'))
  return {
    heard: () => [...text.matchAll(/^data: message,[^,]+,(.*)$/gm)].map(([, message = '']) => message),
    leave: () => stream.abort(),
  }
}

describeScripts('push', (lua) => {
  test.each(writes)(
    '$name publishes its version and a message, and the log has only members',
    async ({ script, keys, args }) => {
      const { heard, leave } = await listen(lua(), 'news')
      try {
        const run = (...words: Word[]): Promise<unknown> => lua().call(script, keys, [...args, ...words])
        const prepare = async (): Promise<void> => {
          await lua().redis('DEL', ...keys)
          await lua().redis('SET', 'v', seed)
          await lua().redis('SET', 'p:e:k', entry)
        }
        await prepare()
        const without = await lua().billed(() => run())
        const state = await lua().pipeline([
          ['ZRANGE', 'log', 0, -1, 'WITHSCORES'],
          ['MGET', 'p:e:k', 'p:e:l', 'p:t:a'],
        ])
        await prepare()
        expect(await lua().billed(() => run('news', ' me k%7C%7Ck'))).toBe(without + 1)
        expect(
          await lua().pipeline([
            ['ZRANGE', 'log', 0, -1, 'WITHSCORES'],
            ['MGET', 'p:e:k', 'p:e:l', 'p:t:a'],
          ]),
        ).toEqual(state)
        await soon(() => expect(heard()).toEqual([`${seed + 1} me k%7C%7Ck`]))
      } finally {
        leave()
      }
    },
  )

  test.each(writes)(
    '$name publishes nothing where versions are not seeded',
    async ({ script, keys, args }) => {
      const { heard, leave } = await listen(lua(), 'news')
      try {
        await lua().redis('SET', 'p:e:k', entry)
        lua().server.resetStats()
        await lua().call(script, keys, [...args, 'news', ' me x'])
        expect(lua().server.stats().byCommand['PUBLISH']).toBeUndefined()
        expect(heard()).toEqual([])
      } finally {
        leave()
      }
    },
  )

  test.each(writes)(
    '$name refuses a member too few or too many before it writes',
    async ({ script, keys, args }) => {
      if (script.args.max !== Infinity) return
      await lua().redis('SET', 'v', seed)
      for (const more of [['x'], ['x', 'y', 'z']])
        expect((await lua().run(script, keys, [...args, ...more])).error).toMatch(/a member for each/)
      expect(await lua().redis('GET', 'v')).toBe(String(seed))
    },
  )
})

test.skipIf(redisServerBin() === undefined)(
  'where publishing is not allowed, writes are done all the same',
  async () => {
    await using redis = await startTestRedis()
    const socket = connect(redis.port, '127.0.0.1')
    const answered = new Promise((done) => socket.once('data', done))
    socket.write('ACL SETUSER limited on >pw ~* +@all resetchannels\r\n')
    expect(String(await answered)).toBe('+OK\r\n')
    socket.destroy()
    await using server = await startDevServer({
      engine: { url: `redis://limited:pw@127.0.0.1:${redis.port}` },
    })
    const call = async (...words: readonly Word[]): Promise<unknown> => {
      const headers = { authorization: `Bearer ${server.token}` }
      const response = await fetch(server.url, { method: 'POST', headers, body: JSON.stringify(words) })
      return response.json()
    }
    expect(await call('PUBLISH', 'news', 'x')).toMatchObject({ error: expect.stringContaining('NOPERM') })
    for (const { script, keys, args } of writes) {
      await call('DEL', ...keys)
      await call('MSET', 'v', seed, 'p:e:k', entry)
      const text = scripts.textFor(script, 'redis')
      const outcome = await call('EVAL', text, keys.length, ...keys, ...args, 'news', ' me x')
      expect(JSON.stringify(outcome), script.name).toContain(String(seed + 1))
      expect(await call('ZCARD', 'log')).not.toEqual({ result: 0 })
    }
  },
)
