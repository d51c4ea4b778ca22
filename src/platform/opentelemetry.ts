/**
 * Spans of OpenTelemetry for what a cache does.
 *
 * @module
 */
import type { Trace } from '../trace.ts'

/** What is needed of a span of `@opentelemetry/api`. */
export interface OtelSpan {
  setAttributes(attributes: Record<string, string | number | boolean>): unknown
  setStatus(status: { code: number }): unknown
  end(): void
}

/** What is needed of a tracer of `@opentelemetry/api`. */
export interface OtelTracer {
  startActiveSpan<T>(
    name: string,
    options: { kind: number; attributes: Record<string, string | number | boolean> },
    run: (span: OtelSpan) => T,
  ): T
}

// SpanKind and SpanStatusCode of @opentelemetry/api, whose numbers are part of its interface.
const kinds = { internal: 0, client: 2 } as const
const failed = { code: 2 } as const

/**
 * Makes spans of what a cache does, for the `trace` option: one for each `get`, `getOrCreate` and `set`, the same of many keys,
 * `remove`, `expire`, `removeByTag`, `expireByTag` and `clear` (`cache.get`, …), unless it is a hit in L1 of `get` or `getOrCreate`
 * without `schema` and `eager`; for each factory (`cache.factory`); and for each request to Redis, which is all that scripts, atomic
 * operations, locks and rate limits have. Requests go by the conventions for database clients (`db.system.name`,
 * `db.operation.name`, `db.operation.batch.size`, `db.stored_procedure.name`, `db.response.status_code`, `error.type`). There are
 * none for caches: `cache.operation`, `cache.hit`, `cache.level`, `cache.stale`, `cache.joined`, `cache.keys`, `cache.hits`,
 * `cache.background` are this library's. Spans nest by the context manager that your application has set up. They hold no key,
 * value, URL, token or message of an error.
 *
 * Takes a tracer of `@opentelemetry/api`, which this package does not depend on.
 *
 * @example
 * ```ts
 * import { createHybridCache } from 'hybrid-cache'
 * import { openTelemetry, type OtelTracer } from 'hybrid-cache/opentelemetry'
 *
 * declare const tracer: OtelTracer // trace.getTracer('shop') of @opentelemetry/api
 * const cache = createHybridCache({ trace: openTelemetry(tracer) })
 * ```
 */
export function openTelemetry(tracer: OtelTracer): Trace {
  if (typeof (tracer as Partial<OtelTracer> | undefined)?.startActiveSpan !== 'function')
    throw new TypeError('openTelemetry takes a tracer: trace.getTracer(name) of @opentelemetry/api')
  return ({ name, kind, attributes }, run) =>
    tracer.startActiveSpan(name, { kind: kinds[kind], attributes: { ...attributes } }, async (span) => {
      try {
        await run((more) => {
          span.setAttributes({ ...more })
          if ('error.type' in more) span.setStatus(failed)
        })
      } catch {
        // It is the caller's, who gets it from the cache.
      } finally {
        span.end()
      }
    })
}
