import { type Duration, spanOf } from '../duration.ts'
import type { LuaParameters, LuaScript } from '../lua/index.ts'

/** What a script can be given: strings, finite numbers, bigints. Redis passes them to Lua as text. */
export type ScriptArgument = string | number | bigint

// Upstash accepts requests of 10 MB; the text of the script has to fit in, too.
const maxBytes = 9 * 2 ** 20

/** The arguments as text. Throws a `TypeError` that says which one is wrong, without showing any. */
export function checkArguments(
  script: LuaScript,
  keys: readonly string[],
  args: readonly ScriptArgument[],
): string[] {
  checkCount(script, 'keys', script.keys, keys.length)
  checkCount(script, 'args', script.args, args.length)
  if (script.args.perKey === true && args.length !== keys.length + script.args.names.length - 1) {
    throw new TypeError(
      `${script.name} takes one of ${script.args.names[0]} for each key: ${keys.length} keys were given`,
    )
  }
  const texts = args.map((arg, i) => toText(script, arg, { i, count: args.length }))
  if (isTooLarge([...keys, ...texts])) {
    throw new TypeError(
      `${script.name}: keys and arguments are larger than a request may be (${maxBytes} bytes)`,
    )
  }
  return texts
}

/** JSON takes at most six bytes per character: bytes are counted only if that leaves it open. */
function isTooLarge(texts: readonly string[]): boolean {
  if (texts.reduce((sum, { length }) => sum + length, 0) * 6 <= maxBytes) return false
  return new TextEncoder().encode(JSON.stringify(texts)).length > maxBytes
}

function checkCount(
  { name }: LuaScript,
  what: string,
  { min, max, names }: LuaParameters,
  count: number,
): void {
  if (count >= min && count <= max) return
  const expected = max === Infinity ? `${min} or more` : min === max ? `${min}` : `${min} to ${max}`
  throw new TypeError(`${name} takes ${expected} ${what} (${names.join(', ') || 'none'}), not ${count}`)
}

function toText(script: LuaScript, arg: ScriptArgument, { i, count }: { i: number; count: number }): string {
  if (isDuration(script, i, count)) {
    const span = typeof arg === 'bigint' ? Number(arg) : arg
    // Whether 0 is allowed, or another word, is for the script to say.
    if (typeof span === 'string' ? /\d[a-z]+$/.test(span) : span !== 0)
      return String(spanOf(span as Duration, `args[${i}]`))
  }
  if (typeof arg === 'bigint') return String(arg)
  if (typeof arg === 'string' && arg.isWellFormed()) return arg
  if (typeof arg === 'number' && Number.isFinite(arg)) return numberText(arg)
  throw new TypeError(`${script.name}: args[${i}] must be a well-formed string, a finite number or a bigint`)
}

function isDuration({ args: { durations = [] } }: LuaScript, i: number, count: number): boolean {
  return durations.includes(i) || (i === count - 1 && durations.includes(-1))
}

/** Integers in plain digits: scripts refuse `1e21`. */
function numberText(number: number): string {
  return Number.isInteger(number) ? BigInt(number).toString() : String(number)
}
