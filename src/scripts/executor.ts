import { type LRU, lru } from 'tiny-lru'
import { CacheError, type CacheErrorCode, isCacheError } from '../errors.ts'
import { type LuaScript, textFor } from '../lua/index.ts'
import { type Command, type Link, RedisReplyError, type Reply } from '../redis/index.ts'
import type { Clock } from '../runtime.ts'
import { compile } from './compile.ts'
import type { DialectSwitch } from './dialect.ts'
import { toScriptError } from './failure.ts'

/** One run of a script, its keys physical, its arguments text. */
export interface Run {
  readonly keys: readonly string[]
  readonly args: readonly string[]
  /** Whether strings in the reply are wanted as bytes. */
  readonly binary?: boolean
  /** Until when a request may leave with it, by the monotonic clock. */
  readonly leaveBy?: number
  readonly signal: AbortSignal | undefined
}

/** How a run ended. `duration` is in milliseconds. */
export interface RunReport {
  readonly script: string
  readonly duration: number
  readonly ok: boolean
  readonly code?: CacheErrorCode
}

/** What an executor needs besides the link to Redis. */
export interface ExecutorParts {
  /** Whether replies can be had as bytes. */
  readonly givesBytes: boolean
  readonly clock: Clock
  readonly stats: { count: number; failed: number }
  readonly onRun: (report: RunReport) => void
}

// By SHA-1, by text, and once more for each thing that a reply can correct: the dialect, and the read-only commands.
const maxAttempts = 5

// With the name of the command: a script that answers such an error of its own has run.
const lacksReadonly = /^ERR (unknown command|Command is not available)\W{1,4}EVAL(SHA)?_RO\b/i

/**
 * Runs scripts by their SHA-1, and by their text only if Redis does not know them: one request in the steady state. The
 * errors that lead to another attempt (`NOSCRIPT`, a first line that the server refuses, a command that it does not have)
 * say that nothing ran.
 */
export class Executor {
  readonly #link: Link
  readonly #dialect: DialectSwitch
  /** Scripts whose text is sent in this tick: later calls in the same request need only the SHA-1. */
  readonly #onTheirWay = new Set<string>()
  readonly #compiled: LRU<LuaScript> = lru(100)
  readonly #compiling = new Map<string, Promise<LuaScript>>()
  #hasReadonly = true
  readonly #parts: ExecutorParts

  constructor(link: Link, dialect: DialectSwitch, parts: ExecutorParts) {
    this.#link = link
    this.#dialect = dialect
    this.#parts = parts
  }

  /** Whether replies can be had as bytes. */
  get givesBytes(): boolean {
    return this.#parts.givesBytes
  }

  async run<Reply_ = unknown>(script: LuaScript<Reply_>, run: Run): Promise<Reply_> {
    const { clock, stats } = this.#parts
    const started = clock.monotonic()
    stats.count++
    try {
      const reply = await this.#run(script, run)
      this.#tell(script, started)
      return reply
    } catch (error) {
      // A caller that has left is no failure of the script.
      if (isCacheError(error)) {
        stats.failed++
        this.#tell(script, started, error.code)
      }
      throw error
    }
  }

  #tell({ name }: LuaScript, started: number, code?: CacheErrorCode): void {
    const duration = this.#parts.clock.monotonic() - started
    const ok = code === undefined
    this.#parts.onRun({ script: name, duration, ok, ...(code && { code }) })
  }

  async #run<Reply_>(script: LuaScript<Reply_>, run: Run): Promise<Reply_> {
    let unknown = 0
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const dialect = this.#dialect.current
      const readonly = script.readonly && this.#hasReadonly
      const asText = unknown > 1 || (unknown === 1 && this.#isFirst(script))
      const reply = await this.#send(script, { run, readonly, asText })
      if (!(reply instanceof RedisReplyError)) {
        this.#dialect.ran(script.sha1[dialect])
        return exact(script, reply) as Reply_
      }
      // In reply to a text it is the script's own: it has run.
      if (!asText && reply.message.startsWith('NOSCRIPT')) {
        unknown++
        this.#dialect.forgot(script.sha1[dialect])
      } else if (readonly && lacksReadonly.test(reply.message)) this.#hasReadonly = false
      // Only a text is compiled: a known script's error is its own, whatever it looks like.
      else if (!asText || !this.#dialect.corrects(reply.message, dialect))
        throw toScriptError(script, reply.message)
    }
    throw new CacheError('SCRIPT', `the script ${script.name} could not be run: Redis keeps forgetting it`, {
      retryable: true,
    })
  }

  /** A text as a script, cached. The calls of one tick wait for one promise, so that they share a request, too. */
  compile(source: string): LuaScript | Promise<LuaScript> {
    return this.#compiled.get(source) ?? this.#compiling.get(source) ?? this.#compileNow(source)
  }

  #compileNow(source: string): Promise<LuaScript> {
    const compiling = compile(source).then((script) => {
      this.#compiled.set(source, script)
      return script
    })
    this.#compiling.set(source, compiling)
    void this.#afterThisTick(() => this.#compiling.delete(source))
    return compiling
  }

  #send(
    script: LuaScript,
    { run, readonly, asText }: { run: Run; readonly: boolean; asText: boolean },
  ): Promise<Reply | RedisReplyError> {
    const dialect = this.#dialect.current
    const name = `${asText ? 'EVAL' : 'EVALSHA'}${readonly ? '_RO' : ''}`
    const body = asText ? textFor(script, dialect) : script.sha1[dialect]
    const command: Command = [name, body, run.keys.length, ...run.keys, ...run.args]
    return this.#link.ask(command, {
      idempotent: script.idempotent,
      binary: run.binary ?? false,
      leaveBy: run.leaveBy ?? Infinity,
      signal: run.signal,
      procedure: script.name,
    })
  }

  #isFirst({ sha1 }: LuaScript): boolean {
    if (this.#onTheirWay.has(sha1.redis)) return false
    this.#onTheirWay.add(sha1.redis)
    void this.#afterThisTick(() => this.#onTheirWay.delete(sha1.redis))
    return true
  }

  /** No longer: what belongs to a request that is gone may never settle. */
  async #afterThisTick(run: () => void): Promise<void> {
    await undefined
    run()
  }
}

/** JSON carries integers exactly only up to 2^53: any beyond has been changed in transit, however deep it is nested. */
function exact(script: LuaScript, reply: Reply): Reply {
  const parts: unknown[] = [reply]
  for (const part of parts) {
    if (Array.isArray(part)) for (const each of part) parts.push(each)
    else if (typeof part === 'number' && !Number.isSafeInteger(part))
      throw new CacheError(
        'SCRIPT',
        `the script ${script.name} returned a number beyond 2^53: let it return a string`,
      )
  }
  return reply
}
