import { isCacheError } from './errors.ts'
import type { Operation } from './events.ts'

/** The attributes of a span, by OpenTelemetry's names where it has some. Never a key, a value, a URL or a token. */
export type TraceAttributes = Readonly<Record<string, string | number | boolean>>

/** A span that is about to begin. */
export interface TraceSpan {
  /** `cache.get` and so on; `cache.factory`; the command of a request to Redis, or `PIPELINE`. */
  readonly name: string
  /** `client` for a request to Redis, `internal` for everything else. */
  readonly kind: 'client' | 'internal'
  /** What is known when it begins; more may follow by a {@link Note}. */
  readonly attributes: TraceAttributes
}

/** Adds attributes to a span, while it lasts. */
export type Note = (attributes: TraceAttributes) => void

/**
 * A tracing hook. It must call `run` at once, whose promise settles when the work has ended, and may do so within a context of its
 * own. What it returns or throws is ignored. See `hybrid-cache/opentelemetry`.
 */
export type Trace = (span: TraceSpan, run: (note: Note) => Promise<unknown>) => unknown

const silent: Note = () => undefined

/** Runs work under a span, exactly once, whatever the hook does. Without a hook nothing is added to it. */
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
    // A hook only observes: its failure must not become the cache's.
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

/** The kind of an error, without its message: that may say more than belongs into a trace. */
export function errorType(error: unknown): string {
  if (isCacheError(error)) return error.code
  return error instanceof Error ? error.name : '_OTHER'
}
