import {
  type Command,
  RedisReplyError,
  type Reply,
  type SendOptions,
  type Transport,
} from '../../src/index.ts'
import { LuaScripts } from '../../src/lua/index.ts'
import { fakeScripts, type Keyspace } from './fake-scripts.ts'
import type { ManualClock } from './manual-clock.ts'

interface Stored {
  value: string
  expires: number
}

type Fault = (commands: readonly Command[], options: SendOptions) => Promise<void> | void

/**
 * The few commands that the cache uses, over a map and a manual clock. For what needs time or faults; what Redis itself does
 * is tested on a real one.
 */
export class FakeRedis implements Transport {
  /** What was stored: all but versions. */
  readonly values: Map<string, Stored> = new Map<string, Stored>()
  /** The counter, and the versions of tags and of everything. */
  readonly versions: Map<string, Stored> = new Map<string, Stored>()
  /** Sorted sets: scores by member. */
  readonly sets: Map<string, Map<string, number>> = new Map<string, Map<string, number>>()
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

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  async send(
    commands: readonly Command[],
    options: SendOptions,
  ): Promise<readonly (Reply | RedisReplyError)[]> {
    this.requests.push([...commands])
    this.sent.push(options)
    await this.before?.(commands, options)
    const replies = commands.map(
      (command) => this.replies.get(nameOf(command)) ?? this.replies.get(command[0]) ?? this.#run(command),
    )
    await this.after?.(commands, options)
    return replies
  }

  /** The names of the commands of each request since the last call; a script goes by its own. */
  take(): string[][] {
    return this.requests.splice(0).map((commands) => commands.map(nameOf))
  }

  /** Gives a database versions, as the first write or load of all does. */
  seed(prefix: string): void {
    const version = String(Math.floor(this.now() * 1000))
    for (const key of [`${prefix}:m:v`, `${prefix}:t:*`]) this.#set(key, version, Number.POSITIVE_INFINITY)
    this.#score(`${prefix}:m:log`, ['*||'], Number(version))
  }

  /** Loses everything, as `FLUSHDB` does. */
  flush(): void {
    for (const map of [this.values, this.versions, this.sets]) map.clear()
  }

  now(): number {
    return this.#clock.now() + this.skew
  }

  #run([name, ...args]: Command): Reply | RedisReplyError {
    const keys = args.map(String)
    const [key = ''] = keys
    switch (name) {
      case 'TIME':
        return [String(Math.floor(this.now() / 1000)), String(Math.floor((this.now() % 1000) * 1000))]
      case 'GET':
        return this.#get(key)
      case 'MGET':
        return keys.map((each) => this.#get(each))
      case 'SET':
        if (keys[4] === 'NX' && this.#get(key) !== null) return null
        this.#set(key, keys[1] ?? '', keys[2] === 'PX' ? Number(keys[3]) : Number.POSITIVE_INFINITY)
        return 'OK'
      case 'INCR':
        if (!/^\d{0,16}$/.test(this.#get(key) ?? ''))
          return new RedisReplyError('ERR value is not an integer')
        return this.#increase(key)
      case 'ZADD':
        return this.#score(key, keys.slice(2), Number(keys[1]))
      case 'ZRANGE':
        return this.#range(key, keys.slice(1))
      case 'ZREMRANGEBYSCORE':
        return this.#trim(key, limitOf(keys[2]))
      case 'PTTL':
        return this.#get(key) === null ? -2 : this.#expires(key) - this.#clock.monotonic()
      case 'EVALSHA':
        return this.#eval(keys)
      case 'DEL':
        return keys.filter((each) => this.#get(each) !== null && this.#mapOf(each).delete(each)).length
      default:
        return new RedisReplyError(`ERR unknown command '${name}'`)
    }
  }

  #set(key: string, value: string, ms: number): void {
    this.#mapOf(key).set(key, { value, expires: this.#clock.monotonic() + ms })
  }

  #eval([sha = '', count = '', ...words]: readonly string[]): Reply | RedisReplyError {
    const run = fakeScripts.get(sha)
    if (run === undefined) return new RedisReplyError('NOSCRIPT No matching script')
    const db: Keyspace = {
      get: (key) => this.#get(key),
      set: (key, value, ms) => this.#set(key, value, ms),
      delete: (key) => void this.#mapOf(key).delete(key),
      left: (key) => this.#expires(key) - this.#clock.monotonic(),
      now: () => this.now(),
      increase: (key) => this.#increase(key),
      score: (key, members, score) => void this.#score(key, members, score),
      trim: (key, max) => void this.#trim(key, max),
    }
    return run(db, words.slice(0, Number(count)), words.slice(Number(count)))
  }

  #increase(key: string): number {
    const [value, expires] = [Number(this.#get(key)) + 1, this.#expires(key)]
    this.#mapOf(key).set(key, { value: String(value), expires: expires || Number.POSITIVE_INFINITY })
    return value
  }

  /** One score for all members; how many are new. */
  #score(key: string, members: readonly string[], score: number): number {
    const set = this.sets.get(key) ?? new Map<string, number>()
    const { size } = set
    for (const member of members) set.set(member, score)
    this.sets.set(key, set)
    return set.size - size
  }

  /** By score, `min max BYSCORE [WITHSCORES] [LIMIT offset count]` in any order of the options. */
  #range(key: string, [min, max, ...options]: readonly string[]): string[] {
    const limit = options.indexOf('LIMIT')
    const [offset, count] = limit < 0 ? [0, -1] : [Number(options[limit + 1]), Number(options[limit + 2])]
    return [...(this.sets.get(key) ?? [])]
      .filter(([, score]) => score >= limitOf(min) && score <= limitOf(max))
      .toSorted(([a, one], [b, other]) => one - other || (a < b ? -1 : 1))
      .slice(offset, count < 0 ? undefined : offset + count)
      .flatMap(([member, score]) => (options.includes('WITHSCORES') ? [member, String(score)] : [member]))
  }

  #trim(key: string, max: number): number {
    const set = this.sets.get(key)
    const old = [...(set ?? [])].filter(([, score]) => score <= max)
    for (const [member] of old) set?.delete(member)
    return old.length
  }

  #get(key: string): string | null {
    if (this.#expires(key) <= this.#clock.monotonic()) this.#mapOf(key).delete(key)
    return this.#mapOf(key).get(key)?.value ?? null
  }

  #expires(key: string): number {
    return this.#mapOf(key).get(key)?.expires ?? 0
  }

  #mapOf(key: string): Map<string, Stored> {
    return /^[^:]+:(n:[^:]+:)?[mtx]:/.test(key) ? this.versions : this.values
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

/** A limit of scores: a number, `-inf` or `+inf`. */
function limitOf(text = ''): number {
  return Number(text.replace('inf', 'Infinity'))
}
