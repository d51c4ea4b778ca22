import type { LuaScript } from '../lua/index.ts'
import { assertKey } from '../redis/index.ts'
import { checkArguments, type ScriptArgument } from './arguments.ts'
import { compile, type ScriptOptions } from './compile.ts'
import type { Executor } from './executor.ts'

/** What a script is called with. */
export interface ScriptCall {
  /** Its KEYS, every one that it touches. Each becomes `<prefix>:s:<key>`, in a namespace `<prefix>:n:<namespace>:s:<key>`. */
  readonly keys?: readonly string[] | undefined
  /** Its ARGV. Where built-in scripts expect milliseconds, a duration (`'30s'`) is accepted, too: a hundred years at most. */
  readonly args?: readonly ScriptArgument[] | undefined
  /** Uses the keys as they are, without a prefix: for those of other programs. Default `false`. */
  readonly rawKeys?: boolean | undefined
  /**
   * Returns strings in the reply as their exact bytes (`Uint8Array`), for data that is not text. A `TypeError` without `{ url, token }`
   * or a `Transport` with `binary: true`. Default `false`.
   */
  readonly binary?: boolean | undefined
  /** Ends the call: it then rejects with the signal's reason. The script may have run. */
  readonly signal?: AbortSignal | undefined
}

/** A script of your own, ready to be run. */
export interface PreparedScript<Reply> {
  /** Runs it. Cost: 1 request; 1 command and one for every `redis.call` that it makes. */
  execute(call?: ScriptCall): Promise<Reply>
}

/** Lua scripts on the Redis of a cache: atomic, in one request. */
export class Scripts {
  readonly #executor: Executor
  readonly #keyOf: (key: string) => string

  /** @internal */
  constructor(executor: Executor, keyOf: (key: string) => string) {
    this.#executor = executor
    this.#keyOf = keyOf
  }

  /**
   * Runs a built-in script, or Lua text, and resolves to its reply: integers, strings, `null` for nil and false, arrays.
   * Rejects with a `CacheError`: `SCRIPT` if the script failed (it names the script and the line, never the arguments), or an
   * `L2_…` code; with a `TypeError` if keys or arguments do not fit, before anything is sent. A script that is not
   * idempotent is never sent again after a failure with an unknown outcome.
   * Cost: 1 request; 1 command and one for every `redis.call` inside. One more request if Redis does not know the script.
   *
   * @example
   * ```ts
   * import { createHybridCache, fromEnv } from 'hybrid-cache'
   * import { LuaScripts } from 'hybrid-cache/lua'
   *
   * const cache = createHybridCache({ redis: fromEnv() })
   * const visits = await cache.scripts.execute(LuaScripts.IncrementWithExpiration, { keys: ['visits'], args: [1, '1d'] })
   * console.log(visits)
   * ```
   */
  async execute(script: LuaScript | string, call: ScriptCall & { readonly binary: true }): Promise<unknown>
  async execute<Reply = unknown>(script: LuaScript<Reply> | string, call?: ScriptCall): Promise<Reply>
  async execute<Reply = unknown>(script: LuaScript<Reply> | string, call: ScriptCall = {}): Promise<Reply> {
    if (typeof script !== 'string') return this.#run(script, call) as Promise<Reply>
    // Copied before the wait: callers may reuse their arrays.
    const { keys = [], args = [], rawKeys, binary, signal } = call
    checkLists(keys, args)
    const own = { keys: [...keys], args: [...args], rawKeys, binary, signal }
    return this.#run(await this.#executor.compile(script), own) as Promise<Reply>
  }

  /**
   * Prepares a script of your own: computes its SHA-1, sends nothing. `Reply` is the type that you expect from it.
   *
   * @example
   * ```ts
   * import { createHybridCache, fromEnv } from 'hybrid-cache'
   *
   * const cache = createHybridCache({ redis: fromEnv() })
   * const bump = await cache.scripts.prepare<number>("return redis.call('INCRBY', KEYS[1], ARGV[1])")
   * console.log(await bump.execute({ keys: ['hits'], args: [5] }))
   * ```
   */
  async prepare<Reply = unknown>(source: string, options?: ScriptOptions): Promise<PreparedScript<Reply>> {
    const script = await compile(source, options)
    return { execute: async (call = {}) => this.#run(script, call) as Promise<Reply> }
  }

  #run(
    script: LuaScript,
    { keys = [], args = [], rawKeys = false, binary = false, signal }: ScriptCall,
  ): Promise<unknown> {
    if (binary && !this.#executor.givesBytes)
      throw new TypeError('binary needs { url, token }, or a Transport with binary: true')
    if (typeof script?.sha1 !== 'object')
      throw new TypeError('pass a built-in script or Lua text; call execute on a prepared script itself')
    checkLists(keys, args)
    for (const key of keys) assertKey(key)
    const texts = checkArguments(script, keys, args)
    return this.#executor.run(script, {
      keys: rawKeys ? [...keys] : keys.map(this.#keyOf),
      args: texts,
      binary,
      signal,
    })
  }
}

function checkLists(keys: unknown, args: unknown): void {
  if (!Array.isArray(keys) || !Array.isArray(args)) throw new TypeError('keys and args must be arrays')
}
