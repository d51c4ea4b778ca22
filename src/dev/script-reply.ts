import type { KeyUse } from './unused-keys.ts'
import { errorReply, NULL_REPLY, type Reply } from './resp.ts'
import type { Script } from './script-registry.ts'

/** What a script answered, and how often it called which command. */
export interface ScriptOutcome {
  readonly reply: Reply
  readonly inner: ReadonlyMap<string, number>
  /** What became of its KEYS; only for a script that locks them. */
  readonly keyUse?: KeyUse
}

const NOTHING_CALLED: ReadonlyMap<string, number> = new Map()

/** Takes apart the reply of a script that ran wrapped, and puts the client's SHA-1 into what it says. */
export function readScriptReply(script: Script, reply: Reply): ScriptOutcome {
  if (reply.type === 'error') {
    const text = reply.bytes.toString().replaceAll(script.runsSha, script.sha)
    return { reply: errorReply(text), inner: NOTHING_CALLED }
  }
  if (!script.wrapped || reply.type !== 'array') return { reply, inner: NOTHING_CALLED }
  const [ok, counted, untouched, value, line] = reply.items
  const inner = readCounts(counted)
  const raised = ok?.type === 'integer' && ok.digits === '0'
  const answer = raised ? raisedError(script, value, line) : (value ?? NULL_REPLY)
  const [keys, ...unused] = readNumbers(untouched)
  if (keys === undefined) return { reply: answer, inner }
  return { reply: answer, inner, keyUse: { sha: script.sha, keys, unused, reply: answer.type } }
}

function readNumbers(reply: Reply | undefined): number[] {
  const items = reply?.type === 'array' ? reply.items : []
  return items.map((item) => (item.type === 'integer' ? Number(item.digits) : 0))
}

function readCounts(counted: Reply | undefined): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  const items = counted?.type === 'array' ? counted.items : []
  for (let at = 0; at + 1 < items.length; at += 2) {
    const name = items[at]
    const times = items[at + 1]
    if (name?.type === 'bulk' && times?.type === 'integer')
      counts.set(name.bytes.toString(), Number(times.digits))
  }
  return counts
}

/** In the words of Redis 7: the message, the script's SHA-1, and where. */
function raisedError(script: Script, value: Reply | undefined, line: Reply | undefined): Reply {
  const message = value?.type === 'bulk' ? luaMessage(value.bytes.toString()) : 'ERR unknown error'
  const where = line?.type === 'integer' ? `, on @user_script:${line.digits}` : ''
  return errorReply(`${message} script: ${script.sha}${where}.`)
}

/** The embedded engine translates its own marks only in uncaught errors, and we catch them all. */
function luaMessage(text: string): string {
  return text
    .replace(/__RLUA_E__:global-read:(.*)$/s, "Script attempted to access nonexistent global variable '$1'")
    .replace(/__RLUA_E__:command-arg-type.*$/s, 'Lua redis lib command arguments must be strings or integers')
}
