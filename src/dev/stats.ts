import { commandName, type Command } from './resp.ts'
import type { ScriptOutcome } from './script-reply.ts'
import { UnusedKeys, type UnusedScriptKeys } from './unused-keys.ts'

/** What the server has done since it started or since the last reset. */
export interface DevServerStats {
  /** HTTP requests with a valid token that asked for commands. */
  readonly requests: number
  /**
   * Billed commands: every command that ran, each one of a pipeline or transaction, an EVAL and also every
   * `redis.call` inside it. A Redis Function (`FCALL`) counts as one, whatever it calls.
   */
  readonly commands: number
  /** The same commands by upper-case name. */
  readonly byCommand: Record<string, number>
  /** What works here and is a mistake on Upstash. Only there when there is something to say. */
  readonly warnings?: DevServerWarnings
}

/** Mistakes that no command fails for. */
export interface DevServerWarnings {
  /**
   * Scripts with `#!lua flags=allow-key-locking` that list keys which they have never touched, by the SHA-1 of their
   * text: Upstash locks every one of KEYS while they run. Runs that failed or stopped early do not count, and three
   * others must have left the same position of KEYS alone.
   */
  readonly unusedKeys: Record<string, UnusedScriptKeys>
}

const COMMAND_NAME = /^[A-Z][A-Z0-9._-]{0,31}$/

/** Counts HTTP requests and billed commands, as Upstash bills them. */
export class StatsCounter {
  #requests = 0
  #commands = 0
  readonly #byCommand = new Map<string, number>()
  readonly #unusedKeys = new UnusedKeys()

  countRequest(): void {
    this.#requests += 1
  }

  /** A command that Redis does not know has not run, and its name may be anything, even a key. */
  countCommand(words: Command, { reply, inner, keyUse }: ScriptOutcome): void {
    if (reply.type === 'error' && reply.bytes.toString('latin1').startsWith('ERR unknown command')) return
    this.#add(commandName(words), 1)
    for (const [name, times] of inner) this.#add(name, times)
    if (keyUse !== undefined) this.#unusedKeys.note(keyUse)
  }

  snapshot(): DevServerStats {
    const unusedKeys = this.#unusedKeys.report()
    return {
      requests: this.#requests,
      commands: this.#commands,
      byCommand: Object.fromEntries(this.#byCommand),
      ...(unusedKeys.size > 0 && { warnings: { unusedKeys: Object.fromEntries(unusedKeys) } }),
    }
  }

  reset(): void {
    this.#requests = 0
    this.#commands = 0
    this.#byCommand.clear()
    this.#unusedKeys.reset()
  }

  #add(name: string, times: number): void {
    const known = COMMAND_NAME.test(name) ? name : 'OTHER'
    this.#commands += times
    this.#byCommand.set(known, (this.#byCommand.get(known) ?? 0) + times)
  }
}
