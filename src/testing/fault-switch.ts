import { toMilliseconds } from '../duration.ts'
import {
  type Command,
  RedisReplyError,
  type Reply,
  type SendOptions,
  type SubscribeOptions,
  sleep,
  toReplyError,
  type Transport,
} from '../redis/index.ts'
import { type Clock, systemClock } from '../runtime.ts'
import { assertFault, concerns, type Fault, type FaultName, texts } from './fault.ts'
import { randomFrom } from './random.ts'

/** Options of {@link FaultSwitch}. */
export interface FaultSwitchOptions {
  /** The clock for delays: that of the cache. Default: the platform's. */
  readonly clock?: Clock | undefined
  /** The seed of probabilities and jitter: an integer. Default: a random one, see `seed`. */
  readonly seed?: number | undefined
}

interface Rule {
  readonly fault: Fault
  /** How often it has matched so far, and how often it has struck. */
  matched: number
  struck: number
}

type Replies = readonly (Reply | RedisReplyError)[]

/**
 * Any transport, with faults that can be switched on and off while the cache runs: for tests of what an application does
 * when Redis is slow, unreachable or refuses. Several faults may be on at once. It sends nothing itself, and sets no timer except
 * for a delay.
 *
 * @example
 * ```ts
 * import { createHybridCache } from 'hybrid-cache'
 * import { FaultSwitch, MemoryTransport } from 'hybrid-cache/testing'
 *
 * const redis = new FaultSwitch(new MemoryTransport(), { seed: 7 })
 * const cache = createHybridCache({ redis })
 * const stop = redis.inject({ fault: 'refuse' })
 * console.log(await cache.getOrCreate('k', () => 'made')) // made
 * stop()
 * redis.inject({ fault: 'lose', on: 'SetEntry', probability: 0.3 })
 * ```
 */
export class FaultSwitch implements Transport {
  readonly dialect: 'redis' | 'upstash'
  readonly binary: boolean
  /** The seed in use: print it when a test fails, and pass it to reproduce the run. */
  readonly seed: number
  /** How often each fault has struck. */
  readonly struck: Partial<Record<FaultName, number>> = {}
  /** Listens through the transport, if that can; faults strike the start of it, those with `on: 'SUBSCRIBE'` nothing else. */
  readonly subscribe?: (channel: string, options: SubscribeOptions) => Promise<void>
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #random: () => number
  #rules: Rule[] = []

  constructor(transport: Transport, { clock = systemClock, seed }: FaultSwitchOptions = {}) {
    if (typeof transport?.send !== 'function')
      throw new TypeError('a FaultSwitch wraps a transport, such as a MemoryTransport')
    if (seed !== undefined && !Number.isSafeInteger(seed)) throw new TypeError('seed must be a whole number')
    this.#transport = transport
    this.#clock = clock
    this.dialect = transport.dialect ?? 'redis'
    this.binary = transport.binary ?? false
    this.seed = seed ?? Math.floor(Math.random() * 2 ** 32)
    this.#random = randomFrom(this.seed)
    if (transport.subscribe !== undefined)
      this.subscribe = (channel, options) => this.#listen(channel, options)
  }

  /** Switches a fault on; returns a function that switches it off again. Throws a `TypeError` for an invalid one. */
  inject(fault: Fault): () => void {
    assertFault(fault)
    const rule = { fault, matched: 0, struck: 0 }
    this.#rules.push(rule)
    return () => {
      this.#rules = this.#rules.filter((each) => each !== rule)
    }
  }

  /** Switches all faults off. Requests that are already delayed or unanswered stay so. */
  clear(): void {
    this.#rules = []
  }

  async send(commands: readonly Command[], options: SendOptions): Promise<Replies> {
    const { signal } = options
    const { errors, failing } = await this.#meet(commands, signal)
    if (failing === undefined) return this.#execute(commands, options, errors)
    const { fault } = failing
    if (isExecuted(fault)) {
      const replies = await this.#execute(commands, options, errors)
      if (commands.every((command, i) => !concerns(fault, command) || isUnknownScript(replies[i]))) {
        this.#takeBack(failing)
        return replies
      }
    }
    return failWith(fault, signal)
  }

  async #listen(channel: string, options: SubscribeOptions): Promise<void> {
    const { errors, failing } = await this.#meet([['SUBSCRIBE', channel]], options.signal)
    if (failing !== undefined) return failWith(failing.fault, options.signal)
    if (errors[0] !== undefined) throw toReplyError(errors[0].message)
    return this.#transport.subscribe?.(channel, options)
  }

  /** The faults that strike now: those of commands, in their places, and one of the request as a whole. */
  async #meet(
    commands: readonly Command[],
    signal: AbortSignal,
  ): Promise<{ errors: readonly (RedisReplyError | undefined)[]; failing: Rule | undefined }> {
    signal.throwIfAborted()
    // A fault switched on meanwhile is for the next request.
    const rules = this.#rules.filter(({ fault }) => commands.some((command) => concerns(fault, command)))
    const striking = rules.filter((rule) => !isOfCommand(rule) && this.#strikes(rule))
    const errors = commands.map((command) => this.#errorFor(command, rules.filter(isOfCommand)))
    for (const { fault } of striking) if (fault.fault === 'delay') await this.#delay(fault, signal)
    return { errors, failing: striking.find(({ fault }) => fault.fault !== 'delay') }
  }

  /** Sends the commands that no error strikes; the errors are in their places. */
  async #execute(
    commands: readonly Command[],
    options: SendOptions,
    errors: readonly (RedisReplyError | undefined)[],
  ): Promise<Replies> {
    const sent = commands.filter((_, i) => errors[i] === undefined)
    const replies = [...(sent.length === 0 ? [] : await this.#transport.send(sent, options))]
    return errors.map((error) => error ?? replies.shift() ?? null)
  }

  #errorFor(command: Command, rules: readonly Rule[]): RedisReplyError | undefined {
    const rule = rules.find((each) => concerns(each.fault, command) && this.#strikes(each))
    return rule && new RedisReplyError(textOf(rule.fault))
  }

  #strikes(rule: Rule): boolean {
    const { fault, every = 1, probability = 1, times = Infinity } = rule.fault
    rule.matched++
    if (rule.struck >= times || rule.matched % every !== 0) return false
    if (probability < 1 && this.#random() >= probability) return false
    rule.struck++
    this.struck[fault] = (this.struck[fault] ?? 0) + 1
    return true
  }

  /** Leaves the fault for the next request: the command that it was to strike has not been executed yet. */
  #takeBack(rule: Rule): void {
    rule.matched--
    rule.struck--
    this.struck[rule.fault.fault] = (this.struck[rule.fault.fault] ?? 1) - 1
  }

  async #delay({ latency, jitter }: Fault & { readonly fault: 'delay' }, signal: AbortSignal): Promise<void> {
    const more = jitter === undefined ? 0 : this.#random() * toMilliseconds(jitter, 'jitter')
    await sleep(toMilliseconds(latency, 'latency') + more, this.#clock, signal)
  }
}

/** Whether it strikes single commands rather than the whole request. */
function isOfCommand({ fault }: Rule): boolean {
  return textOf(fault) !== undefined
}

/** The error reply to a command; `undefined` for a fault of a whole request. */
function textOf(fault: Fault): string | undefined {
  return fault.fault === 'error' ? fault.text : texts[fault.fault]
}

/** Whether the request reaches Redis, though its caller gets no reply. */
function isExecuted(fault: Fault): boolean {
  return fault.fault === 'lose' || (fault.fault === 'silence' && fault.executed === true)
}

/** Then nothing was executed; the script is sent again, as text. */
function isUnknownScript(reply: Reply | RedisReplyError | undefined): boolean {
  return reply instanceof RedisReplyError && reply.message.startsWith('NOSCRIPT')
}

function failWith({ fault }: Fault, signal: AbortSignal): Promise<never> {
  if (fault === 'unauthorized') throw toReplyError('WRONGPASS invalid or missing auth token')
  if (fault === 'rate-limited') throw toReplyError('ERR max requests limit exceeded')
  if (fault !== 'silence') throw new TypeError('fetch failed')
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
