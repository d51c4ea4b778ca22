// @ts-check
import { Connection } from '../../../dist/dev/connection.js'
import { command } from '../../../dist/dev/resp.js'
import { SetEntry } from '../../../dist/lua/index.js'

const calls = 2000
const rounds = 9

/**
 * For how long a write keeps Redis to itself, as Redis counts it: microseconds a call, the median of some rounds that take turns.
 *
 * @param {{ host: string, port: number }} endpoint @param {string} text
 */
export async function turnsIn(endpoint, text) {
  const connection = new Connection(() => endpoint)
  const send = (/** @type {string[][]} */ commands) =>
    connection.send(commands.map((words) => command(...words)))
  const seed = String(Date.now() * 1000)
  const prefixes = Array.from({ length: 64 }, (_, i) => `turns${i}`)
  await send([
    ...prefixes.map((prefix) => ['SET', `${prefix}:m:v`, seed]),
    ['SCRIPT', 'LOAD', SetEntry.source],
  ])
  /** @param {number} i @param {string} prefix */
  const set = (i, prefix) => {
    const [key, keys] = [`key${i % 64}`, [`${prefix}:m:v`, `${prefix}:e:key${i % 64}`, `${prefix}:m:log`]]
    return ['EVALSHA', SetEntry.sha1.redis, '3', ...keys, `|${text}`, '300000', `k||${key}`]
  }
  /** @type {Record<string, (i: number) => string[]>} */
  const kinds = {
    evalsha: (i) => set(i, 'turns0'),
    'evalsha of many': (i) => set(i, prefixes[i % 64] ?? ''),
    set: (i) => ['SET', `bare${i % 64}`, text, 'PX', '300000'],
  }
  /** @type {Record<string, number[]>} */
  const times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]))
  for (let round = 0; round < rounds; round++)
    for (const [kind, make] of Object.entries(kinds)) {
      await send([['CONFIG', 'RESETSTAT']])
      const replies = await send(Array.from({ length: calls }, (_, i) => make(i)))
      if (replies.some(({ type }) => type === 'error'))
        throw new Error('Redis refused what was to be measured')
      times[kind]?.push(await microsOf(kind.split(' ')[0] ?? '', send))
    }
  await connection.drop()
  const [one = 0, many = 0, bare = 0] = Object.values(times).map(
    (each) => each.toSorted((x, y) => x - y)[rounds >> 1],
  )
  return `In Redis, microseconds: ${one.toFixed(1)} a set, ${many.toFixed(1)} on 64 prefixes in turn; ${bare.toFixed(1)} a bare SET.`
}

/** @param {string} name @param {(commands: string[][]) => Promise<any[]>} send */
async function microsOf(name, send) {
  const [reply] = await send([['INFO', 'commandstats']])
  const found = new RegExp(`cmdstat_${name}:.*?usec_per_call=([\\d.]+)`).exec(reply.bytes.toString())
  return Number(found?.[1])
}
