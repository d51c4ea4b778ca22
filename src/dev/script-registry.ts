import { createHash } from 'node:crypto'
import type { Connection } from './connection.ts'
import { HttpError } from './http-error.ts'
import { command } from './resp.ts'
import { readShebang } from './script-shebang.ts'
import { plainScript, wrapScript } from './script-wrapper.ts'

const MAX_SCRIPTS = 1_000

/** A script that a client sent, and what runs in its place. */
export interface Script {
  /** The SHA-1 of the text that the client sent: the only one that clients ever see. */
  readonly sha: string
  readonly text: Buffer
  readonly runs: Buffer
  readonly runsSha: string
  /** Whether it runs wrapped, so that its reply carries counts. */
  readonly wrapped: boolean
  /** Whether it must be run as the read-only variant: an engine without shebangs has no other way to say so. */
  readonly forceReadOnly: boolean
}

/**
 * Knows every script by the SHA-1 of the text that the client sent. It does not know what the engine has loaded:
 * the engine does, and says NOSCRIPT itself after a flush or a restart.
 */
export class ScriptRegistry {
  readonly #connection: Connection
  readonly #knowsShebang: boolean
  readonly #scripts = new Map<string, Promise<Script>>()

  constructor(connection: Connection, knowsShebang: boolean) {
    this.#connection = connection
    this.#knowsShebang = knowsShebang
  }

  /** The script for a text; made and tried once. Rejects, and forgets it, when the engine cannot be reached or cannot try. */
  register(text: Buffer): Promise<Script> {
    const sha = sha1(text)
    const known = this.find(sha)
    if (known !== undefined) return known
    const making = this.#make(sha, text)
    this.#scripts.set(sha, making)
    making.catch(() => this.#scripts.delete(sha))
    this.#forgetOldest()
    return making
  }

  /** The script that a client calls by its SHA-1, if it was ever sent here. */
  find(sha: string): Promise<Script> | undefined {
    const script = this.#scripts.get(sha)
    if (script === undefined) return undefined
    this.#scripts.delete(sha)
    this.#scripts.set(sha, script)
    return script
  }

  /**
   * A text that does not compile alone must not run wrapped: an `end` too many would close our function, and the
   * compiler's message would speak of our lines. It runs as it is, and the engine says what is wrong with it.
   */
  async #make(sha: string, text: Buffer): Promise<Script> {
    const shebang = readShebang(text.toString('latin1'), this.#knowsShebang)
    const wrapped = await this.#compiles(shebang.body)
    const losesDigits = !this.#knowsShebang // both are so of the embedded engine alone
    const runs = Buffer.from(wrapped ? wrapScript(shebang, losesDigits) : plainScript(shebang), 'latin1')
    const forceReadOnly = shebang.noWrites && !this.#knowsShebang
    return { sha, text, runs, runsSha: sha1(runs), wrapped, forceReadOnly }
  }

  /**
   * Not by SCRIPT LOAD: the embedded engine compiles only what it runs. An error, such as BUSY, says nothing about the
   * script, and is the answer: what has not been tried must not run.
   */
  async #compiles(body: string): Promise<boolean> {
    const [reply] = await this.#connection.send([
      command('EVAL', "return loadstring(ARGV[1], '@user_script') ~= nil", '0', Buffer.from(body, 'latin1')),
    ])
    if (reply?.type === 'error') throw new HttpError(400, reply.bytes.toString())
    return reply?.type === 'integer'
  }

  #forgetOldest(): void {
    if (this.#scripts.size <= MAX_SCRIPTS) return
    const [oldest] = this.#scripts.keys()
    if (oldest !== undefined) this.#scripts.delete(oldest)
  }
}

function sha1(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex')
}
