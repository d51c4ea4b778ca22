/**
 * Where the keys of a Redis command are, by command. What is not listed has its one key first, as most have: so a
 * command that this table has never heard of is refused rather than let through, unless its first argument is in KEYS.
 *
 * - `first,last,step`: as COMMAND INFO has it; a negative `last` counts from the end.
 * - `#n`: argument n says how many keys follow it.
 * - `@n`: options from argument n on, and after STREAMS one half is keys and the other ids.
 * - `?n`: options from argument n on, of which some name keys (SORT, GEORADIUS).
 * - `!`: not under the flag, which is for scripts that say what they touch.
 * - nothing: no keys.
 */
const KEYS_OF: Readonly<Record<string, string>> = {
  '1,2,1': 'COPY RENAME RENAMENX SMOVE LMOVE BLMOVE RPOPLPUSH BRPOPLPUSH LCS ZRANGESTORE GEOSEARCHSTORE',
  '1,-1,1':
    'DEL UNLINK EXISTS TOUCH MGET WATCH PFCOUNT PFMERGE SDIFF SINTER SUNION SDIFFSTORE SINTERSTORE SUNIONSTORE',
  '1,-2,1': 'BLPOP BRPOP BZPOPMIN BZPOPMAX JSON.MGET',
  '1,-1,2': 'MSET MSETNX',
  '1,-1,3': 'JSON.MSET',
  '2,2,1': 'OBJECT MEMORY XINFO XGROUP PFDEBUG JSON.DEBUG',
  '2,-1,1': 'BITOP',
  '#1': 'ZUNION ZINTER ZDIFF ZINTERCARD SINTERCARD ZMPOP LMPOP',
  '#2': 'BZMPOP BLMPOP',
  '1,1,1#2': 'ZUNIONSTORE ZINTERSTORE ZDIFFSTORE',
  '@1': 'XREAD XREADGROUP',
  '1,1,1?2': 'SORT SORT_RO',
  '1,1,1?5': 'GEORADIUS GEORADIUSBYMEMBER',
  '!': 'FLUSHALL FLUSHDB SWAPDB MIGRATE',
  '':
    'TIME PING ECHO PUBLISH SPUBLISH KEYS SCAN DBSIZE RANDOMKEY SELECT INFO COMMAND CONFIG LATENCY ACL CLUSTER ' +
    'PUBSUB MODULE LASTSAVE LOLWUT READONLY READWRITE FUNCTION SCRIPT SLOWLOG PFSELFTEST ASKING CLIENT ROLE WAIT ' +
    'REPLCONF QUIT DISCARD UNWATCH SHUTDOWN MULTI EXEC SYNC PSYNC REPLICAOF SLAVEOF AUTH RESET HELLO MONITOR DEBUG ' +
    'SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE SSUBSCRIBE SUNSUBSCRIBE FAILOVER SAVE BGSAVE BGREWRITEAOF ' +
    'EVAL EVALSHA EVAL_RO EVALSHA_RO FCALL FCALL_RO',
}

/** The table as one line for Lua to search: ` GET=1,1,1 TIME= `. Searching needs no setting up, once per run. */
export function keyTable(): string {
  const entries = Object.entries(KEYS_OF).flatMap(([where, names]) =>
    names.split(' ').map((name) => `${name}=${where}`),
  )
  return ` ${entries.join(' ')} `
}
