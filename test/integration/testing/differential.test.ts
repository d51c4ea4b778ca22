import fc from '../../support/fc.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Command, RedisReplyError, type Reply } from '../../../src/index.ts'
import { type LuaScript, LuaScripts } from '../../../src/lua/index.ts'
import { ManualClock, MemoryTransport } from '../../../src/testing/index.ts'
import { Server } from '../../model/server.ts'
import { redisServerBin } from '../../support/redis-server.ts'
import { start, type Step, steps, words } from './calls.ts'

type Answer = Reply | RedisReplyError

const options = { signal: new AbortController().signal, idempotent: true }
/** How long keys last shows after each command, before another changes it. */
const lastingKeys = ['p:e:a', 'p:l:a', 'x'].map((key): Command => ['PTTL', key])

/** What lets a server know the scripts; that they refuse to be called without anything does not matter. */
const loading = Object.values<LuaScript>({ ...LuaScripts }).map(({ source }): Command => [
  'EVAL',
  source,
  1,
  'k',
])

/** What is the same everywhere: of an error its kind, and our own words. */
function comparable(answer: Answer): unknown {
  if (Array.isArray(answer)) return (answer as readonly Reply[]).map(comparable)
  if (!(answer instanceof RedisReplyError)) return answer
  const own = /hybrid-cache: [^.]*?(?= script: |$)/.exec(answer.message)?.[0]
  return `error ${own ?? /^[A-Z]+/.exec(answer.message.replace(/^ERR Error running script.*?: /, ''))?.[0]}`
}

/** What was given, but what was wanted where a key has that left and real time, `ms` at most, has passed besides. */
function forgiven(given: unknown, wanted: unknown, ms: number): unknown {
  if (Array.isArray(given) && Array.isArray(wanted))
    return given.map((each, i) => forgiven(each, wanted[i], ms))
  const isLife = typeof given === 'number' && typeof wanted === 'number' && wanted > 100 && wanted < 1e9
  return isLife && given >= wanted - 1 && given <= wanted + ms + 2 ? wanted : given
}

test('there is something to give for each argument of each script, and nothing else', () => {
  const names = Object.values<LuaScript>({ ...LuaScripts }).flatMap(({ args }) => args.names)
  expect(new Set(Object.keys(words))).toEqual(new Set(names))
})

describe.each(['redis-server', 'embedded'] as const)('against %s', (engine) => {
  const missing = engine === 'redis-server' && redisServerBin() === undefined
  let server: Server
  beforeAll(async () => {
    if (missing) return
    server = new Server(engine)
    await server.start()
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  async function run(list: readonly Step[]): Promise<void> {
    const clock = new ManualClock(start)
    const memory = new MemoryTransport({ clock })
    let elapsed = 0
    await server.reset()
    const begun = performance.now()
    const passed = (): number => performance.now() - begun
    const ask = async (commands: readonly Command[]): Promise<[unknown[], unknown[]]> => {
      const time = { elapsed, seconds: Math.floor(clock.now() / 1000), micros: (clock.now() % 1000) * 1000 }
      const real = await server.execute(commands, time)
      return [(await memory.send(commands, options)).map(comparable), real.map(comparable)]
    }
    await server.execute(loading, { elapsed, seconds: 1, micros: 0 })
    await server.reset()
    for (let i = 0; i < list.length; i++) {
      const step = list[i] as Step
      if (typeof step === 'number') {
        elapsed += step
        await clock.advance(step)
        continue
      }
      const batch = list.slice(i, i + 50)
      const end = batch.findIndex((each) => typeof each === 'number')
      const given = batch.slice(0, end < 0 ? undefined : end) as Command[]
      const commands = given.flatMap((command) => [command, ...lastingKeys])
      const [got, wanted] = await ask(commands)
      for (const [n, command] of commands.entries())
        expect({ command, reply: forgiven(got[n], wanted[n], passed()) }).toEqual({
          command,
          reply: wanted[n],
        })
      i += given.length - 1
    }
    const looks = memory
      .keys()
      .concat('x', 'y', 'z')
      .flatMap((key): Command[] => [
        ['TYPE', key],
        ['PTTL', key],
        ['MGET', key],
        ['LRANGE', key, 0, -1],
        ['ZRANGE', key, 0, -1, 'WITHSCORES'],
      ])
    const [got, wanted] = await ask(looks)
    expect(forgiven(got, wanted, passed())).toEqual(wanted)
  }

  test.skipIf(missing)(
    'commands and scripts answer and leave the same',
    async () => {
      await fc.assert(fc.asyncProperty(steps, run), {
        endOnFailure: true, // to shrink hundreds of steps takes minutes
        numRuns: Number(process.env['RUNS'] ?? (engine === 'embedded' ? 20 : 150)),
      })
    },
    120_000,
  )
})
