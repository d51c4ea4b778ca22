import { CacheError } from '../../errors.ts'
import { textFor } from '../../lua/index.ts'
import { RedisReplyError, type Reply } from '../../redis/index.ts'
import type { Commands, Database } from '../database.ts'
import { conditional } from './conditional.ts'
import { counters } from './counters.ts'
import { limits } from './limits.ts'
import { loads } from './loads.ts'
import { locks } from './locks.ts'
import type { Call, Run } from './lua.ts'
import { values } from './values.ts'
import { writes } from './writes.ts'

const all = [...values, ...counters, ...locks, ...limits, ...writes, ...loads, ...conditional]
const dialects = ['redis', 'upstash'] as const

const bySha: ReadonlyMap<string, Run> = new Map(
  all.flatMap(([script, run]) => dialects.map((dialect) => [script.sha1[dialect], run] as const)),
)

/** Texts are long: they are put together when one is sent for the first time. */
let byText: ReadonlyMap<string, Run> | undefined

function runOfText(text: string): Run {
  byText ??= new Map(
    all.flatMap(([script, run]) => dialects.map((dialect) => [textFor(script, dialect), run] as const)),
  )
  const run = byText.get(text)
  if (run !== undefined) return run
  throw new CacheError(
    'SCRIPT',
    'the memory transport of hybrid-cache/testing has no Lua: it knows the scripts of hybrid-cache/lua only. Test your own with startDevServer of hybrid-cache/dev',
  )
}

function runOfSha(sha: string): Run {
  const run = bySha.get(sha)
  if (run !== undefined) return run
  throw new RedisReplyError('NOSCRIPT No matching script. Please use EVAL.')
}

function execute(db: Database, run: Run, [, count = '', ...words]: readonly string[]): Reply {
  const length = Number(count)
  if (!/^\d{1,6}$/.test(count) || length > words.length)
    throw new RedisReplyError("ERR Number of keys can't be greater than number of args")
  const call: Call = <T extends Reply>(name: string, ...rest: readonly (string | number)[]) =>
    db.call(name, ...rest) as T
  return run(call, words.slice(0, length), words.slice(length))
}

const bySha1 = (db: Database, words: readonly string[]): Reply => execute(db, runOfSha(words[0] ?? ''), words)
const asText = (db: Database, words: readonly string[]): Reply =>
  execute(db, runOfText(words[0] ?? ''), words)

/** The commands that run scripts. */
export const evaluate: Commands = {
  EVALSHA: [2, bySha1],
  EVALSHA_RO: [2, bySha1],
  EVAL: [2, asText],
  EVAL_RO: [2, asText],
}
