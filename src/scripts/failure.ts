import { CacheError } from '../errors.ts'
import type { LuaScript } from '../lua/index.ts'
import { errorKind, toReplyError } from '../redis/index.ts'

const type = '(?:nil|boolean|number|string|table|function|userdata)'
const named = String.raw`(?:(?:local|global|field|method|upvalue) '[\w?]{1,64}' )?`
// Errors of Redis and Lua that contain at most names from the script. Matched from end to end: a text that merely contains one of
// them may be the script's own, and repeat its arguments.
const harmless = new RegExp(
  `^(?:${[
    `attempt to (?:call|index|concatenate|get length of|perform arithmetic on) ${named}(?:a ${type} value|\\(a ${type} value\\))`,
    `attempt to compare (?:two ${type} values|${type} with ${type})`,
    'WRONGTYPE Operation against a key holding the wrong kind of value',
    'value is not an integer or out of range',
    'value is not a valid float',
    'Unknown Redis command called from script',
    'Wrong number of args calling Redis command from script',
    "Script attempted to access nonexistent global variable(?= '|$)",
    'Write commands are not allowed from read-only scripts',
    'increment or decrement would overflow',
    'syntax error',
    'This Redis command is not allowed from script',
  ].join('|')})$`,
)
const dynamic = /^(Dynamic keys are not allowed in Lua scripts) when 'allow-key-locking' flag is set\./
const globals = /^(Script attempted to access nonexistent global variable) '/
// Where servers say which line it was: after the whole text, or before it. Anywhere else it may be an argument.
const behind = / script: [0-9a-f]{40}(?:, on @?user_script:(\d{1,6}))?\.?$/
const before =
  /^(?:ERR )?(?:Error (?:running|compiling) script [^:]{0,80}: )?(?:@?(?:user_script|<string>):(\d{1,6}):? ?)?(?:(?:user_script|<string>):\d{1,6}: )?/
const firstWord = /^[A-Z][A-Z0-9_]{0,31}\b/
// These concern the request as a whole, not the script.
const ofRequest = /^(?:WRONGPASS |NOAUTH |NOPERM |(?:ERR )?max (?:daily |monthly )?(?:requests?|bandwidth) )/

/**
 * A script's error as a `CacheError` `SCRIPT` that names the script, the line of its source and the error, and never
 * the arguments. Errors about credentials and quotas keep their own codes.
 */
export function toScriptError(script: LuaScript, error: string): CacheError {
  const general = toReplyError(error)
  if (general.code !== 'L2_REPLY' && ofRequest.test(error)) return general
  const tail = behind.exec(error)
  const text = tail === null ? error : error.slice(0, tail.index)
  const head = before.exec(text)
  const body = text.slice(head?.[0].length ?? 0)
  const line = tail?.[1] ?? head?.[1]
  const at = line === undefined ? '' : ` at line ${Number(line) - (script.lineOffset ?? 0)}`
  const what = sayable(script, body) ?? `an error of kind ${kindIn(script, error)}`
  return new CacheError('SCRIPT', `the script ${script.name} failed${at}: ${what}`, {
    retryable: general.code === 'L2_REPLY' && general.retryable,
  })
}

function sayable(script: LuaScript, body: string): string | undefined {
  const refusal = /^hybrid-cache: (.{1,200})$/.exec(body)?.[1]
  // A refusal by the library's scripts is in their source, word for word.
  if (refusal !== undefined) return script.source.includes(`refuse('${refusal}')`) ? body : undefined
  return (dynamic.exec(body) ?? globals.exec(body))?.[1] ?? harmless.exec(body)?.[0]
}

/** Redis' own, or one that is in the source: any other first word may be an argument. */
function kindIn({ source }: LuaScript, error: string): string {
  const word = firstWord.exec(error)?.[0]
  return word !== undefined && new RegExp(`['"]${word}\\b`).test(source) ? word : errorKind(error)
}
