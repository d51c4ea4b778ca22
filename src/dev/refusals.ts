import { commandName, type Command } from './resp.ts'

/** They would hold the one connection that every request shares. */
const BLOCKING = 'BLPOP BRPOP BRPOPLPUSH BLMOVE BLMPOP BZPOPMIN BZPOPMAX BZMPOP WAIT WAITAOF'

/** They change or describe a connection, and over HTTP a client has none. */
const CONNECTION_STATE =
  'AUTH HELLO SELECT CLIENT QUIT RESET READONLY READWRITE ASKING MULTI EXEC DISCARD WATCH UNWATCH MONITOR ' +
  'SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE SSUBSCRIBE SUNSUBSCRIBE'

/** They administer a server, and this one is administered by whoever started it. */
const ADMINISTRATION =
  'ACL CONFIG DEBUG SHUTDOWN SAVE BGSAVE BGREWRITEAOF MODULE SWAPDB MIGRATE REPLICAOF SLAVEOF FAILOVER CLUSTER ' +
  'SENTINEL PSYNC SYNC REPLCONF ROLE LATENCY SLOWLOG'

const REFUSED = new Set(`${BLOCKING} ${CONNECTION_STATE} ${ADMINISTRATION}`.split(' '))

/** Why a command is not run here, in the words of Upstash; `undefined` when it is. */
export function refusal(words: Command): string | undefined {
  const name = commandName(words)
  if (REFUSED.has(name)) return unavailable(name)
  if ((name === 'XREAD' || name === 'XREADGROUP') && blocks(words)) return unavailable(`${name} BLOCK`)
  if (name === 'SCRIPT' && isWord(words[1], 'DEBUG')) return unavailable('SCRIPT DEBUG')
  return undefined
}

/** Options come before STREAMS; what follows are keys, and a key may be named BLOCK. */
function blocks(words: Command): boolean {
  const rest = words.slice(isWord(words[1], 'GROUP') ? 4 : 1) // a group may be named STREAMS, too
  const streams = rest.findIndex((word) => isWord(word, 'STREAMS'))
  const options = streams === -1 ? rest : rest.slice(0, streams)
  return options.some((word) => isWord(word, 'BLOCK'))
}

function isWord(word: Buffer | undefined, expected: string): boolean {
  return word?.toString('latin1').toUpperCase() === expected
}

function unavailable(name: string): string {
  return `ERR Command is not available: '${name}'. See https://upstash.com/docs/redis/overall/rediscompatibility for details`
}
