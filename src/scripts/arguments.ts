import { type Duration, toMilliseconds } from '../duration.ts'
import type { LuaParameters, LuaScript } from '../lua/index.ts'

/** What a script can be given: text, whole or finite numbers. Redis hands them to Lua as text. */
export type ScriptArgument = string | number | bigint

// Half of what Upstash takes in one request, keys and script text included.
const maxCharacters = 5 * 2 ** 20

/** The arguments as text. Throws a `TypeError` that says which one is wrong, and shows none. */
export function checkArguments(script: LuaScript, keys: number, args: readonly ScriptArgument[]): string[] {
  checkCount(script, 'keys', script.keys, keys)
  checkCount(script, 'args', script.args, args.length)
  const texts = args.map((arg, i) => toText(script, arg, { i, count: args.length }))
  if (texts.reduce((sum, { length }) => sum + length, 0) > maxCharacters) {
    throw new TypeError(
      `${script.name}: the arguments are larger than a request may be (${maxCharacters} characters)`,
    )
  }
  return texts
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
  if (typeof arg === 'bigint') return String(arg)
  if (isDuration(script, i, count)) {
    if (typeof arg === 'number' && Number.isFinite(arg)) return numberText(Math.ceil(arg))
    if (typeof arg === 'string' && /\d[a-z]+$/.test(arg))
      return String(toMilliseconds(arg as Duration, `args[${i}]`))
  }
  if (typeof arg === 'string' && arg.isWellFormed()) return arg
  if (typeof arg === 'number' && Number.isFinite(arg)) return numberText(arg)
  throw new TypeError(`${script.name}: args[${i}] must be a well-formed string, a finite number or a bigint`)
}

function isDuration({ args: { durations = [] } }: LuaScript, i: number, count: number): boolean {
  return durations.includes(i) || (i === count - 1 && durations.includes(-1))
}

/** In plain digits where it is whole: scripts refuse `1e21`. */
function numberText(number: number): string {
  return Number.isInteger(number) ? BigInt(number).toString() : String(number)
}
