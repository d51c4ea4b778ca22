import { isCacheError } from './errors.ts'
import type { Operation } from './events.ts'

/** What a span says of itself, by the names of OpenTelemetry where it has some. Never a key, a value, a URL or a token. */
export type TraceAttributes = Readonly<Record<string, string | number | boolean>>

/** A stretch of work that is about to begin. */
export interface TraceSpan {
  /** `cache.get` and so on; `cache.factory`; the command of a request to Redis, or `PIPELINE`. */
  readonly name: string
  /** `client` for a request to Redis, `internal` for everything else. */
  readonly kind: 'client' | 'internal'
  readonly attributes: TraceAttributes
}

/** Says more of a span, while it lasts. */
export type Note = (attributes: TraceAttributes) => void

/**
 * Follows the work of a cache: it is to call `run` at once, whose promise settles when the work has ended, and may wrap it in a
 * context of its own. What it returns or throws changes nothing. See `hybrid-cache/opentelemetry`.
 */
export type Trace = (span: TraceSpan, run: (note: Note) => Promise<unknown>) => unknown

const silent: Note = () => undefined

/** Runs work under a span, exactly once, whatever the hook does. Where there is no hook nothing is added to it. */
export function traced<T>(
  trace: Trace | undefined,
  span: TraceSpan,
  run: (note: Note) => Promise<T>,
): Promise<T> {
  if (trace === undefined) return run(silent)
  let work: Promise<T> | undefined
  const once = (note: Note): Promise<T> => (work ??= noting(note, run))
  try {
    const outcome: unknown = trace(span, once)
    if (outcome instanceof Promise) outcome.catch(() => undefined)
  } catch {
    // An onlooker: its failure must not become the cache's.
  }
  return work ?? once(silent)
}

/** The same for an operation of a cache. */
export function tracedOperation<T>(
  trace: Trace | undefined,
  operation: Operation,
  run: (note: Note) => Promise<T>,
): Promise<T> {
  if (trace === undefined) return run(silent)
  const attributes = { 'cache.operation': operation }
  return traced(trace, { name: `cache.${operation}`, kind: 'internal', attributes }, run)
}

async function noting<T>(note: Note, run: (note: Note) => Promise<T>): Promise<T> {
  const safely: Note = (attributes) => {
    try {
      note(attributes)
    } catch {
      // As above.
    }
  }
  try {
    return await run(safely)
  } catch (error) {
    safely({ 'error.type': errorType(error) })
    throw error
  }
}

/** What kind of an error it is; its message may say more than a trace is to know. */
export function errorType(error: unknown): string {
  if (isCacheError(error)) return error.code
  return error instanceof Error ? error.name : '_OTHER'
}
