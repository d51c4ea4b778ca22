import { RedisReplyError, type Reply } from '../../redis/index.ts'
import type { Commands, Database } from '../database.ts'
import { glob } from '../glob.ts'
import { syntaxError, whole } from './numbers.ts'

function time({ clock }: Database): Reply {
  const micros = Math.floor(clock.now() * 1000)
  return [String(Math.floor(micros / 1e6)), String(micros % 1e6)]
}

/** `NX`: only if it has no expiry. `GT`: only if the new one is later. */
function expire(db: Database, [key = '', ms, condition]: readonly string[]): Reply {
  const left = db.left(key)
  const wanted = whole(ms)
  const only = condition?.toUpperCase()
  if (only !== undefined && !['NX', 'XX', 'GT', 'LT'].includes(only))
    throw new RedisReplyError(`ERR Unsupported option ${condition}`)
  if (left === undefined) return 0
  if (only === 'NX' ? left !== Infinity : only === 'XX' && left === Infinity) return 0
  if (only === 'GT' ? wanted <= left : only === 'LT' && wanted >= left) return 0
  db.expire(key, wanted)
  return 1
}

function timeLeft(db: Database, [key = '']: readonly string[]): Reply {
  const ms = db.left(key)
  if (ms === undefined) return -2
  return ms === Infinity ? -1 : Math.ceil(ms)
}

function type(db: Database, [key = '']: readonly string[]): Reply {
  const value = db.find(key)?.value
  if (value === undefined) return 'none'
  return typeof value === 'string' ? 'string' : Array.isArray(value) ? 'list' : 'zset'
}

/**
 * One step over the keys, in an order that writes in between do not change: by their hash, which is the cursor, too. Keys that are
 * there all the time are found.
 */
function scan(db: Database, [cursor = '', ...words]: readonly string[]): Reply {
  if (!/^\d{1,20}$/.test(cursor)) throw new RedisReplyError('ERR invalid cursor')
  const [matches, count] = scanOptions(words)
  const keys = db
    .keys()
    .map((key) => [hash(key), key] as const)
    .filter(([place]) => place >= Number(cursor))
    .toSorted(([one], [other]) => one - other)
  const end = keys[count - 1]?.[0] ?? Infinity
  const rest = keys.findIndex(([place]) => place > end)
  const page = rest < 0 ? keys : keys.slice(0, rest)
  return [rest < 0 ? '0' : String(keys[rest]?.[0]), page.map(([, key]) => key).filter(matches)]
}

function scanOptions(words: readonly string[]): [matches: (key: string) => boolean, count: number] {
  let pattern = '*'
  let count = 10
  for (let i = 0; i < words.length; i += 2) {
    const option = words[i]?.toUpperCase()
    if (option === 'MATCH') pattern = words[i + 1] ?? ''
    else if (option === 'COUNT') count = whole(words[i + 1])
    else throw new RedisReplyError(syntaxError)
  }
  if (count < 1) throw new RedisReplyError(syntaxError)
  return [glob(pattern), count]
}

/** FNV-1a, and never 0: that is the initial cursor. */
function hash(key: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < key.length; i++) value = Math.imul(value ^ key.charCodeAt(i), 0x01000193) >>> 0
  return value || 1
}

function remove(db: Database, keys: readonly string[]): Reply {
  return keys.filter((key) => db.remove(key)).length
}

function clear(db: Database): Reply {
  db.clear()
  return 'OK'
}

export const keys: Commands = {
  TIME: [0, time],
  DEL: [1, remove],
  UNLINK: [1, remove],
  EXISTS: [1, (db, names) => names.filter((key) => db.find(key) !== undefined).length],
  TYPE: [1, type],
  PEXPIRE: [2, expire],
  PTTL: [1, timeLeft],
  SCAN: [1, scan],
  PUBLISH: [2, (db, [channel = '', message = '']) => db.publish(channel, message)],
  PING: [0, () => 'PONG'],
  DBSIZE: [0, (db) => db.keys().length],
  FLUSHDB: [0, clear],
  FLUSHALL: [0, clear],
}
