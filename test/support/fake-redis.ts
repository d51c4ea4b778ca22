import type { Command, RedisReplyError, Reply, SendOptions, Transport } from '../../src/index.ts'
import { LuaScripts } from '../../src/lua/index.ts'
import { commands as known } from '../../src/testing/commands/index.ts'
import { Database } from '../../src/testing/database.ts'
import type { ManualClock } from '../../src/testing/index.ts'
import { Rooms } from './rooms.ts'

type Fault = (commands: readonly Command[], options: SendOptions) => Promise<void> | void

/**
 * The Redis in memory of `hybrid-cache/testing`, with a view of what it holds and of every request, and with faults. For what
 * needs time or faults; what Redis itself does is tested on a real one.
 */
export class FakeRedis implements Transport {
  readonly #rooms: Rooms = new Rooms()
  readonly values: Rooms['values'] = this.#rooms.values
  readonly versions: Rooms['versions'] = this.#rooms.versions
  readonly sets: Rooms['sets'] = this.#rooms.sets
  /** Every request, in order. */
  readonly requests: Command[][] = []
  readonly sent: SendOptions[] = []
  /** Milliseconds by which the server's clock is ahead of the isolate's. */
  skew = 0
  /** Runs before a request is executed. */
  before: Fault | undefined
  /** Runs after a request was executed, before its reply gets back. */
  after: Fault | undefined
  /** Replaces the reply to a command, or script, of this name. */
  readonly replies: Map<string, Reply | RedisReplyError> = new Map<string, Reply | RedisReplyError>()
  readonly #clock: ManualClock
  readonly #db: Database

  constructor(clock: ManualClock) {
    this.#clock = clock
    this.#db = new Database(known, { now: () => this.now(), monotonic: () => clock.monotonic() }, this.#rooms)
  }

  async send(
    commands: readonly Command[],
    options: SendOptions,
  ): Promise<readonly (Reply | RedisReplyError)[]> {
    this.requests.push([...commands])
    this.sent.push(options)
    await this.before?.(commands, options)
    const replies = commands.map(
      (command) =>
        this.replies.get(nameOf(command)) ?? this.replies.get(command[0]) ?? this.#db.execute(command),
    )
    await this.after?.(commands, options)
    return replies
  }

  /** Keeps every request unanswered from now on, and heeds its signal, as `fetch` does. */
  stall(): void {
    this.before = (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      })
  }

  /** The names of the commands of each request since the last call; a script goes by its own. */
  take(): string[][] {
    return this.requests.splice(0).map((commands) => commands.map(nameOf))
  }

  /** Gives a database versions, as the first write or load of all does. */
  seed(prefix: string): void {
    const version = String(Math.floor(this.now() * 1000))
    for (const key of [`${prefix}:m:v`, `${prefix}:t:*`]) this.#db.call('SET', key, version)
    this.#db.call('ZADD', `${prefix}:m:log`, version, '*||')
  }

  /** Loses everything, as `FLUSHDB` does. */
  flush(): void {
    this.#db.clear()
  }

  now(): number {
    return this.#clock.now() + this.skew
  }
}

const scriptNames = new Map<unknown, string>(
  Object.values(LuaScripts).flatMap(({ name, sha1 }) => [
    [sha1.redis, name],
    [sha1.upstash, name],
  ]),
)

/** What a command is called; a script by its own name. */
export function nameOf([name, sha]: Command): string {
  return (name === 'EVALSHA' ? scriptNames.get(sha) : undefined) ?? name
}
