import { describe, expect, test } from 'vitest'
import { describeOnEngines, NO_REDIS, useServer } from './engines.ts'
import { run } from './rest.ts'
import type { DevServer } from '../../../src/dev/index.ts'

const PROBE = '#!lua flags=allow-key-locking\nreturn redis.pcall(unpack(ARGV))'

/** Runs a command in a script that lists these keys; gives the key that it was refused for, if it was. */
async function refusedFor(
  server: DevServer,
  words: readonly string[],
  keys: readonly string[],
): Promise<string | undefined> {
  const { error } = (await run(server, 'EVAL', PROBE, keys.length, ...keys, ...words)) as { error?: string }
  return error === undefined ? undefined : /^ERR Dynamic keys .* Key was: (.*)$/.exec(error)?.[1]
}

async function expectKeys(server: DevServer, words: readonly string[], keys: readonly string[]) {
  expect(await refusedFor(server, words, keys), `${words.join(' ')} with all its keys`).toBeUndefined()
  for (const key of keys) {
    const others = keys.filter((other) => other !== key)
    expect(await refusedFor(server, words, others), `${words.join(' ')} without ${key}`).toBe(key)
  }
}

/** A command, and its keys: the words that start with `k`, and only they. */
const COMMANDS = [
  'GET k1',
  'set k1 v EX 10',
  'HSET k1 f v',
  'ZADD k1 1 m',
  'EVAL x',
  'DEL k1 k2 k3',
  'MGET k1 k2',
  'MSET k1 v k2 v k3 v',
  'MSETNX k1 v k2 v',
  'BLPOP k1 k2 0',
  'JSON.MGET k1 k2 $',
  'JSON.MSET k1 $ 1 k2 $ 2',
  'COPY k1 k2 REPLACE',
  'RENAME k1 k2',
  'SMOVE k1 k2 m',
  'LMOVE k1 k2 LEFT RIGHT',
  'RPOPLPUSH k1 k2',
  'LCS k1 k2 LEN',
  'PFMERGE k1 k2 k3',
  'SDIFFSTORE k1 k2 k3',
  'BITOP AND k1 k2 k3',
  'ZRANGESTORE k1 k2 0 -1',
  'GEOSEARCH k1 FROMLONLAT 0 0 BYRADIUS 1 km ASC',
  'GEOSEARCHSTORE k1 k2 FROMLONLAT 0 0 BYRADIUS 1 km ASC',
  'GEORADIUS k1 0 0 1 km',
  'GEORADIUS k1 0 0 1 km COUNT 1 ASC STORE k2',
  'GEORADIUSBYMEMBER k1 STORE 1 km STOREDIST k2',
  'GEORADIUSBYMEMBER_RO k1 m 1 km',
  'ZUNIONSTORE k1 2 k2 k3 WEIGHTS 1 2',
  'ZINTERSTORE k1 1 k2 AGGREGATE SUM',
  'ZDIFFSTORE k1 2 k2 k3',
  'ZUNION 2 k1 k2 WITHSCORES',
  'ZINTER 2 k1 k2 WEIGHTS 1 2',
  'ZDIFF 2 k1 k2 WITHSCORES',
  'ZINTERCARD 2 k1 k2 LIMIT 1',
  'SINTERCARD 2 k1 k2 LIMIT 1',
  'LMPOP 2 k1 k2 LEFT COUNT 1',
  'ZMPOP 2 k1 k2 MIN COUNT 1',
  'XREAD COUNT 1 STREAMS k1 k2 0 0',
  'XREAD STREAMS k1 $',
  'XREADGROUP GROUP streams c COUNT 1 NOACK streams k1 k2 > >',
  'XADD k1 * f v',
  'XINFO STREAM k1',
  'XINFO GROUPS k1',
  'XGROUP CREATE k1 g $ MKSTREAM',
  'SORT k1',
  'SORT k1 LIMIT 0 1 ALPHA STORE k2',
  'SORT k1 BY nosort GET # STORE k2',
  'SORT k1 BY store STORE k2',
  'SORT_RO k1 DESC',
  'OBJECT ENCODING k1',
  'object idletime k1',
  'MEMORY USAGE k1 SAMPLES 0',
  'MEMORY DOCTOR',
  'OBJECT HELP',
  'TIME',
  'DBSIZE',
  'SCAN 0 MATCH * COUNT 1',
  'RANDOMKEY',
  'PUBLISH c m',
]

describeOnEngines('the keys of a command', (server) => {
  test.each(COMMANDS)('%s', async (line) => {
    const words = line.split(' ')
    await expectKeys(
      server(),
      words,
      words.filter((word) => /^k\d$/.test(word)),
    )
  })

  test('patterns of SORT lead to keys that are not listed', async () => {
    for (const name of ['SORT', 'SORT_RO']) {
      const sort = `${name} k1 BY w_* GET # GET d_*->f`.split(' ')
      expect(await refusedFor(server(), sort, ['k1'])).toBe('w_*')
      expect(await refusedFor(server(), sort, ['k1', 'w_*'])).toBe('d_*->f')
    }
  })

  test('a count of keys that is too large or no number reads nothing beyond the end', async () => {
    for (const count of ['9999999999', '-1', 'nan', 'inf', '0x1', ''])
      expect(await refusedFor(server(), ['SINTERCARD', count, 'k1'], ['k1'])).toBeUndefined()
  })
})

type CommandInfo = [
  name: string,
  arity: number,
  flags: string[],
  first: number,
  last: number,
  step: number,
  categories: string[],
  tips: string[],
  specs: unknown[],
  subcommands: unknown[],
]

/** These have an example above: their keys depend on what the arguments say. */
const MOVABLE =
  'xreadgroup xread zintercard blmpop zunion zmpop bzmpop zinter sintercard zdiff lmpop georadius ' +
  'georadiusbymember zdiffstore zunionstore zinterstore sort sort_ro migrate'

describe.skipIf(NO_REDIS)('every command of a real Redis', () => {
  const server = useServer({ engine: 'redis-server' })

  test('has the keys that COMMAND GETKEYS says', async () => {
    const { result } = (await run(server(), 'COMMAND')) as { result: CommandInfo[] }
    const scripted = result.filter(([, , flags]) => !flags.includes('noscript'))
    // The containers of subcommands have examples above, too.
    const containers = scripted.filter((info) => info[9].length > 0).map(([name]) => name)
    const movable = scripted.filter(([, , flags]) => flags.includes('movablekeys')).map(([name]) => name)
    expect(movable.toSorted()).toEqual(MOVABLE.split(' ').toSorted())
    let withKeys = 0
    for (const [name, arity] of scripted) {
      if ([...movable, ...containers].includes(name) || /^(flush|swapdb)/.test(name)) continue
      const words = [name, ...Array.from({ length: Math.max(Math.abs(arity) - 1, 6) }, (_, at) => `a${at}`)]
      if (arity > 0) words.length = arity
      const said = (await run(server(), 'COMMAND', 'GETKEYS', ...words)) as { result?: string[] }
      if (said.result !== undefined) withKeys += 1
      await expectKeys(server(), words, said.result ?? [])
    }
    expect(withKeys).toBeGreaterThan(120)
  })
})
