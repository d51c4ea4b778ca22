import type { LuaDialect } from '../lua/index.ts'

// What servers answer that do not know Upstash's flag, or no first line with flags at all. Compile errors: nothing ran.
const refusals = [/Unexpected flag in script shebang/, /unexpected symbol near '#'/]

/** Which first line the server understands: assumed from its host, and corrected by what it answers. */
export class DialectSwitch {
  #current: LuaDialect

  constructor(assumed: LuaDialect) {
    this.#current = assumed
  }

  get current(): LuaDialect {
    return this.#current
  }

  /** Whether the error was about the first line of a script in `used`; from now on the other dialect is sent. */
  corrects(error: string, used: LuaDialect): boolean {
    if (used !== 'upstash' || !refusals.some((refusal) => refusal.test(error))) return false
    this.#current = 'redis'
    return true
  }
}
