import { type Duration, toMilliseconds } from '../duration.ts'
import type { Command } from '../redis/index.ts'
import type { LuaScript } from '../lua/index.ts'
import { wholeNumber } from '../validate.ts'
import { scriptOfSha1, scriptOfText } from './built-in.ts'

/** When a fault strikes: at every request, unless limited here. */
export interface FaultTarget {
  /**
   * Only requests with such a command: by its name (`'GET'`), or that of a built-in script (`'SetEntry'`), case-insensitive. An
   * error strikes only these commands of a request.
   */
  readonly on?: string | readonly string[]
  /** Only every n-th match: 2 is every other one. A script that Redis does not know yet is sent twice. Default 1. */
  readonly every?: number
  /** Only with this probability, above 0 and up to 1, by the seed of the switch. Default 1. */
  readonly probability?: number
  /** How often at most. Default: until it is switched off. */
  readonly times?: number
}

/**
 * What goes wrong.
 *
 * - `delay`: the request takes longer by `latency`, plus a random part of `jitter`.
 * - `refuse`: it does not reach Redis; the connection fails.
 * - `lose`: it is executed, and the connection fails before its reply arrives. A `NOSCRIPT` reply still arrives: the script is
 *   executed when it is sent again, as text.
 * - `silence`: no reply ever arrives. The request does not reach Redis; with `executed` it does, and is executed as with `lose`.
 * - `unauthorized`, `rate-limited`: the server refuses the request as a whole, as with a wrong token and a used-up quota.
 * - `NOSCRIPT`, `READONLY`, `OOM`, `WRONGTYPE`, `LOADING`: Redis replies to a command with that error, and does not execute it:
 *   `NOSCRIPT` to those that run a script by its SHA-1, `READONLY` and `OOM` to those that write, the others to all.
 * - `error`: the same with your own `text`.
 */
export type Fault = FaultTarget &
  (
    | { readonly fault: 'delay'; readonly latency: Duration; readonly jitter?: Duration }
    | { readonly fault: 'refuse' | 'lose' | 'unauthorized' | 'rate-limited' }
    | { readonly fault: 'silence'; readonly executed?: boolean }
    | { readonly fault: 'NOSCRIPT' | 'READONLY' | 'OOM' | 'WRONGTYPE' | 'LOADING' }
    | { readonly fault: 'error'; readonly text: string }
  )

/** The name of a fault. */
export type FaultName = Fault['fault']

/** The replies of Redis. */
export const texts: Readonly<Partial<Record<FaultName, string>>> = {
  NOSCRIPT: 'NOSCRIPT No matching script. Please use EVAL.',
  READONLY: "READONLY You can't write against a read only replica.",
  OOM: "OOM command not allowed when used memory > 'maxmemory'.",
  WRONGTYPE: 'WRONGTYPE Operation against a key holding the wrong kind of value',
  LOADING: 'LOADING Redis is loading the dataset in memory',
}

const others: ReadonlySet<string> = new Set<FaultName>([
  'delay',
  'refuse',
  'lose',
  'silence',
  'unauthorized',
  'rate-limited',
  'error',
])

const reading =
  /^(?:TIME|M?GET|GETRANGE|Z?RANGE|LRANGE|ZRANGE|SCAN|P?TTL|EXISTS|TYPE|PING|DBSIZE|SUBSCRIBE|PUBLISH|.*_RO)$/

/** Whether a fault applies to a command, by its name or its kind. */
export function concerns({ fault, on }: Fault, [name, text]: Command): boolean {
  const command = name.toUpperCase()
  if (fault === 'NOSCRIPT' && !command.startsWith('EVALSHA')) return false
  const script = scriptOf(command, String(text))
  if (on !== undefined) {
    const names = new Set([command, script?.name.toUpperCase()])
    return [on].flat().some((each) => names.has(each.toUpperCase()))
  }
  if (fault !== 'READONLY' && fault !== 'OOM') return true
  return script === undefined ? !reading.test(command) : !script.readonly
}

/** The built-in script that a command runs, by its SHA-1 or by its text. */
function scriptOf(command: string, text: string): LuaScript | undefined {
  if (command.startsWith('EVALSHA')) return scriptOfSha1(text)
  return command.startsWith('EVAL') ? scriptOfText(text) : undefined
}

/** Throws a `TypeError` for an invalid fault. */
export function assertFault(given: Fault): void {
  const { fault, on, every = 1, probability = 1, times = 1 } = given
  if (texts[fault] === undefined && !others.has(fault))
    throw new TypeError(`fault must be one of ${[...others, ...Object.keys(texts)].join(', ')}`)
  if (on !== undefined && ![on].flat().every((each) => typeof each === 'string' && each !== ''))
    throw new TypeError('on must be the name of a command or a built-in script, or a list of such')
  wholeNumber(every, 'every')
  wholeNumber(times, 'times')
  if (typeof probability !== 'number' || !(probability > 0 && probability <= 1))
    throw new TypeError('probability must be a number above 0, and 1 at most')
  if (given.fault === 'error' && !/^[A-Z][A-Z0-9_]* ?/.test(given.text))
    throw new TypeError("text must be an error as Redis gives it, such as 'BUSY Redis is busy'")
  if (given.fault !== 'delay') return
  toMilliseconds(given.latency, 'latency')
  if (given.jitter !== undefined) toMilliseconds(given.jitter, 'jitter')
}
