import { describe, expect, test } from 'vitest'
import {
  type Command,
  createHybridCache,
  type HybridCache,
  RedisReplyError,
  type Reply,
  type ScriptCall,
  type SendOptions,
  type Transport,
} from '../../../src/index.ts'
import { longestSpan } from '../../../src/duration.ts'
import { LuaScripts, textFor } from '../../../src/lua/index.ts'
import { ManualClock } from '../../support/manual-clock.ts'

type Answer = (command: Command) => Reply | RedisReplyError

/** A server that answers scripts as a test says, and remembers what it was sent. */
class ScriptServer implements Transport {
  readonly dialect: 'redis' | 'upstash'
  readonly sent: Command[][] = []
  readonly options: SendOptions[] = []
  failures = 0
  readonly #answer: Answer

  constructor(answer: Answer, dialect: 'redis' | 'upstash' = 'redis') {
    this.#answer = answer
    this.dialect = dialect
  }

  async send(commands: readonly Command[], options: SendOptions): Promise<(Reply | RedisReplyError)[]> {
    this.sent.push([...commands])
    this.options.push(options)
    if (this.failures-- > 0) throw new TypeError('fetch failed')
    return commands.map(this.#answer)
  }

  get names(): string[][] {
    return this.sent.map((commands) => commands.map(([name]) => name))
  }
}

const noScript = new RedisReplyError('NOSCRIPT No matching script. Please use EVAL.')
const cacheOn = (redis: Transport, retries = 0): HybridCache<true> =>
  createHybridCache({ redis, l2: { retries, timeout: '1s' }, clock: new ManualClock() })
const { SetIfExists, GetMultiple, DeleteByPattern, IncrementWithExpiration } = LuaScripts

describe('the dialect', () => {
  test('is the one of the transport, and each has its own SHA-1', async () => {
    for (const dialect of ['redis', 'upstash'] as const) {
      const server = new ScriptServer(() => 1, dialect)
      await cacheOn(server).scripts.execute(SetIfExists, { keys: ['k'], args: ['v', 0] })
      expect(server.sent).toEqual([[['EVALSHA', SetIfExists.sha1[dialect], 1, 'hc:s:k', 'v', '0']]])
    }
  })

  test.each([
    'ERR Error compiling script (new function): Unexpected flag in script shebang: allow-key-locking',
    "ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'",
  ])(
    'corrects itself where the server does not know the flag, once and for all scripts: %s',
    async (refusal) => {
      const plain = new Set<unknown>()
      const server = new ScriptServer(([name, body]) => {
        if (name.startsWith('EVALSHA')) return plain.has(body) ? 1 : noScript
        if (String(body).startsWith('#!')) return new RedisReplyError(refusal)
        plain.add(body === textFor(SetIfExists, 'redis') ? SetIfExists.sha1.redis : GetMultiple.sha1.redis)
        return 1
      }, 'upstash')
      const { scripts } = cacheOn(server)
      expect(await scripts.execute(SetIfExists, { keys: ['k'], args: ['v', 0] })).toBe(1)
      expect(server.names).toEqual([['EVALSHA'], ['EVAL'], ['EVAL']])
      expect(await scripts.execute(SetIfExists, { keys: ['k'], args: ['v', 0] })).toBe(1)
      await scripts.execute(GetMultiple, { keys: ['k'] })
      expect(server.names.slice(3)).toEqual([['EVALSHA'], ['EVALSHA_RO'], ['EVAL_RO']])
      expect(
        server.sent
          .slice(3)
          .flat()
          .filter(([, body]) => String(body).startsWith('#!')),
      ).toEqual([])
    },
  )

  test('corrects itself back where another server has taken the place of the one that refused the flag', async () => {
    let flags = false
    let loaded = new Set<unknown>()
    const server = new ScriptServer(([name, body]) => {
      if (name === 'EVALSHA') return loaded.has(body) ? 1 : noScript
      const flagged = String(body).startsWith('#!')
      if (flagged && !flags)
        return new RedisReplyError('ERR Unexpected flag in script shebang: allow-key-locking')
      loaded.add(SetIfExists.sha1[flagged ? 'upstash' : 'redis'])
      return 1
    }, 'upstash')
    const { scripts } = cacheOn(server)
    const run = () => scripts.execute(SetIfExists, { keys: ['k'], args: ['v', 0] })
    await run()
    expect(server.sent.at(-1)?.[0]?.[1]).toBe(textFor(SetIfExists, 'redis'))
    await run()
    loaded = new Set() // it was restarted: the flag is tried once more, and refused
    server.sent.length = 0
    await run()
    expect(server.names).toEqual([['EVALSHA'], ['EVAL'], ['EVAL']])
    loaded = new Set()
    flags = true
    await run()
    expect(server.sent.at(-1)?.[0]?.[1]).toBe(textFor(SetIfExists, 'upstash'))
    await run()
    expect(server.sent.at(-1)?.[0]?.slice(0, 2)).toEqual(['EVALSHA', SetIfExists.sha1.upstash])
  })

  test('the flags follow the script: read-only ones say so, one that finds its keys itself takes no key lock', () => {
    expect(textFor(GetMultiple, 'upstash')).toMatch(/^#!lua flags=no-writes,allow-key-locking\n/)
    expect(textFor(SetIfExists, 'upstash')).toMatch(/^#!lua flags=allow-key-locking\n/)
    expect(textFor(DeleteByPattern, 'upstash')).toBe(textFor(DeleteByPattern, 'redis'))
  })
})

describe('a script that Redis does not know', () => {
  test('is sent by text, only on an answer that starts with NOSCRIPT', async () => {
    const server = new ScriptServer(() => new RedisReplyError('WRONGTYPE Operation against NOSCRIPT'))
    const run = cacheOn(server).scripts.execute(SetIfExists, { keys: ['k'], args: ['NOSCRIPT', 0] })
    await expect(run).rejects.toMatchObject({ code: 'SCRIPT' })
    expect(server.names).toEqual([['EVALSHA']])
  })

  test('has run when it answers NOSCRIPT itself, and is not run again', async () => {
    const server = new ScriptServer(() => noScript)
    const run = cacheOn(server).scripts.execute(SetIfExists, { keys: ['k'], args: ['v', 0] })
    await expect(run).rejects.toMatchObject({ code: 'SCRIPT', retryable: false })
    expect(server.names).toEqual([['EVALSHA'], ['EVAL']])
  })

  test('whose text was lost with another run of the same request is sent by text after all', async () => {
    const server = new ScriptServer(([name, , , key]) => {
      if (name === 'EVAL') return key === 'hc:s:first' ? noScript : 2
      return noScript
    })
    const { scripts } = cacheOn(server)
    const runs = await Promise.allSettled(
      ['first', 'second'].map((key) => scripts.execute(SetIfExists, { keys: [key], args: ['v', 0] })),
    )
    expect(runs.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(server.names.slice(0, 3)).toEqual([['EVALSHA', 'EVALSHA'], ['EVAL', 'EVALSHA'], ['EVAL']])
  })
})

test.each([
  "ERR unknown command 'EVALSHA_RO', with args beginning with: ",
  'ERR unknown command `EVALSHA_RO`, with args beginning with: ',
  "ERR Command is not available: 'EVALSHA_RO'. See https://upstash.com/docs/redis/overall/rediscompatibility for details",
])('a server without read-only scripts gets ordinary ones, and is not asked again: %s', async (text) => {
  const server = new ScriptServer(([name]) => (name.endsWith('_RO') ? new RedisReplyError(text) : [null]))
  const { scripts } = cacheOn(server)
  expect(await scripts.execute(GetMultiple, { keys: ['k'] })).toEqual([null])
  expect(await scripts.execute(GetMultiple, { keys: ['k'] })).toEqual([null])
  expect(server.names).toEqual([['EVALSHA_RO'], ['EVALSHA'], ['EVALSHA']])
})

test('an error of a read-only script that looks like that one is its own', async () => {
  const server = new ScriptServer(() => new RedisReplyError("ERR unknown command 'of mine'"))
  const { scripts } = cacheOn(server)
  for (let i = 0; i < 2; i++)
    await expect(scripts.execute(GetMultiple, { keys: ['k'] })).rejects.toMatchObject({ code: 'SCRIPT' })
  expect(server.names).toEqual([['EVALSHA_RO'], ['EVALSHA_RO']])
})

test('only what may run twice is sent again after a failure whose outcome is unknown', async () => {
  const server = new ScriptServer(() => 1)
  const { scripts } = cacheOn(server, 1)
  await scripts.execute(GetMultiple, { keys: ['k'] })
  await scripts.execute(IncrementWithExpiration, { keys: ['k'], args: [1, 0] })
  expect(server.options.map(({ idempotent }) => idempotent)).toEqual([true, false])
  server.failures = 1
  await expect(scripts.execute(IncrementWithExpiration, { keys: ['k'], args: [1, 0] })).rejects.toMatchObject(
    {
      code: 'L2_NETWORK',
    },
  )
  expect(server.sent).toHaveLength(3)
})

test('credentials and quotas are told apart from a failing script', async () => {
  const texts = [
    "NOPERM this user has no permissions to run the 'evalsha' command",
    'ERR max requests limit exceeded. Limit: 10',
  ]
  const codes = texts.map(async (text) => {
    const run = cacheOn(new ScriptServer(() => new RedisReplyError(text))).scripts.execute('return 1')
    return run.catch((error: { code: string }) => error.code)
  })
  expect(await Promise.all(codes)).toEqual(['L2_AUTH', 'L2_RATE_LIMITED'])
})

describe('keys and arguments are checked before anything is sent', () => {
  const server = new ScriptServer(() => 1)
  const execute = cacheOn(server).scripts
  const bad: [string, () => Promise<unknown>][] = [
    ['too few keys', () => execute.execute(SetIfExists, { args: ['v', 0] })],
    ['too many keys', () => execute.execute(SetIfExists, { keys: ['a', 'b'], args: ['v', 0] })],
    ['too few arguments', () => execute.execute(SetIfExists, { keys: ['k'], args: ['v'] })],
    ['too many arguments', () => execute.execute(SetIfExists, { keys: ['k'], args: ['v', 0, 1] })],
    ['an empty key', () => execute.execute(SetIfExists, { keys: [''], args: ['v', 0] })],
    ['an ill-formed argument', () => execute.execute('return 1', { args: ['\ud800'] })],
    ['NaN', () => execute.execute('return 1', { args: [Number.NaN] })],
    ['bytes', () => execute.execute('return 1', { args: [new Uint8Array(1) as never] })],
    ['undefined', () => execute.execute('return 1', { args: [undefined as never] })],
    ['a bad duration', () => execute.execute(SetIfExists, { keys: ['k'], args: ['v', '5x'] })],
    ['a huge argument', () => execute.execute('return 1', { args: ['x'.repeat(10 * 2 ** 20)] })],
    [
      'values that are not as many as keys',
      () => execute.execute(LuaScripts.SetMultiple, { keys: ['a', 'b'], args: ['x', 0] }),
    ],
    [
      'huge keys',
      () =>
        execute.execute('return 1', { keys: Array.from({ length: 20_000 }, (_, i) => `${i}`.padEnd(600)) }),
    ],
    ['wide characters', () => execute.execute('return 1', { args: ['€'.repeat(4 * 2 ** 20)] })],
    ...[-1, -1n, Number.NaN, Infinity, longestSpan + 1, BigInt(longestSpan + 1), '36526d' as const].map(
      (span): [string, () => Promise<unknown>] => [
        `${typeof span} ${span} as a duration`,
        () => execute.execute(SetIfExists, { keys: ['k'], args: ['v', span] }),
      ],
    ),
    ['keys that are no list', () => execute.execute('return 1', { keys: 'abc' as never, rawKeys: true })],
    ['args that are no list', () => execute.execute('return 1', { args: null as never })],
    ['a prepared script', () => execute.execute({ execute: () => Promise.resolve(1) } as never)],
    ['nothing', () => execute.execute(undefined as never)],
    ['no text', () => execute.execute('')],
    ['no text to prepare', () => execute.prepare(7 as never)],
    ['a first line of its own', () => execute.prepare('#!lua flags=no-writes\nreturn 1')],
  ]

  test.each(bad)('%s', async (_, run) => {
    await expect(run()).rejects.toThrow(TypeError)
    expect(server.sent.splice(0)).toEqual([])
  })
})

test('a duration goes out in whole milliseconds, also the longest, and 0 as it is', async () => {
  const server = new ScriptServer(() => 1)
  const { scripts } = cacheOn(server)
  for (const span of [0, 0n, 0.5, 5n, '1.5s', longestSpan, '36525d'] as const)
    await scripts.execute(SetIfExists, { keys: ['k'], args: ['v', span] })
  expect(server.sent.map(([command]) => command?.at(-1))).toEqual(
    [0, 0, 1, 5, 1500, longestSpan, longestSpan].map(String),
  )
})

test('arrays that a caller changes after the call change nothing', async () => {
  const server = new ScriptServer(([name, , , ...rest]) => (name === 'EVALSHA' ? noScript : rest.join()))
  const [keys, args] = [['lock'], ['mine']]
  const { scripts } = cacheOn(server)
  const runs = [
    scripts.execute('return 1', { keys, args, rawKeys: true }),
    scripts.execute(LuaScripts.ReleaseLock, { keys, args, rawKeys: true }),
  ]
  keys[0] = 'other'
  args[0] = 'yours'
  expect(await Promise.all(runs)).toEqual(['lock,mine', 'lock,mine'])
})

test('what a call says may be inherited', async () => {
  const server = new ScriptServer(([name, , , ...rest]) => (name === 'EVALSHA' ? noScript : rest.join()))
  const { scripts } = cacheOn(server)
  const call = Object.create({ keys: ['raw'], args: ['a'], rawKeys: true }) as ScriptCall
  expect(await scripts.execute('return 1', call)).toBe('raw,a')
})

describe('what a failing script was called with is never shown', () => {
  const secret = '4111 1111'
  test.each([
    `ERR user_script:1: attempt to pay ${secret} script: ${'a'.repeat(40)}, on @user_script:1.`,
    'SECRET_TOKEN is taken',
    `ERR hybrid-cache: ${secret}`,
    `ERR no such transcript:${secret.slice(0, 4)}`,
    `ERR Dynamic keys are not allowed in Lua scripts when 'allow-key-locking' flag is set. Key was: ${secret}`,
    `attempt to call (${secret.repeat(20_000)}`,
  ])('%#', async (text) => {
    const run = cacheOn(new ScriptServer(() => new RedisReplyError(text))).scripts.execute('return 1')
    await expect(run).rejects.toMatchObject({ code: 'SCRIPT' })
    await expect(run).rejects.not.toThrow(/4111|SECRET/)
  })

  test("nor is a script's own error taken for one of the database", async () => {
    const run = cacheOn(
      new ScriptServer(() => new RedisReplyError('ERR rate limit exceeded')),
    ).scripts.execute('return 1')
    await expect(run).rejects.toMatchObject({ code: 'SCRIPT', retryable: false })
  })
})

test("an error about a '#' further down is the author's, and leaves the dialect alone", async () => {
  const text = "ERR Error compiling script (new function): user_script:2: unexpected symbol near '#'"
  const server = new ScriptServer(() => new RedisReplyError(text), 'upstash')
  const { scripts } = cacheOn(server)
  await expect(scripts.execute('# no comment\nreturn 1')).rejects.toMatchObject({ code: 'SCRIPT' })
  await scripts.execute(SetIfExists, { keys: ['k'], args: ['v', 0] }).catch(() => undefined)
  expect(server.sent.at(-1)?.[0]?.[1]).toBe(SetIfExists.sha1.upstash)
})
