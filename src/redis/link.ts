import { CacheError, type CacheErrorCode, isCacheError, networkError } from '../errors.ts'
import type { Clock } from '../runtime.ts'
import type { L2Stats } from '../stats.ts'
import { Call, type CallOptions, splitBatch } from './batch.ts'
import type { Breaker } from './breaker.ts'
import { sleep, withDeadline } from './deadline.ts'
import { merge, unmerge } from './merge.ts'
import type { Command, RedisReplyError, Reply, Transport } from './transport.ts'
import { type Onlookers, watched } from './watch.ts'

export interface LinkSettings {
  /** Milliseconds that one request may take, its retries included. */
  readonly timeout: number
  /** How often a request that failed in transit is sent again, if all its commands may run twice. */
  readonly retries: number
}

/** What a link works with, and whom it notifies of its requests. */
export interface LinkParts extends Onlookers {
  readonly stats: L2Stats
  readonly breaker?: Breaker | undefined
}

const retryDelay = 50
// The reason for ending a request that no caller waits for any more. It is never seen.
const abandoned = 'abandoned'

/**
 * Commands that are issued in the same tick share one request, in order; a request has a deadline, and is retried only if that can
 * do no harm.
 */
export class Link {
  readonly #transport: Transport
  readonly #settings: LinkSettings
  readonly #clock: Clock
  readonly #stats: L2Stats
  readonly #breaker: Breaker | undefined
  readonly #onlookers: Onlookers
  #queue: Call[] = []

  constructor(transport: Transport, settings: LinkSettings, parts: LinkParts) {
    this.#transport = transport
    this.#settings = settings
    this.#clock = parts.clock
    this.#stats = parts.stats
    this.#breaker = parts.breaker
    this.#onlookers = parts
  }

  /** Rejects with a `CacheError`, or with the reason of `signal`. */
  send(command: Command, options: CallOptions): Promise<Reply> {
    const call = new Call(command, options)
    if (this.#queue.push(call) === 1) void this.#flushSoon()
    return call.reply as Promise<Reply>
  }

  /** The same, but an error reply of Redis is a value: for callers that can handle it. */
  ask(command: Command, options: CallOptions): Promise<Reply | RedisReplyError> {
    return this.send(command, { ...options, raw: true })
  }

  async #flushSoon(): Promise<void> {
    // Two turns of the microtask queue: what a caller issues after awaiting a settled promise joins, too.
    await undefined
    await undefined
    const calls = this.#queue
    this.#queue = []
    const batches = splitBatch(calls)
    const timer = batches.length > 1 ? this.#limitReads(batches.slice(1).flat()) : undefined
    let failure: CacheError | undefined
    for (const batch of batches) {
      this.#leaveBehind(batch)
      const waiting = batch.filter((call) => call.waiting)
      // If one ran into the deadline, so would the next, and a caller would wait for both.
      if (failure?.code === 'L2_TIMEOUT') failAll(waiting, failure)
      else if (waiting.length > 0) failure = await this.#deliver(waiting, calls)
    }
    if (timer !== undefined) this.#clock.clearTimeout(timer)
  }

  /**
   * However many requests come before theirs, reads wait for one deadline, and then give up, which says nothing about Redis; writes
   * wait for their turn.
   */
  #limitReads(calls: readonly Call[]): unknown {
    const reads = calls.filter((call) => call.reads)
    const { timeout } = this.#settings
    return this.#clock.setTimeout(() => {
      for (const call of reads) call.giveUp(requestTimedOut(timeout))
    }, timeout)
  }

  /** Drops calls whose `leaveBy` has passed: earlier requests have taken too long. That says nothing about Redis. */
  #leaveBehind(batch: readonly Call[]): void {
    const now = this.#clock.monotonic()
    for (const call of batch) if (now >= call.leaveBy) call.fail(requestTimedOut(this.#settings.timeout))
  }

  /**
   * Never rejects: every call of the batch gets its own outcome. Resolves to the error if the whole request failed, or was not sent.
   * `tick`: all calls that were issued together with those of the batch.
   */
  async #deliver(batch: readonly Call[], tick: readonly Call[]): Promise<CacheError | undefined> {
    const ticket = this.#breaker?.enter() ?? 0
    if (typeof ticket !== 'number') return failAll(batch, ticket)
    const request = withDeadline((signal) => this.#attempt(batch, signal), {
      ms: this.#settings.timeout,
      clock: this.#clock,
      late: () => requestTimedOut(this.#settings.timeout),
    })
    // What only goes along may be needed by others of the tick, whose own request is yet to leave.
    const others = batch.every(({ counts }) => counts) ? batch : tick.filter(({ counts }) => counts)
    let left = others.length
    const leave = (): void => {
      if (--left === 0) request.end(abandoned)
    }
    for (const call of others) call.onLeave(leave)
    try {
      const refused = settleAll(batch, await request.outcome)
      this.#breaker?.leave(ticket, refused)
      return undefined
    } catch (error) {
      const failure = toCacheError(error)
      if (error === abandoned) this.#breaker?.abandon(ticket)
      else {
        this.#stats.errors++
        this.#breaker?.leave(ticket, failure.code)
      }
      return failAll(batch, failure)
    }
  }

  async #attempt(batch: readonly Call[], signal: AbortSignal): Promise<readonly (Reply | RedisReplyError)[]> {
    const sent = merge(batch)
    const commands = sent.map(({ command }) => command)
    const idempotent = batch.every((call) => call.idempotent)
    const procedure = batch.length === 1 ? batch[0]?.procedure : undefined
    for (let retry = 0; ; retry++) {
      this.#stats.requests++
      this.#stats.commands += commands.length
      try {
        const options = { signal, idempotent, binary: batch[0]?.binary ?? false }
        const replies = await watched(this.#onlookers, { commands, procedure, retry }, async () =>
          checked(await this.#transport.send(commands, options), commands.length),
        )
        return unmerge(sent, replies)
      } catch (error) {
        const again =
          idempotent && retry < this.#settings.retries && toCacheError(error).code === 'L2_NETWORK'
        if (!again) throw error
      }
      signal.throwIfAborted()
      await sleep(retryDelay * 2 ** retry * Math.random(), this.#clock, signal)
    }
  }
}

/**
 * Returns the code if a quota refused a command: that counts as no answer, as it refuses all others, too. Any other error is an
 * answer, and that of a script may only look like one.
 */
function settleAll(
  batch: readonly Call[],
  replies: readonly (Reply | RedisReplyError)[],
): CacheErrorCode | undefined {
  let refused: CacheErrorCode | undefined
  for (const [i, call] of batch.entries()) {
    const code = call.settle(replies[i] ?? null)
    if (code === 'L2_RATE_LIMITED') refused = code
  }
  return refused
}

function failAll(batch: readonly Call[], failure: CacheError): CacheError {
  for (const call of batch) call.fail(failure)
  return failure
}

/** The error at the deadline of a wait for Redis; `option` names the option that set it. */
export function requestTimedOut(ms: number, option = 'l2.timeout'): CacheError {
  return new CacheError('L2_TIMEOUT', `Redis did not answer within ${ms} ms (${option})`, {
    retryable: true,
  })
}

function checked<T>(replies: readonly T[], count: number): readonly T[] {
  if (Array.isArray(replies) && replies.length === count) return replies
  throw new CacheError('L2_REPLY', 'the transport did not return one reply per command', { retryable: true })
}

function toCacheError(error: unknown): CacheError {
  return isCacheError(error) ? error : networkError('the request to Redis failed')
}
