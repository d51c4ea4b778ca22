import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, beforeEach, describe } from 'vitest'
import { LuaScripts, textFor, type LuaDialect, type LuaScript } from '../../src/lua/index.ts'
import type { DevServer } from '../../src/dev/index.ts'
import { describeOnEngines } from '../integration/dev/engines.ts'
import { post } from '../integration/dev/rest.ts'

export const allScripts: readonly LuaScript[] = Object.values(LuaScripts)

export type Word = string | number

/** What a call came to: `{ result }` or `{ error }`. */
export interface Outcome {
  readonly result?: unknown
  readonly error?: string
}

/** The scripts on one engine, in one dialect. */
export interface Lua {
  readonly server: DevServer
  readonly dialect: LuaDialect
  /** A call by SHA-1, the only way that is cheap. */
  run(script: LuaScript, keys: readonly string[], args?: readonly Word[]): Promise<Outcome>
  /** The result of a call that must succeed. */
  call(script: LuaScript, keys: readonly string[], args?: readonly Word[]): Promise<unknown>
  /** The words of such a call, for a pipeline or a transaction. */
  words(script: LuaScript, keys: readonly string[], args?: readonly Word[]): Word[]
  /** The result of a plain command. */
  redis(...words: readonly Word[]): Promise<unknown>
  /** Several commands in one request, between which others may come: their results. */
  pipeline(commands: readonly (readonly Word[])[]): Promise<unknown[]>
  /** The same, with what failed. */
  outcomes(commands: readonly (readonly Word[])[]): Promise<Outcome[]>
  /** Several commands in one transaction: their results. */
  together(commands: readonly (readonly Word[])[]): Promise<unknown[]>
  /** Waits until the server's clock has gone on by so many milliseconds. A key that lives for 20 of them has ended after 21. */
  elapse(ms: number): Promise<void>
  /** The billed commands of what is done meanwhile. */
  billed(work: () => Promise<unknown>): Promise<number>
}

/** Runs a suite on both engines and in both dialects, each test on an empty database. */
export function describeScripts(name: string, suite: (lua: () => Lua) => void): void {
  describeOnEngines(name, (server) => {
    describe.each(['redis', 'upstash'] as const)('dialect %s', (dialect) => {
      const lua = (): Lua => luaOn(server(), dialect)
      beforeAll(async () => {
        await lua().pipeline(allScripts.map((script) => ['SCRIPT', 'LOAD', textFor(script, dialect)]))
      })
      beforeEach(() => lua().redis('FLUSHALL'))
      suite(lua)
    })
  })
}

/** Whether what comes at once can meet on its way: the embedded engine takes each request to its end, and its time. */
export function isRealRedis({ server }: Lua): boolean {
  return server.engine.startsWith('redis-server')
}

function luaOn(server: DevServer, dialect: LuaDialect): Lua {
  const words: Lua['words'] = (script, keys, args = []) => [
    'EVALSHA',
    script.sha1[dialect],
    keys.length,
    ...keys,
    ...args,
  ]
  const run: Lua['run'] = async (script, keys, args) =>
    (await post(server, '/', words(script, keys, args))).json as Outcome
  return {
    server,
    dialect,
    words,
    run,
    call: async (script, keys, args) => resultOf(await run(script, keys, args)),
    redis: async (...command) => resultOf((await post(server, '/', command)).json as Outcome),
    outcomes: (commands) => runAll(server, '/pipeline', commands),
    pipeline: async (commands) => (await runAll(server, '/pipeline', commands)).map(resultOf),
    together: async (commands) => (await runAll(server, '/multi-exec', commands)).map(resultOf),
    async elapse(ms) {
      const now = async (): Promise<number> => {
        const [seconds, micros] = resultOf((await post(server, '/', ['TIME'])).json as Outcome) as string[]
        return Number(seconds) * 1_000 + Number(micros) / 1_000
      }
      const end = (await now()) + ms
      for (let left = ms; left > 0; left = end - (await now())) await sleep(Math.ceil(left))
    },
    async billed(work) {
      server.resetStats()
      await work()
      return server.stats().commands
    },
  }
}

async function runAll(
  server: DevServer,
  path: string,
  commands: readonly (readonly Word[])[],
): Promise<Outcome[]> {
  return (await post(server, path, commands)).json as Outcome[]
}

function resultOf(outcome: Outcome): unknown {
  if (outcome.error !== undefined) throw new Error(outcome.error)
  return outcome.result
}

/** Texts that break what is put together from pieces. */
export const HOSTILE: readonly string[] = [
  '',
  '0',
  'false',
  `'`,
  `"`,
  `' .. redis.call('FLUSHALL') .. '`,
  '"; redis.call("FLUSHALL") --',
  ']]--',
  ']==] return 1 --[==[',
  '%d%s%%1',
  '\\0\\n',
  'a\nb\r\nc',
  'NUL\u0000inside\u0000',
  '\u0000',
  '#!lua flags=no-writes',
  '{"__proto__":1}',
  'žluťoučký 🐎 \u202E日本語',
  '\uFFFD\uFEFF',
  'x'.repeat(2 ** 20),
]

/** A name for a text in the title of a test. */
export function title(text: string): string {
  return text.length > 40 ? `${text.length} characters` : JSON.stringify(text)
}
