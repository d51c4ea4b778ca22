import type { Command } from '../../src/index.ts'
import { LuaScripts } from '../../src/lua/index.ts'
import type { Exchange, Item, WireFault } from './stage.ts'
import type { FaultKind } from './wire-faults.ts'

const reading = new Set([
  'GET',
  'MGET',
  'TIME',
  'ZRANGE',
  'LRANGE',
  'SCAN',
  'GETRANGE',
  'EVALSHA_RO',
  'EVAL_RO',
])
const scripts = new Map(
  Object.values(LuaScripts).flatMap((script) => [
    [script.sha1.redis, script.keys.min] as const,
    [script.sha1.upstash, script.keys.min] as const,
  ]),
)

/** Redis refuses some commands, in a text that repeats them, and executes the others of the request. */
const refusing =
  (error: string, concerns: (command: Command) => boolean): WireFault =>
  async ({ commands, execute, answer }) => {
    const refused = commands.map(concerns)
    const items = await execute(commands.filter((_, i) => !refused[i]))
    const replies = commands.map((command, i): Item => {
      if (refused[i] !== true) return items.shift() ?? {}
      return { error: `${error} Command was: ${command.join(' ')}` }
    })
    answer(JSON.stringify(replies))
  }

const writes = ([name]: Command): boolean => !reading.has(name)
const all = (): boolean => true

/** The keys of entries, leases, counters and lists that a request is about; not what all of them depend on. */
function keysIn(commands: readonly Command[]): string[] {
  return commands
    .flatMap(([name, ...words]) => {
      if (!name.startsWith('EVAL')) return words
      return scripts.has(String(words[0])) || name === 'EVAL' ? words.slice(2, 2 + Number(words[1])) : []
    })
    .map(String)
    .filter((key) => /^[^:]+:(?:n:[^:]+:)?[elcq]:/.test(key))
}

/** Does something to the keys of a request before it is executed. */
const tampering =
  (tamper: (key: string, exchange: Exchange) => Promise<Command[]> | Command[]): WireFault =>
  async (exchange) => {
    for (const key of keysIn(exchange.commands)) await exchange.execute(await tamper(key, exchange))
    exchange.answer(JSON.stringify(await exchange.execute()))
  }

const foreign = [
  '',
  '{"a":1}',
  'h1|e|',
  'h1|t|\n',
  'h2|e|1|2|3',
  '\u0000\u0001',
  'j|1',
  'x'.repeat(5000),
  '7',
]

/** Another text under the key, or what is there with a bit of it changed, or what is under another key. */
async function foreignBytes(key: string, { random, execute }: Exchange): Promise<Command[]> {
  const pick = Math.floor(random() * 3)
  if (pick === 0) return [['SET', key, foreign[Math.floor(random() * foreign.length)] ?? '', 'PX', 60_000]]
  const other = pick === 1 ? key : key.replace(/.$/u, (last) => (last === 'a' ? 'b' : 'a'))
  const [item] = await execute([['MGET', other]])
  const [bytes] = (item?.result ?? []) as readonly (string | null)[]
  if (bytes === null || bytes === undefined || bytes === '') return []
  // Copied to and fro, an entry would come back to its own key, older than what was written since: that is a replay.
  if (pick === 2 && !bytes.split('\n')[0]?.endsWith(`|${other.replace(/^[^:]+:/, '')}`)) return []
  // Not its version: who makes an entry newer than it is writes a new one, and no checksum is a signature.
  const stamp = /^h1\|[et]\|\d*/.exec(bytes)?.[0].length ?? 0
  const at = stamp + Math.floor(random() * (bytes.length - stamp))
  const changed = `${bytes.slice(0, at)}${bytes[at] === '1' ? '2' : '1'}${bytes.slice(at + 1)}`
  return [['SET', key, pick === 1 ? changed : bytes, 'PX', 60_000]]
}

const before =
  (...commands: Command[]): WireFault =>
  async (exchange) => {
    await exchange.execute(commands)
    exchange.answer(JSON.stringify(await exchange.execute()))
  }

/** What goes wrong at Redis. */
export const redisFaults: Readonly<Record<string, FaultKind>> = {
  'NOSCRIPT, by SCRIPT FLUSH': { strike: before(['SCRIPT', 'FLUSH']) },
  'NOSCRIPT, each time': {
    strike: refusing('NOSCRIPT No matching script. Please use EVAL.', ([name]) => name.startsWith('EVALSHA')),
  },
  'a restart, empty': { strike: before(['FLUSHALL'], ['SCRIPT', 'FLUSH']), loses: true },
  OOM: { strike: refusing("OOM command not allowed when used memory > 'maxmemory'.", writes) },
  READONLY: { strike: refusing("READONLY You can't write against a read only replica.", writes) },
  LOADING: { strike: refusing('LOADING Redis is loading the dataset in memory', all) },
  BUSY: { strike: refusing('BUSY Redis is busy running a script.', all) },
  WRONGTYPE: {
    strike: tampering((key) => [
      ['DEL', key],
      ['SADD', key, 'foreign'],
    ]),
    loses: true,
  },
  'foreign bytes': { strike: tampering(foreignBytes), loses: true },
}
