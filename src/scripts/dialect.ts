import { type LRU, lru } from 'tiny-lru'
import type { LuaDialect } from '../lua/index.ts'

// The replies of servers that do not know Upstash's flag, or no first line with flags at all. Compile errors: nothing ran.
// Line 1 is the library's own; a '#' on any other line is the author's mistake. A script that ran cannot begin an error like this
// unless it does so on purpose.
const refusals = [
  /^(?:ERR )?(?:Error compiling script [^:]{0,80}: )?Unexpected flag in script shebang/,
  /^(?:ERR )?(?:Error compiling script [^:]{0,80}: )?(?:user_script|<string>):1: unexpected symbol near '#'/,
]

/** Which first line scripts get: assumed from the host, given up if the server refuses it, tried again once it has forgotten scripts. */
export class DialectSwitch {
  readonly #assumed: LuaDialect
  #current: LuaDialect
  /** Scripts, by SHA-1, that the server has run since it was corrected. */
  readonly #known: LRU<true> = lru(100)

  constructor(assumed: LuaDialect) {
    this.#assumed = assumed
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

  ran(sha1: string): void {
    if (this.#current !== this.#assumed) this.#known.set(sha1, true)
  }

  /** A server that has forgotten a script may be another one: the assumed dialect is tried again. */
  forgot(sha1: string): void {
    if (this.#known.peek(sha1) === undefined) return
    this.#known.clear()
    this.#current = this.#assumed
  }
}
