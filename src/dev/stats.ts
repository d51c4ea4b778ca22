import { commandName, type Command, type Reply } from './resp.ts'

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
}

const COMMAND_NAME = /^[A-Z][A-Z0-9._-]{0,31}$/

/** Counts HTTP requests and billed commands, as Upstash bills them. */
export class StatsCounter {
  #requests = 0
  #commands = 0
  readonly #byCommand = new Map<string, number>()

  countRequest(): void {
    this.#requests += 1
  }

  /** A command that Redis does not know has not run, and its name may be anything: somebody's key, for one. */
  countCommand(words: Command, reply: Reply, inner: ReadonlyMap<string, number>): void {
    if (reply.type === 'error' && reply.bytes.toString('latin1').startsWith('ERR unknown command')) return
    this.#add(commandName(words), 1)
    for (const [name, times] of inner) this.#add(name, times)
  }

  snapshot(): DevServerStats {
    return {
      requests: this.#requests,
      commands: this.#commands,
      byCommand: Object.fromEntries(this.#byCommand),
    }
  }

  reset(): void {
    this.#requests = 0
    this.#commands = 0
    this.#byCommand.clear()
  }

  #add(name: string, times: number): void {
    const known = COMMAND_NAME.test(name) ? name : 'OTHER'
    this.#commands += times
    this.#byCommand.set(known, (this.#byCommand.get(known) ?? 0) + times)
  }
}
