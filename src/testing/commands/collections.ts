import { RedisReplyError, type Reply } from '../../redis/index.ts'
import type { Commands, Database } from '../database.ts'
import { between, syntaxError, whole } from './numbers.ts'

/** Whether a score is within bounds: a number, `-inf`, `+inf`, or an exclusive one, `(1`. */
function isWithin(score: number, min = '', max = ''): boolean {
  const above = min.startsWith('(') ? score > scoreOf(min.slice(1)) : score >= scoreOf(min)
  return above && (max.startsWith('(') ? score < scoreOf(max.slice(1)) : score <= scoreOf(max))
}

function scoreOf(word: string): number {
  const score = Number(word.replace(/^([+-]?)inf$/i, '$1Infinity'))
  if (word === '' || Number.isNaN(score)) throw new RedisReplyError('ERR min or max is not a float')
  return score
}

function addScores(db: Database, [key = '', ...pairs]: readonly string[]): Reply {
  if (pairs.length % 2 !== 0) throw new RedisReplyError(syntaxError)
  const set = db.sortedSet(key)
  const { size } = set
  for (let i = 0; i < pairs.length; i += 2) set.set(pairs[i + 1] ?? '', scoreOf(pairs[i] ?? ''))
  db.change(key, set)
  return set.size - size
}

/** `min max [BYSCORE] [LIMIT offset count] [WITHSCORES]`; without BYSCORE by index. */
function rangeOfScores(db: Database, [key = '', min = '', max = '', ...words]: readonly string[]): Reply {
  const options = words.map((word) => word.toUpperCase())
  const limit = options.indexOf('LIMIT')
  const sorted = [...db.sortedSet(key)].toSorted(([a, one], [b, other]) => one - other || byBytes(a, b))
  const found = options.includes('BYSCORE')
    ? sorted.filter(([, score]) => isWithin(score, min, max))
    : sorted.slice(...between(sorted.length, whole(min), whole(max)))
  const [offset, count] = limit < 0 ? [0, -1] : [whole(options[limit + 1]), whole(options[limit + 2])]
  return found
    .slice(offset, count < 0 ? undefined : offset + count)
    .flatMap(([member, score]) => (options.includes('WITHSCORES') ? [member, String(score)] : [member]))
}

/** In the order of their bytes, which is that of code points, not of UTF-16 code units. */
function byBytes(one: string, other: string): number {
  const a = Array.from(one, codeOf)
  const b = Array.from(other, codeOf)
  for (let i = 0; i < Math.min(a.length, b.length); i++)
    if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number)
  return a.length - b.length
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0
}

function trimScores(db: Database, [key = '', min, max]: readonly string[]): Reply {
  const set = db.sortedSet(key)
  const gone = [...set].filter(([, score]) => isWithin(score, min, max))
  for (const [member] of gone) set.delete(member)
  db.change(key, set)
  return gone.length
}

function push(db: Database, [key = '', ...values]: readonly string[]): Reply {
  const list = [...db.list(key), ...values]
  db.change(key, list)
  return list.length
}

function part(db: Database, [key = '', first, last]: readonly string[]): string[] {
  const list = db.list(key)
  return list.slice(...between(list.length, whole(first), whole(last)))
}

function trim(db: Database, words: readonly string[]): Reply {
  if (db.list(words[0] ?? '').length > 0) db.change(words[0] ?? '', part(db, words))
  return 'OK'
}

export const collections: Commands = {
  ZADD: [3, addScores],
  ZRANGE: [3, rangeOfScores],
  ZREMRANGEBYSCORE: [3, trimScores],
  RPUSH: [2, push],
  LRANGE: [3, part],
  LTRIM: [3, trim],
}
