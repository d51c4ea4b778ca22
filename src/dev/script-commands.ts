import { command, commandName, type Command, type Reply } from './resp.ts'
import { readScriptReply, type ScriptOutcome } from './script-reply.ts'
import type { Script, ScriptRegistry } from './script-registry.ts'

/** A prepared command: what is sent in its place, and how the reply is read. */
export interface Step {
  readonly send: Command
  read(reply: Reply): ScriptOutcome
}

/** Prepares one command. Script commands are sent with the text or the SHA-1 of what runs in the script's place. */
export async function prepareStep(words: Command, registry: ScriptRegistry): Promise<Step> {
  switch (commandName(words)) {
    case 'EVAL':
    case 'EVAL_RO':
      return prepareEval(words, registry)
    case 'EVALSHA':
    case 'EVALSHA_RO':
      return prepareEvalSha(words, registry)
    case 'SCRIPT':
      return prepareScript(words, registry)
    default:
      return asIs(words)
  }
}

function asIs(words: Command): Step {
  return { send: words, read: (reply) => ({ reply, inner: new Map() }) }
}

async function prepareEval(words: Command, registry: ScriptRegistry): Promise<Step> {
  const [name, text, ...rest] = words
  if (name === undefined || text === undefined || rest.length === 0) return asIs(words)
  const script = await registry.register(text)
  return {
    send: [runName(name, script), script.runs, ...rest],
    read: (reply) => readScriptReply(script, reply),
  }
}

async function prepareEvalSha(words: Command, registry: ScriptRegistry): Promise<Step> {
  const [name, sha, ...rest] = words
  const script = sha === undefined ? undefined : await registry.find(shaText(sha))
  if (name === undefined || script === undefined) return asIs(words)
  return {
    send: [runName(name, script), Buffer.from(script.runsSha), ...rest],
    read: (reply) => readScriptReply(script, reply),
  }
}

function runName(name: Buffer, script: Script): Buffer {
  const text = name.toString('latin1').toUpperCase()
  return script.forceReadOnly && !text.endsWith('_RO') ? Buffer.from(`${text}_RO`) : name
}

async function prepareScript(words: Command, registry: ScriptRegistry): Promise<Step> {
  const [, verb, ...rest] = words
  const [text] = rest
  switch (verb?.toString('latin1').toUpperCase()) {
    case 'LOAD':
      return text === undefined || rest.length > 1 ? asIs(words) : loadStep(await registry.register(text))
    case 'EXISTS':
      return asIs(
        command('SCRIPT', 'EXISTS', ...(await Promise.all(rest.map((sha) => runsSha(sha, registry))))),
      )
    default:
      return asIs(words)
  }
}

function loadStep(script: Script): Step {
  return {
    send: command('SCRIPT', 'LOAD', script.runs),
    read(reply) {
      if (reply.type !== 'bulk') return readScriptReply({ ...script, wrapped: false }, reply)
      return { reply: { type: 'bulk', bytes: Buffer.from(script.sha) }, inner: new Map() }
    },
  }
}

async function runsSha(sha: Buffer, registry: ScriptRegistry): Promise<Buffer> {
  const script = await registry.find(shaText(sha))
  return script === undefined ? sha : Buffer.from(script.runsSha)
}

function shaText(sha: Buffer): string {
  return sha.toString('latin1').toLowerCase()
}
