import type { CacheError, CacheErrorCode } from '../errors.ts'
import { toReplyError } from './reply-error.ts'
import { type Command, RedisReplyError, type Reply } from './transport.ts'

export interface CallOptions {
  /** Whether the command may run twice. */
  readonly idempotent: boolean
  /** Nothing is written. */
  readonly reads?: boolean
  /** A `GET` that may become part of an `MGET`, for which a key of another type is no error, but empty. */
  readonly mergeable?: boolean
  /** Until when its request may be sent, by the monotonic clock: later it could do harm. Default: no limit. */
  readonly leaveBy?: number
  readonly signal?: AbortSignal | undefined
  /** Whether it only accompanies other calls of its tick: its request ends when no caller waits for those any more. Evaluated as it leaves. */
  readonly aside?: () => boolean
  /** Resolves to an error of Redis as it is, instead of rejecting with one that is safe to show. */
  readonly raw?: boolean
  /** Wants strings as bytes: shares a request only with others that do. */
  readonly binary?: boolean
  /** The name of the script that the command runs. */
  readonly procedure?: string
}

/** One command in flight, and the caller that waits for it. */
export class Call {
  readonly command: Command
  readonly idempotent: boolean
  readonly reads: boolean
  readonly mergeable: boolean
  readonly leaveBy: number
  readonly binary: boolean
  readonly procedure: string | undefined
  readonly reply: Promise<Reply | RedisReplyError>
  readonly #raw: boolean
  readonly #aside: (() => boolean) | undefined
  readonly #signal: AbortSignal | undefined
  #resolve!: (reply: Reply | RedisReplyError) => void
  #reject!: (error: unknown) => void
  #settled = false
  #onLeave: (() => void) | undefined

  constructor(command: Command, options: CallOptions) {
    const { idempotent, reads, mergeable, leaveBy, signal, aside, binary, raw, procedure } = options
    this.command = command
    this.idempotent = idempotent
    this.reads = reads ?? false
    this.mergeable = mergeable ?? false
    this.leaveBy = leaveBy ?? Infinity
    this.#aside = aside
    this.binary = binary ?? false
    this.procedure = procedure
    this.#raw = raw ?? false
    this.#signal = signal
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    if (signal?.aborted) this.#leave()
    else signal?.addEventListener('abort', this.#leave)
  }

  /** Whether its caller still waits for the reply. */
  get waiting(): boolean {
    return !this.#settled
  }

  /** Whether its caller still waits, and its request is made for it. */
  get counts(): boolean {
    return this.waiting && this.#aside?.() !== true
  }

  /** `listener` is called when the caller has given up. */
  onLeave(listener: () => void): void {
    this.#onLeave = listener
  }

  /** Returns the error code of an error reply, unless the caller is to judge it. */
  settle(reply: Reply | RedisReplyError): CacheErrorCode | undefined {
    if (reply instanceof RedisReplyError && !this.#raw) {
      const error = toReplyError(reply.message)
      this.fail(error)
      return error.code
    }
    if (this.#finish()) this.#resolve(reply)
    return undefined
  }

  fail(error: CacheError): void {
    if (this.#finish()) this.#reject(error)
  }

  /** Its caller stops waiting. */
  giveUp(reason: unknown): void {
    if (!this.#finish()) return
    this.#reject(reason)
    this.#onLeave?.()
  }

  readonly #leave = (): void => this.giveUp(this.#signal?.reason)

  #finish(): boolean {
    if (this.#settled) return false
    this.#settled = true
    this.#signal?.removeEventListener('abort', this.#leave)
    return true
  }
}

// Well below what the server accepts in one request (10 MB, and JSON takes at most six bytes per character), and what one client
// sends in one batch (1,000).
const maxCommands = 1000
const maxCharacters = 1.5 * 2 ** 20

/** Splits what was issued in one tick into requests that the server accepts, in order. */
export function splitBatch(calls: readonly Call[]): Call[][] {
  const batches: Call[][] = []
  let batch: Call[] = []
  let size = 0
  for (const call of calls) {
    const length = lengthOf(call.command)
    const full = batch.length === maxCommands || size + length > maxCharacters
    if (batch.length > 0 && (full || batch[0]?.binary !== call.binary)) {
      batches.push(batch)
      batch = []
      size = 0
    }
    batch.push(call)
    size += length
  }
  if (batch.length > 0) batches.push(batch)
  return batches
}

function lengthOf(command: Command): number {
  return command.reduce<number>((sum, part) => sum + (typeof part === 'string' ? part.length : 8), 0)
}
