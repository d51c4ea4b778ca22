import { CacheError } from '../../errors.ts'
import type { LuaScript } from '../../lua/index.ts'
import { RedisReplyError, type Reply } from '../../redis/index.ts'
import { scriptOfSha1, scriptOfText } from '../built-in.ts'
import type { Commands, Database } from '../database.ts'
import { conditional } from './conditional.ts'
import { counters } from './counters.ts'
import { limits } from './limits.ts'
import { loads } from './loads.ts'
import { locks } from './locks.ts'
import type { Call, Run } from './lua.ts'
import { values } from './values.ts'
import { writes } from './writes.ts'

const runs: ReadonlyMap<LuaScript | undefined, Run> = new Map([
  ...values,
  ...counters,
  ...locks,
  ...limits,
  ...writes,
  ...loads,
  ...conditional,
])

function runOfText(text: string): Run {
  const run = runs.get(scriptOfText(text))
  if (run !== undefined) return run
  throw new CacheError(
    'SCRIPT',
    'the memory transport of hybrid-cache/testing has no Lua: it knows the scripts of hybrid-cache/lua only. Test your own with startDevServer of hybrid-cache/dev',
  )
}

function runOfSha(sha: string): Run {
  const run = runs.get(scriptOfSha1(sha))
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
