import { CacheError } from '../errors.ts'
import type { LuaScript } from '../lua/index.ts'
import { toReplyError } from '../redis/index.ts'

// Errors of Redis and Lua that hold names of the script at most, never what it was called with. Anything else may repeat
// arguments: then only its first word, the kind, is shown.
const harmless =
  /hybrid-cache: [\w .,;:()'+-]+|WRONGTYPE Operation against a key holding the wrong kind of value|attempt to [a-z]+ (?:a |an |number |two |string |nil |table )?[\w ']*(?:\([\w ]*'?\w*'?\))?|value is not an integer or out of range|value is not a valid float|Unknown Redis command called from script|Wrong number of args calling Redis command from script|Script attempted to access nonexistent global variable|Write commands are not allowed from read-only scripts|increment or decrement would overflow|syntax error|Dynamic keys are not allowed in Lua scripts|This Redis command is not allowed from script/

/**
 * What Redis said of a script, as a `CacheError` `SCRIPT` that names the script, the line of its source and the error, and never
 * the arguments. Errors about credentials and quotas stay what they are.
 */
export function toScriptError(script: LuaScript, error: string): CacheError {
  const general = toReplyError(error)
  if (general.code !== 'L2_REPLY') return general
  const line = /(?:user_script|<string>|script):(\d+):?/.exec(error)?.[1]
  const at = line === undefined ? '' : ` at line ${Number(line) - (script.lineOffset ?? 0)}`
  const kind = /^[A-Z][A-Z0-9_]*\b/.exec(error)?.[0] ?? 'ERR'
  const what = harmless.exec(error)?.[0] ?? `an error of kind ${kind}`
  return new CacheError('SCRIPT', `the script ${script.name} failed${at}: ${what}`, {
    retryable: general.retryable,
  })
}
