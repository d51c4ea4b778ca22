import { type Command, RedisReplyError, type Reply } from '../redis/index.ts'
import type { Clock } from '../runtime.ts'

/** What a key holds: a string, a list, or a sorted set with the score of each member. */
export type Content = string | string[] | Map<string, number>

/** What a key holds, and when it expires, by the monotonic clock. */
export interface Stored {
  readonly value: Content
  readonly expires: number
}

/** The storage of a database. A `Map` is one. */
export interface Keyspace {
  get(key: string): Stored | undefined
  set(key: string, stored: Stored): unknown
  delete(key: string): unknown
  keys(): Iterable<string>
  clear(): void
}

/** Executes one command. Throws a `RedisReplyError` where Redis would reply with an error. */
export type Execute = (db: Database, words: readonly string[]) => Reply

/** The supported commands, by name, with the fewest words that they take. */
export type Commands = Readonly<Record<string, readonly [least: number, execute: Execute]>>

const wrongType = 'WRONGTYPE Operation against a key holding the wrong kind of value'

/** The keys of a Redis, in memory, with their expiry. */
export class Database {
  /** Commands executed since it was made, those that scripts run included. */
  executed = 0
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly #channels = new Map<string, Set<(message: string) => void>>()
  readonly #keys: Keyspace
  readonly #commands: Commands

  constructor(commands: Commands, clock: Pick<Clock, 'now' | 'monotonic'>, keys: Keyspace = new Map()) {
    this.#commands = commands
    this.clock = clock
    this.#keys = keys
  }

  /** The reply to a command, an error included. */
  execute(command: Command): Reply | RedisReplyError {
    try {
      return this.call(...command)
    } catch (error) {
      if (error instanceof RedisReplyError) return error
      throw error
    }
  }

  /** The same, but an error is thrown: as `redis.call` does in a script. */
  call(name: string, ...words: readonly (string | number)[]): Reply {
    this.executed++
    const [least, execute] = this.#commands[name.toUpperCase()] ?? []
    if (least === undefined || execute === undefined)
      throw new RedisReplyError(`ERR unknown command '${name}', the memory transport does not have it`)
    if (words.length < least)
      throw new RedisReplyError(`ERR wrong number of arguments for '${name.toLowerCase()}' command`)
    return execute(this, words.map(String))
  }

  /** What a key holds, unless it has expired. */
  find(key: string): Stored | undefined {
    const stored = this.#keys.get(key)
    if (stored === undefined || stored.expires > this.clock.monotonic()) return stored
    this.#keys.delete(key)
    return undefined
  }

  /** The string under a key, `null` if there is none. */
  text(key: string): string | null {
    const value = this.find(key)?.value ?? null
    if (value === null || typeof value === 'string') return value
    throw new RedisReplyError(wrongType)
  }

  /** The list under a key; an empty one if there is none. */
  list(key: string): string[] {
    const value = this.find(key)?.value ?? []
    if (Array.isArray(value)) return value
    throw new RedisReplyError(wrongType)
  }

  /** The sorted set under a key; an empty one if there is none. */
  sortedSet(key: string): Map<string, number> {
    const value = this.find(key)?.value ?? new Map<string, number>()
    if (value instanceof Map) return value
    throw new RedisReplyError(wrongType)
  }

  /** Keeps `value` for `ms` milliseconds. */
  put(key: string, value: Content, ms: number = Infinity): void {
    this.#keys.set(key, { value, expires: this.clock.monotonic() + ms })
  }

  /** Keeps `value` for the time that the key has left. An empty list or set removes the key. */
  change(key: string, value: Content): void {
    const size = value instanceof Map ? value.size : value.length
    if (size === 0 && typeof value !== 'string') this.#keys.delete(key)
    else this.#keys.set(key, { value, expires: this.find(key)?.expires ?? Infinity })
  }

  /** Lets a key expire after `ms` milliseconds, at once if that is not above zero. */
  expire(key: string, ms: number): void {
    const stored = this.find(key)
    if (stored === undefined) return
    if (ms > 0) this.put(key, stored.value, ms)
    else this.#keys.delete(key)
  }

  /** How many milliseconds a key has left: `Infinity` if it does not expire, `undefined` if it does not exist. */
  left(key: string): number | undefined {
    const stored = this.find(key)
    return stored && stored.expires - this.clock.monotonic()
  }

  /** Returns whether there was something to remove. */
  remove(key: string): boolean {
    if (this.find(key) === undefined) return false
    this.#keys.delete(key)
    return true
  }

  /** The keys that have not expired. */
  keys(): string[] {
    return [...this.#keys.keys()].filter((key) => this.find(key) !== undefined)
  }

  /** Calls `listen` with each message to a channel, until what it returns is called. */
  subscribe(channel: string, listen: (message: string) => void): () => void {
    const listeners = this.#channels.get(channel) ?? new Set()
    this.#channels.set(channel, listeners.add(listen))
    return () => listeners.delete(listen)
  }

  /** Delivers a message to all listeners of a channel, in a later microtask; returns how many there are. */
  publish(channel: string, message: string): number {
    const listeners = [...(this.#channels.get(channel) ?? [])]
    for (const listen of listeners) queueMicrotask(() => listen(message))
    return listeners.length
  }

  /** Loses everything, as `FLUSHDB` does. */
  clear(): void {
    this.#keys.clear()
  }
}
