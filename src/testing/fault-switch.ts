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
  /** Where delays take their time from: that of the cache. Default: the platform's. */
  readonly clock?: Clock | undefined
  /** What probabilities and jitter follow: a whole number. Default: another one each time, see `seed`. */
  readonly seed?: number | undefined
}

interface Rule {
  readonly fault: Fault
  /** How much has matched so far, and how often it has struck. */
  matched: number
  struck: number
}

type Replies = readonly (Reply | RedisReplyError)[]

/**
 * Any transport, with faults that can be switched on and off while the cache runs: for tests of what an application does
 * when Redis is slow, gone or refuses. Several faults may be on at once. It sends nothing itself, and keeps no timer but for a
 * delay.
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
  /** What the probabilities follow: print it where a test fails, and give it to run the same again. */
  readonly seed: number
  /** How often each fault has struck. */
  readonly struck: Partial<Record<FaultName, number>> = {}
  /** Listens through the transport, where it can; faults strike the beginning, `on: 'SUBSCRIBE'` no other request. */
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

  /** Switches a fault on; what it returns switches it off again. A `TypeError` for one that cannot be. */
  inject(fault: Fault): () => void {
    assertFault(fault)
    const rule = { fault, matched: 0, struck: 0 }
    this.#rules.push(rule)
    return () => {
      this.#rules = this.#rules.filter((each) => each !== rule)
    }
  }

  /** Switches all faults off. What is delayed or unanswered already stays so. */
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

  /** Which faults strike now: those of commands, in their places, and one of the request as a whole. */
  async #meet(
    commands: readonly Command[],
    signal: AbortSignal,
  ): Promise<{ errors: readonly (RedisReplyError | undefined)[]; failing: Rule | undefined }> {
    signal.throwIfAborted()
    // What is switched on meanwhile is for the next request.
    const rules = this.#rules.filter(({ fault }) => commands.some((command) => concerns(fault, command)))
    const striking = rules.filter((rule) => !isOfCommand(rule) && this.#strikes(rule))
    const errors = commands.map((command) => this.#errorFor(command, rules.filter(isOfCommand)))
    for (const { fault } of striking) if (fault.fault === 'delay') await this.#delay(fault, signal)
    return { errors, failing: striking.find(({ fault }) => fault.fault !== 'delay') }
  }

  /** Sends what no error has struck; the errors are in their places. */
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

  /** For the next request: what it was to strike has not been executed yet. */
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

/** Whether it strikes commands of a request, and not the whole of it. */
function isOfCommand({ fault }: Rule): boolean {
  return textOf(fault) !== undefined
}

/** The error that Redis answers a command with; `undefined` for a fault of a whole request. */
function textOf(fault: Fault): string | undefined {
  return fault.fault === 'error' ? fault.text : texts[fault.fault]
}

/** Whether the request gets to Redis, though its caller hears nothing. */
function isExecuted(fault: Fault): boolean {
  return fault.fault === 'lose' || (fault.fault === 'silence' && fault.executed === true)
}

/** Nothing was executed then; the script comes again, as text. */
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
