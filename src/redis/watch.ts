import { type CacheErrorCode, isCacheError } from '../errors.ts'
import type { Clock } from '../runtime.ts'
import { type Note, type Trace, traced, type TraceSpan } from '../trace.ts'
import { errorKind } from './reply-error.ts'
import { type Command, RedisReplyError, type Reply } from './transport.ts'

type Replies = readonly (Reply | RedisReplyError)[]

/** How one HTTP request ended. `retry`: how often it had been sent before. */
export interface RequestReport {
  readonly commands: number
  readonly duration: number
  readonly retry: number
  readonly ok: boolean
  readonly code?: CacheErrorCode
}

/** Who is notified of requests. */
export interface Onlookers {
  readonly clock: Clock
  readonly trace?: Trace | undefined
  readonly onRequest?: ((report: RequestReport) => void) | undefined
}

/** One request that is about to be sent. */
export interface Outgoing {
  readonly commands: readonly Command[]
  /** The script that is run, if that is its only command. */
  readonly procedure: string | undefined
  readonly retry: number
}

/** Sends a request, and reports it: by a span while it lasts, by a `RequestReport` when it has ended. */
export async function watched(
  { clock, trace, onRequest }: Onlookers,
  outgoing: Outgoing,
  send: () => Promise<Replies>,
): Promise<Replies> {
  const started = clock.monotonic()
  const tell = (ok: boolean, code?: CacheErrorCode): void => {
    const { commands, retry } = outgoing
    onRequest?.({
      commands: commands.length,
      retry,
      duration: clock.monotonic() - started,
      ok,
      ...(code && { code }),
    })
  }
  try {
    const replies = await (trace === undefined
      ? send()
      : traced(trace, requestSpan(outgoing), async (note) => withStatus(await send(), note)))
    tell(true)
    return replies
  } catch (error) {
    tell(false, codeOf(error))
    throw error
  }
}

/** None if no caller waited any more. */
function codeOf(error: unknown): CacheErrorCode | undefined {
  if (isCacheError(error)) return error.code
  return error instanceof Error ? 'L2_NETWORK' : undefined
}

/** By OpenTelemetry's conventions for Redis: many commands are a `PIPELINE`, with the command's name if they are all the same. */
function requestSpan({ commands, procedure, retry }: Outgoing): TraceSpan {
  const [first, ...rest] = commands.map(([command]) => command)
  const isUniform = rest.every((command) => command === first)
  const single = String(first)
  const name = rest.length === 0 ? single : isUniform ? `PIPELINE ${single}` : 'PIPELINE'
  return {
    name,
    kind: 'client',
    attributes: {
      'db.system.name': 'redis',
      'db.operation.name': name,
      ...(rest.length > 0 && { 'db.operation.batch.size': commands.length }),
      ...(procedure !== undefined && { 'db.stored_procedure.name': procedure }),
      ...(retry > 0 && { 'http.request.resend_count': retry }),
    },
  }
}

/** Only the kind of an error reply is shown: the rest may repeat what was sent. */
function withStatus(replies: Replies, note: Note): Replies {
  const [reply] = replies
  if (replies.length === 1 && reply instanceof RedisReplyError) {
    const kind = errorKind(reply.message)
    note({ 'db.response.status_code': kind, 'error.type': kind })
  }
  return replies
}
