import { expect, test } from 'vitest'
import { RedisReplyError } from '../../../src/index.ts'
import { createUpstashTransport } from '../../../src/redis/upstash.ts'
import { formatEntry } from '../../../src/entry/header.ts'
import { headerOf } from '../../support/entries.ts'
import { describeOnEngines } from '../dev/engines.ts'

const script = `
local head = {string.match(redis.call('GET', KEYS[1]), '^h1|e|(%d*)|(%d+)|(%d+)|(%d*)|(%d*)|(%d*)|(%d*)|(%x+)|')}
return head`

describeOnEngines('a script', (server) => {
  test('reads the instants of an entry with a pattern, and never decodes its payload', async () => {
    const header = headerOf({
      stamp: 7,
      end: 9,
      idle: 10,
      took: 11,
      tags: ['a|b'],
      etag: '%',
      address: 'n:x:e:a|b\n',
    })
    const bytes = formatEntry({ header, payload: '{"list":[],"big":12345678901234567890}\n|' })
    const transport = createUpstashTransport({ url: server().url, token: server().token })
    const replies = await transport.send(
      [
        ['SET', 'lua-pattern', bytes, 'PX', 60_000],
        ['EVAL', script, 1, 'lua-pattern'],
        ['GET', 'lua-pattern'],
      ],
      { signal: new AbortController().signal, idempotent: true },
    )
    const [, head, stored] = replies
    if (head instanceof RedisReplyError) throw head
    const { created, fresh } = header
    expect(head).toEqual([
      '7',
      `${created}`,
      `${fresh}`,
      '',
      '9',
      '10',
      '11',
      expect.stringMatching(/^[0-9a-f]{8}$/),
    ])
    expect(stored).toBe(bytes)
  })
})
