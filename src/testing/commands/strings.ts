import { RedisReplyError, type Reply } from '../../redis/index.ts'
import type { Commands, Database } from '../database.ts'
import { add, between, bigWhole, lifetime, syntaxError, whole } from './numbers.ts'

/** `NX`, `XX`, `KEEPTTL`, `PX ms` and `EX s`, in any order. */
function optionsOf(words: readonly string[], command: string) {
  const options = { nx: false, xx: false, keep: false, ms: Infinity }
  for (let i = 0; i < words.length; i++) {
    const word = words[i]?.toUpperCase()
    if (word === 'NX') options.nx = true
    else if (word === 'XX') options.xx = true
    else if (word === 'KEEPTTL') options.keep = true
    else if (word === 'PX') options.ms = lifetime(words[++i], command)
    else if (word === 'EX') options.ms = lifetime(words[++i], command) * 1000
    else throw new RedisReplyError(syntaxError)
  }
  if ((options.nx && options.xx) || (options.keep && options.ms !== Infinity))
    throw new RedisReplyError(syntaxError)
  return options
}

function set(db: Database, [key = '', value = '', ...rest]: readonly string[]): Reply {
  const { nx, xx, keep, ms } = optionsOf(rest, 'set')
  const isThere = db.find(key) !== undefined
  if ((nx && isThere) || (xx && !isThere)) return null
  if (keep) db.change(key, value)
  else db.put(key, value, ms)
  return 'OK'
}

function increase(db: Database, key: string, by: bigint): number {
  const sum = add(bigWhole(db.text(key) ?? '0'), by)
  db.change(key, String(sum))
  return Number(sum)
}

function getAndExtend(db: Database, [key = '', ...rest]: readonly string[]): Reply {
  const value = db.text(key)
  const { ms } = optionsOf(rest, 'getex')
  if (value !== null && ms !== Infinity) db.put(key, value, ms)
  return value
}

/** Indexes count bytes. */
function range(db: Database, [key = '', first, last]: readonly string[]): Reply {
  const bytes = new TextEncoder().encode(db.text(key) ?? '')
  return new TextDecoder().decode(bytes.slice(...between(bytes.length, whole(first), whole(last))))
}

function setMany(db: Database, words: readonly string[]): Reply {
  if (words.length % 2 !== 0) throw new RedisReplyError("ERR wrong number of arguments for 'mset' command")
  for (let i = 0; i < words.length; i += 2) db.put(words[i] ?? '', words[i + 1] ?? '')
  return 'OK'
}

/** A key of another type counts as missing here. */
function getMany(db: Database, keys: readonly string[]): Reply {
  return keys.map((key) => {
    const value = db.find(key)?.value
    return typeof value === 'string' ? value : null
  })
}

export const strings: Commands = {
  GET: [1, (db, [key = '']) => db.text(key)],
  MGET: [1, getMany],
  SET: [2, set],
  MSET: [2, setMany],
  GETEX: [1, getAndExtend],
  GETRANGE: [3, range],
  INCR: [1, (db, [key = '']) => increase(db, key, 1n)],
  INCRBY: [2, (db, [key = '', by]) => increase(db, key, bigWhole(by))],
}
