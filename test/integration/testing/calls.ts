import fc from '../../support/fc.ts'
import type { Command } from '../../../src/index.ts'
import { formatEntry } from '../../../src/entry/header.ts'
import { type LuaScript, LuaScripts } from '../../../src/lua/index.ts'
import { headerOf } from '../../support/entries.ts'

/** When everything begins, by the server's clock. */
export const start = 1_700_000_000_000

const one = <const T extends readonly unknown[]>(...values: T): fc.Arbitrary<T[number]> =>
  fc.constantFrom(...values)

// Far enough apart that it does not matter how long a test takes.
const lives = one(20_000, 50_000, 200_000)
const entry = fc
  .record({
    address: one('e:a', 'e:a', 'e:a', 'e:b', 'e:%7c'),
    fresh: one(0, 1000, 20_000, 500_000).map((ms) => start + ms),
    stale: one(0, start + 40_000),
    created: one(start, start + 500),
    idle: one(0, 30_000),
    end: one(0, start + 900_000),
    codec: one('j', 's', 't:x', 'b d'),
    zip: one('', '', 'gzip'),
    digest: one('', 'abc1'),
    tags: fc.constantFrom<string[]>([], ['t']),
    stamp: one(0, 7, 1_700_000_000_000_050),
  })
  .map((header) => formatEntry({ header: headerOf(header), payload: '1' }))
/** What most calls can use, if nothing has ended it. */
const tagged = one(7, 1_700_000_000_000_050).map((stamp) => {
  const header = { address: 'e:a', fresh: start + 500_000, codec: 'j', tags: ['t'], stamp }
  return formatEntry({ header: headerOf(header), payload: '1' })
})
const headLine = entry.map((bytes) => bytes.slice(0, bytes.indexOf('\n') + 1))
const body = entry.map((bytes) => bytes.replace(/^h1\|e\|\d*/, ''))
const versions = one('0', '7', '1700000000000000', '1700000000000100', '9007199254740991')

/** What scripts call their arguments, and what they may be given. */
export const words: Readonly<Record<string, fc.Arbitrary<string | number>>> = {
  value: fc.oneof(body, entry, one('v', '|v', '', 'ü🐎')),
  expected: fc.oneof(entry, one('v', '5', '')),
  seen: fc.oneof(headLine, one('', 'h1|')),
  token: one('t', 'u', ''),
  expiration: fc.oneof(lives, one('0', 'keep')),
  timeout: lives,
  fence: lives,
  maxSize: one(1, 2, 4),
  stamp: versions,
  floor: fc.oneof(one(0, 0), versions),
  stars: one(0, 1, 1, 2),
  tags: one('', 't', 't', 'u'),
  tagFloor: fc.oneof(one(0, 0), versions),
  longest: lives,
  after: one(0, start, start + 600),
  now: fc.oneof(one(''), one(start, start + 2000)),
  amount: one(1, -1, 5, '9007199254740993', '-9223372036854775808', '9223372036854775807', '0'),
  min: one(0, -5),
  max: one(3, 10, 100),
  window: one(20_000, 60_000),
  cost: one(0, 1, 2, 20),
  prefix: one('p', 'p', 'q'),
  codecs: one(',j,', ',j,s,t:x,'),
  codec: one('j', 's'),
  text: one('1', '2'),
  sha: one('abc1', 'abc2'),
  member: one('k||a', 'k||b', '*||'),
  members: one('k||a', 't||ü'),
  values: one('v', 'w'),
  batchSize: one(1000),
  cursor: one('0', 'x'),
  channel: one('c', 'd'),
  message: one('', '|m'),
  mode: one('take', 'look'),
  words: one('g', 1, 20_000),
}

const anyKey = one('p:e:a', 'p:e:a', 'p:e:a', 'p:e:b', 'p:e:|', 'p:l:a', 'p:m:v', 'p:m:log', 'x', 'y', 'z')
const keys: Readonly<Record<string, fc.Arbitrary<string>>> = {
  version: one('p:m:v', 'p:m:v', 'p:m:v', 'p:m:v', 'p:m:v', 'x'),
  log: one('p:m:log'),
  entry: one('p:e:a', 'p:e:a', 'p:e:a', 'p:e:b', 'p:e:|'),
  root: one('p:t:*'),
  versions: one('p:t:*', 'p:t:t', 'p:x:t'),
  lease: one('p:l:a', 'p:l:a', 'p:l:a', 'x'),
  lock: one('p:k:a', 'p:k:a', 'x'),
  fence: one('p:f:a', 'p:f:a', 'y'),
  limits: one('r1', 'x'),
  pattern: one('x*', 'p:e:?', 'p:[em]:[a-b]', 'z', '\\x', '[^x]'),
}

type Words = readonly (string | number)[]

/** Keys and arguments, mostly those that the script takes, now and then something else, or too little. */
function callOf(script: LuaScript): fc.Arbitrary<Command> {
  const { names, min, max } = script.keys
  const isMany = max === Infinity
  const log = names.indexOf('log')
  const mayLog = log >= min
  const first = names.slice(0, isMany ? -1 : mayLog ? max : min).map(keyOf)
  const fewest = Math.max(1, min - first.length)
  const rest = isMany ? fc.array(keyOf(names.at(-1) ?? ''), { minLength: fewest, maxLength: 3 }) : none
  return fc
    .record({
      some: fc.tuple(...first),
      others: rest,
      logged: fc.boolean(),
      told: fc.boolean(),
      args: argsOf(script),
      slip: slips,
    })
    .map(({ some, others, logged, told, args, slip }) => {
      const keysOfCall = mayLog && !logged ? some.slice(0, log) : [...some, ...others]
      const endsWithLog = names.some((name) => name.endsWith('AndLog')) && logged
      if (endsWithLog) keysOfCall.push('p:m:log')
      const hasLog = endsWithLog || keysOfCall[log] !== undefined
      const hasMembers = /members/.test(script.args.names.at(-1) ?? '')
      const perKey = script.args.perKey === true || hasMembers
      const fitting = fit(script, args, { logged: hasLog, count: perKey ? others.length : 0 })
      if (hasMembers && hasLog && told) fitting.push('c', '|m')
      if (slip === 'a key less' && keysOfCall.length > min) keysOfCall.pop()
      if (slip === 'a word less' && fitting.length > script.args.min) fitting.pop()
      if (slip !== undefined && !slip.startsWith('a ')) fitting[fitting.length >> 1] = slip
      return evalsha(script, keysOfCall, fitting)
    })
}

const none = fc.constant<string[]>([])
const slips = fc.oneof(
  { weight: 20, arbitrary: one(undefined) },
  { weight: 1, arbitrary: one('a key less', 'a word less', '', 'x', '-1', '1e3', '1.5', '9'.repeat(21)) },
)

function keyOf(name: string): fc.Arbitrary<string> {
  return keys[name.replace('?', '')] ?? anyKey
}

function argsOf({ args: { names } }: LuaScript): fc.Arbitrary<Words> {
  return fc.tuple(...names.map((name) => words[name] as fc.Arbitrary<string | number>))
}

/** As many words as there are keys, where the script wants that, and a member only where there is a log. */
function fit(
  { args: { names, perKey } }: LuaScript,
  args: Words,
  { logged, count }: { logged: boolean; count: number },
): (string | number)[] {
  return names.flatMap((name, i) => {
    const word = args[i] ?? ''
    if (name === 'member' && names.length > 1) return [logged ? word : '']
    if (name === 'members') return logged ? Array.from({ length: count }, (_, n) => `${word}${n}`) : []
    return perKey === true && i === 0 ? Array.from({ length: count }, () => word) : [word]
  })
}

function evalsha(script: LuaScript, all: readonly string[], args: readonly (string | number)[]): Command {
  return ['EVALSHA', script.sha1.redis, all.length, ...all, ...args]
}

/** Stands for GT and LT, which are given times of their own: between equal ones a millisecond of real time would decide. */
const compared = 'GT or LT'

function timed(step: Step, i: number): Step {
  if (typeof step === 'number' || step[3] !== compared) return step
  return ['PEXPIRE', step[1] ?? '', 30_400 + 1000 * i, i % 2 === 0 ? 'GT' : 'LT']
}

const plain: fc.Arbitrary<Command> = fc
  .oneof(
    fc.tuple(one('GET', 'TYPE', 'PTTL', 'INCR', 'DEL', 'GETEX'), anyKey),
    fc.tuple(one('MGET', 'EXISTS', 'UNLINK'), anyKey, anyKey),
    fc.tuple(one('SET'), anyKey, fc.oneof(entry, one('v', '5', '1700000000000099'))),
    fc.tuple(one('SET'), one('p:e:a', 'p:e:a', 'p:e:b'), entry, one('PX'), lives),
    fc.tuple(one('SET'), one('p:l:a'), one('0|t', '7|u', '1700000000000000|u', 'odd'), one('PX'), lives),
    fc.tuple(one('SET'), one('p:t:*', 'p:t:t', 'p:x:t'), versions),
    fc.tuple(one('SET'), one('p:e:a'), tagged),
    fc.tuple(one('SET'), one('p:m:v'), one('1700000000000255', '1700000000001279', '5')),
    fc.tuple(one('SET'), anyKey, one('v'), one('NX', 'XX', 'KEEPTTL', 'nonsense')),
    fc.tuple(one('SET'), anyKey, one('v'), one('PX', 'EX', 'NX'), one(0, 20_000, 90_000, 'KEEPTTL', '-1')),
    fc.tuple(one('INCRBY'), anyKey, one('3', '-3', '9223372036854775807', 'x')),
    fc.tuple(one('PEXPIRE'), anyKey, one(0, 20_000, 90_000)),
    fc.tuple(one('PEXPIRE'), anyKey, one(35_000, 95_000), one('NX', 'XX', compared)),
    fc.tuple(one('RPUSH'), one('x', 'y', 'p:e:b'), one('a', 'ü'), one('b')),
    fc.tuple(one('LRANGE', 'LTRIM'), anyKey, one(0, 1, -2, 9), one(0, -1, -9, 2)),
    fc.tuple(one('GETRANGE'), anyKey, one(0, 2, -3), one(4, -1)),
    fc.tuple(one('ZADD'), one('p:m:log', 'z'), one(1, 2, 2.5), one('m', 'é', '🐎', '\uff5e')),
    fc.tuple(one('ZRANGE'), anyKey, one('-inf', '(1', '0', '2'), one('+inf', '(2', '2'), one('BYSCORE')),
    fc.tuple(one('ZRANGE'), anyKey, one(0, 1, -2), one(-1, 0), one('WITHSCORES')),
    fc
      .tuple(anyKey, one(0, 1), one(-1, 0, 1))
      .map(([key, offset, count]) => [
        'ZRANGE',
        key,
        '-inf',
        '+inf',
        'BYSCORE',
        'LIMIT',
        offset,
        count,
        'WITHSCORES',
      ]),
    fc.tuple(one('ZREMRANGEBYSCORE'), anyKey, one('-inf', 1), one(1, '(2', '+inf')),
  )
  .map((command) => command as unknown as Command)

const seed: Command = ['EVALSHA', LuaScripts.SeedVersions.sha1.redis, 3, 'p:m:v', 'p:t:*', 'p:m:log', '*||']

/** A command, or milliseconds that pass. */
export type Step = Command | number

/** The words of a rate limit: a state may have been made by another limit, and by another algorithm. */
const limit = fc
  .record({ cost: one(1, 1, 1, 2, 3, 0, -1, -2), most: one(3, 3, 7), span: one(25_000_000, 50_000_000) })
  .chain(({ cost, most, span }) => {
    const taken = Math.max(0, Math.ceil((cost * span) / most))
    const step =
      cost < 0 ? [Math.ceil((cost * span) / most), 0] : [Math.floor((cost * span) / most), taken % most]
    return one(
      ['g', cost, most, span, span, 0, ...step],
      ['g', cost, most, span, Math.floor(span / most), 1, ...step],
      ['s', cost, most, span, Math.ceil(span / 60), 0, 0, 0],
      ['f', cost, most, span, 0, 0, 0, 0],
    )
  })

const limitKey = one('r1', 'r1', 'r1', 'r2', 'x')
const limited: fc.Arbitrary<Command> = fc
  .record({
    mode: one('take', 'take', 'take', 'look', 'give', 'block'),
    rules: fc.array(fc.tuple(limitKey, limit), { minLength: 1, maxLength: 3 }),
    slip: slips,
  })
  .map(({ mode, rules, slip }) => {
    const told = rules.flatMap(([, each]) => each)
    return evalsha(
      LuaScripts.CheckRateLimits,
      rules.map(([key]) => key),
      [mode, ...(slip === undefined ? told : [slip, ...told.slice(1)])],
    )
  })

/** What a test does to two databases. */
export const steps: fc.Arbitrary<Step[]> = fc
  .array(
    fc.oneof(
      { weight: 12, arbitrary: fc.oneof(...Object.values<LuaScript>({ ...LuaScripts }).map(callOf)) },
      { weight: 3, arbitrary: plain },
      { weight: 5, arbitrary: limited },
      { weight: 1, arbitrary: fc.constant(seed) },
      { weight: 1, arbitrary: one(1, 2000, 30_000, 61_000) },
    ),
    { minLength: 1, maxLength: 300, size: 'max' },
  )
  .map((list) => [seed, ...list].map(timed))
