import {
  type Command,
  RedisReplyError,
  type Reply,
  type SendOptions,
  type Transport,
} from '../../src/index.ts'
import { fakeScripts, type Keyspace } from './fake-scripts.ts'
import type { ManualClock } from './manual-clock.ts'

type Fault = (commands: readonly Command[], options: SendOptions) => Promise<void> | void

/**
 * The few commands that the cache uses, over a map and a manual clock. For what needs time or faults; what Redis itself does
 * is tested on a real one.
 */
export class FakeRedis implements Transport {
  readonly values: Map<string, { value: string; expires: number }> = new Map<
    string,
    { value: string; expires: number }
  >()
  /** Every request, in order. */
  readonly requests: Command[][] = []
  readonly sent: SendOptions[] = []
  /** Milliseconds by which the server's clock is ahead of the isolate's. */
  skew = 0
  /** Runs before a request is executed. */
  before: Fault | undefined
  /** Runs after a request was executed, before its reply gets back. */
  after: Fault | undefined
  /** Replaces the reply to a command of this name. */
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
    const replies = commands.map((command) => this.replies.get(command[0]) ?? this.#run(command))
    await this.after?.(commands, options)
    return replies
  }

  /** The names of the commands of each request since the last call. */
  take(): string[][] {
    return this.requests.splice(0).map((commands) => commands.map(([name]) => name))
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
        this.#set(key, keys[1] ?? '', Number(keys[3]))
        return 'OK'
      case 'EVALSHA':
        return this.#eval(keys)
      case 'DEL':
        return keys.filter((each) => this.#get(each) !== null && this.values.delete(each)).length
      case 'PTTL':
        return this.#get(key) === null ? -2 : this.#expires(key) - this.#clock.monotonic()
      case 'PEXPIRE':
        return this.#extend(key, Number(keys[1]))
      default:
        return new RedisReplyError(`ERR unknown command '${name}'`)
    }
  }

  #set(key: string, value: string, ms: number): void {
    this.values.set(key, { value, expires: this.#clock.monotonic() + ms })
  }

  #eval([sha = '', count = '', ...words]: readonly string[]): Reply | RedisReplyError {
    const run = fakeScripts.get(sha)
    if (run === undefined) return new RedisReplyError('NOSCRIPT No matching script')
    const db: Keyspace = {
      get: (key) => this.#get(key),
      set: (key, value, ms) => this.#set(key, value, ms),
      delete: (key) => void this.values.delete(key),
      left: (key) => this.#expires(key) - this.#clock.monotonic(),
      now: () => this.now(),
    }
    return run(db, words.slice(0, Number(count)), words.slice(Number(count)))
  }

  #get(key: string): string | null {
    if (this.#expires(key) <= this.#clock.monotonic()) this.values.delete(key)
    return this.values.get(key)?.value ?? null
  }

  #expires(key: string): number {
    return this.values.get(key)?.expires ?? 0
  }

  #extend(key: string, ms: number): number {
    const entry = this.#get(key) === null ? undefined : this.values.get(key)
    const expires = this.#clock.monotonic() + ms
    if (entry === undefined || expires <= entry.expires) return 0
    entry.expires = expires
    return 1
  }
}
